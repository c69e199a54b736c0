public import Encodings
public import Policy

/// What is to be known about something taken over from opkssh, or left behind.
public enum OpksshReason: Error, Equatable, Sendable {
    case row(Row)
    case lifetime(Lifetime)
    case client(Client)
    case email(Email)
    case claim(Claim)
    case entry(Entry)
    case setting(Setting)
    case file(File)

    /// What a reason amounts to.
    struct Facts {
        let code: String
        let outcome: OpksshOutcome
        let why: String
        var advice: String?
    }

    var facts: Facts {
        switch self {
        case .row(let reason): reason.facts
        case .lifetime(let reason): reason.facts
        case .client(let reason): reason.facts
        case .email(let reason): reason.facts
        case .claim(let reason): reason.facts
        case .entry(let reason): reason.facts
        case .setting(let reason): reason.facts
        case .file(let reason): reason.facts
        }
    }

    /// A word for programs.
    public var code: String { facts.code }

    /// How what it is about fares.
    public var outcome: OpksshOutcome { facts.outcome }

    /// What to do about it, in a sentence or two; `nil` where there is nothing.
    public var advice: String? { facts.advice }
}

extension OpksshReason: CustomStringConvertible {
    /// Why, without a full stop.
    public var description: String { facts.why }
}

// MARK: - Any line

extension OpksshReason {
    /// About a line of a table, whatever it says.
    public enum Row: Equatable, Sendable {
        case columns(Int)
        case notUTF8
        case byteOrderMark
        case tooLong(limit: Int)

        var facts: Facts {
            switch self {
            case .columns(let found):
                Facts(
                    code: "columns", outcome: .void,
                    why: "opkssh passes over a line that has not three columns; this one has \(found)",
                    advice: "A blank inside a column is written with a backslash before it.")
            case .notUTF8:
                Facts(
                    code: "not-utf8", outcome: .void,
                    why: "not UTF-8: opkssh puts marks in place of such bytes, and the line then means nobody")
            case .byteOrderMark:
                Facts(
                    code: "byte-order-mark", outcome: .void,
                    why: "opkssh takes the byte order mark for a part of the line's first column",
                    advice: "Should the line count, save the file without the mark and import it again.")
            case .tooLong(let limit):
                Facts(code: "too-long", outcome: .missing, why: "a line longer than \(limit) bytes is not looked at")
            }
        }
    }
}

// MARK: - providers

extension OpksshReason {
    /// About how long a provider's Keys live.
    public enum Lifetime: Equatable, Sendable {
        /// `oidc`
        case firstToken
        /// `oidc_refreshed`
        case refreshedTokens
        /// `never`
        case never
        case misspelt(Text)
        case unknown(Text)

        var facts: Facts {
            switch self {
            case .firstToken:
                Facts(
                    code: "renewed-beyond-first-token", outcome: .looser,
                    why: "Keys that are renewed with a newer ID token live until that one ends, for at most 1 h after "
                        + "the sign-in; in opkssh they end with the first token",
                    advice:
                        "To have it as it was, set renewable_for = \"1s\": then nobody can renew without signing in.")
            case .refreshedTokens:
                Facts(
                    code: "renewal-bounded", outcome: .stricter,
                    why: "Keys can be renewed for 24 h after the sign-in; in opkssh for as long as the provider gives "
                        + "ID tokens",
                    advice: "renewable_for sets another bound.")
            case .never:
                Facts(
                    code: "never-bounded", outcome: .stricter,
                    why: "Keys without an end are not to be had: these end 7 days after the sign-in, the longest that "
                        + "opkssh itself has besides",
                    advice: "keys_lifetime and renewable_for set another end. Better a short one, and Keys that renew "
                        + "themselves.")
            case .misspelt(let expiry):
                Facts(
                    code: "expiry-misspelt", outcome: .note,
                    why: "opkssh's own programs do not know \(quoted(expiry)) and then let nobody in; taken as "
                        + "\"oidc_refreshed\"")
            case .unknown(let expiry):
                Facts(
                    code: "expiry-unknown", outcome: .missing,
                    why: "opkssh has no expiry \(quoted(expiry)), and with such a line lets nobody in by any provider",
                    advice: "Add the provider by hand, with the keys_lifetime that you want.")
            }
        }
    }

    /// About a client at a provider.
    public enum Client: Equatable, Sendable {
        case ofProject
        case ofJobs
        case again(firstLine: Int)
        case sameAgain(firstLine: Int)
        case refused(PolicyError.Reason)

        var facts: Facts {
            switch self {
            case .ofProject:
                Facts(
                    code: "client-of-opkssh", outcome: .note,
                    why: "this client id is registered by the opkssh project; other programs and hosts take it too",
                    advice: "Register a client of your own, and change client_ids and people's programs to it.")
            case .ofJobs:
                Facts(
                    code: "provider-of-jobs", outcome: .missing,
                    why: "tokens of CI jobs bind the key by their audience or by a GQ signature, not by a nonce, and "
                        + "only by a nonce can it be verified here",
                    advice: "Let the jobs in by certificates of a CA of your own, or leave them to opkssh.")
            case .again(let first):
                Facts(
                    code: "client-twice", outcome: .missing,
                    why: "line \(first) has the same client id at the same issuer with another expiry, and that one "
                        + "counts",
                    advice: "Correct keys_lifetime in pair.toml where this one was meant.")
            case .sameAgain(let first):
                Facts(code: "client-repeated", outcome: .void, why: "line \(first) says the same")
            case .refused(let reason):
                Facts(code: "provider-refused", outcome: .missing, why: "pair.toml cannot hold it: \(reason)")
            }
        }
    }
}

// MARK: - auth_id, beside the identity

extension OpksshReason {
    /// About a line of a policy file, whomever it means.
    public enum Entry: Equatable, Sendable {
        case loginDenied(Text)
        case loginOfOther(owner: String)
        case issuerAlias(Text, issuer: Text)
        case issuerUnknown(Text)
        case providerMissing(line: Int)
        case controlCharacter
        case refused(PolicyError.Reason)

        var facts: Facts {
            switch self {
            case .loginDenied(let login):
                Facts(
                    code: "login-denied", outcome: .void,
                    why: "opkssh lets nobody in as \(quoted(login)), who is in deny_users")
            case .loginOfOther(let owner):
                Facts(
                    code: "login-of-other", outcome: .void,
                    why: "in a file of \(quoted(owner))'s home opkssh passes over lines for other logins")
            case .issuerAlias(let alias, let issuer):
                Facts(
                    code: "issuer-alias", outcome: .void,
                    why: "opkssh compares the issuer as it stands, and no token's is \(quoted(alias)): the short names "
                        + "are for `opkssh add` alone",
                    advice: "Should the line count, write \(quoted(issuer)) and import it again.")
            case .issuerUnknown(let issuer):
                Facts(
                    code: "issuer-unknown", outcome: .void,
                    why: "no line of providers has the issuer \(quoted(issuer)), byte for byte, so that opkssh lets "
                        + "nobody in by it")
            case .providerMissing(let line):
                Facts(
                    code: "provider-missing", outcome: .missing,
                    why: "its provider, line \(line) of providers, was not taken over")
            case .controlCharacter:
                Facts(
                    code: "control-character", outcome: .missing,
                    why: "it has a character that controls how text is shown, and would look like another line")
            case .refused(let reason):
                Facts(code: "line-refused", outcome: .missing, why: "members cannot hold it: \(reason)")
            }
        }
    }
}
