public import Encodings

extension OpksshReason {
    /// About a setting of `config.yml`, or a plugin.
    public enum Setting: Equatable, Sendable {
        case emailAbsent
        case emailBeyondASCII
        case notAddress
        case starIsLetter
        case deniedLogin(Text)
        case environment
        case cache
        case unknown(Text)
        case plugin

        var facts: Facts {
            switch self {
            case .emailAbsent:
                Facts(
                    code: "deny-undecidable", outcome: .stricter,
                    why: "whoever's token has no e-mail is refused too, as it could be this one",
                    advice: "Have every client ask for the scope email, or deny by sub:.")
            case .emailBeyondASCII:
                Facts(
                    code: "deny-beyond-ascii", outcome: .looser,
                    why: "of letters beyond ASCII small and capital ones count as different; to opkssh they are alike",
                    advice: "Add a line for each way in which a token may have it, or deny by sub:.")
            case .notAddress:
                Facts(
                    code: "deny-not-address", outcome: .missing, why: "only an e-mail can be denied here",
                    advice: "Deny the person by sub: or claim:, in members or in revoked.")
            case .starIsLetter:
                Facts(
                    code: "deny-star", outcome: .void,
                    why: "a star is a letter like others to opkssh, which refuses nobody by this",
                    advice: "To deny a whole domain write the line: * *@DOMAIN * deny.")
            case .deniedLogin(let login):
                Facts(
                    code: "deny-login", outcome: .looser,
                    why: "members has no deny for a login: lines for it are left out, and a line added later counts",
                    advice:
                        "`DenyUsers \(isPlainLogin(login) ? login.string : "LOGIN")` in sshd_config holds for "
                        + "every way in."
                )
            case .environment:
                Facts(
                    code: "environment", outcome: .missing,
                    why: "no variable is set for a decision, which asks nobody over the network",
                    advice: "A proxy or a CA file is set in the environment of `pair host refresh`.")
            case .cache:
                Facts(
                    code: "cache", outcome: .note,
                    why: "key sets are always kept on the host; max_key_set_age says how long they count")
            case .unknown(let name):
                Facts(code: "setting-unknown", outcome: .missing, why: "no setting here is like \(quoted(name))")
            case .plugin:
                Facts(
                    code: "plugin", outcome: .missing,
                    why: "no program of yours is asked for a decision; opkssh also lets in whomever a plugin allows",
                    advice: "Who may enter as the login named as their e-mail is the line: "
                        + "SPACE *@DOMAIN PROVIDER {email-local}.")
            }
        }

        private func isPlainLogin(_ login: Text) -> Bool {
            !login.isEmpty
                && login.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                        true
                    default: false
                    }
                }
        }
    }

    /// About a whole file.
    public enum File: Equatable, Sendable {
        case mode(found: UInt32, expected: UInt32)
        case absent
        case homesUnread
        case homeTaken(login: String)
        case homeRefused(String)
        case homeUnreadable(String)

        var facts: Facts {
            switch self {
            case .mode(let found, let expected):
                Facts(
                    code: "mode", outcome: .note,
                    why: "opkssh reads this file with mode \(String(expected, radix: 8)) only; it has "
                        + "\(String(found, radix: 8)), so that it may have had no effect")
            case .absent: Facts(code: "absent", outcome: .note, why: "no such file")
            case .homesUnread:
                Facts(
                    code: "homes-unread", outcome: .note, why: "people's own ~/.opk/auth_id were not looked at",
                    advice: "--homes takes them over.")
            case .homeTaken(let login):
                Facts(
                    code: "home-taken", outcome: .note,
                    why: "its lines are root's now: \(quoted(login)) can no longer add or take away any")
            case .homeRefused(let why):
                Facts(code: "home-refused", outcome: .void, why: "opkssh does not read it either: \(why)")
            case .homeUnreadable(let why):
                Facts(code: "home-unreadable", outcome: .missing, why: "not read: \(why)")
            }
        }
    }
}
