public import AccessLog
internal import Administration
public import Decision
public import Encodings
internal import HostFiles
internal import Policy

/// What a refusal of the access log was about, how it would be decided today, and what to change.
public struct Explanation: Sendable {
    /// Something to do, in a sentence, and the command for it where there is one.
    public struct Change: Sendable, Equatable {
        /// A full sentence.
        public let text: String
        /// For a shell; what the admin has to fill in is in capitals.
        public let command: String?

        init(_ text: String, _ command: String? = nil) {
            self.text = text
            self.command = command
        }
    }

    /// What surrounds a record.
    public struct Surroundings: Sendable {
        let configurationPath: String
        let uid: UInt32?
        let acceptedSince: UnixTime?
        let now: UnixTime

        /// - Parameters:
        ///   - configurationPath: Where pair.toml is.
        ///   - uid: The login's, `nil` where the machine has no such user.
        ///   - acceptedSince: When the same person or key was let in as the same login afterwards; `nil` for never.
        ///   - now: The present.
        public init(configurationPath: String, uid: UInt32?, acceptedSince: UnixTime?, now: UnixTime) {
            self.configurationPath = configurationPath
            self.uid = uid
            self.acceptedSince = acceptedSince
            self.now = now
        }
    }

    /// The record.
    public let entry: AccessEntry
    /// How it would be decided today, as far as the record tells; `nil` where the policy cannot be read.
    public let standing: Standing?
    /// When the same person or key was let in as the same login afterwards.
    public let acceptedSince: UnixTime?
    /// What to do, the first thing first.
    public private(set) var changes: [Change] = []
    /// The command that shows every check, once FILE is the key or certificate.
    public let fullAnswer: String

    private let policy: TodaysPolicy?
    private let option: String

    /// Explains a record of a refusal or a fault.
    /// - Parameters:
    ///   - entry: The record.
    ///   - policy: What the host decides by now; `nil` where that cannot be read.
    ///   - surroundings: What else is known.
    public init(of entry: AccessEntry, by policy: TodaysPolicy?, in surroundings: Surroundings) {
        self.entry = entry
        self.policy = policy
        acceptedSince = surroundings.acceptedSince
        standing = policy?.standing(of: entry, uid: surroundings.uid, at: surroundings.now)
        option =
            surroundings.configurationPath == HostFacts.standardConfiguration
            ? "" : " --config \(shellQuoted(surroundings.configurationPath))"
        let uid = surroundings.uid.map { " --uid \($0)" } ?? ""
        fullAnswer =
            "pair-authkeys --user \(entry.login.map(word) ?? "LOGIN")\(uid) --key @FILE --explain\(option)"
        if surroundings.uid == nil, let login = entry.login {
            changes.append(
                Change(
                    "This machine has no user \(quoted(login)): sshd lets nobody in as that.",
                    "useradd --create-home --shell /bin/bash --password '*' \(word(login))"))
        }
        changes += self.changesToMake
    }

    /// The code of the record, as one that this version knows.
    public var reason: Reason? { Reason.allCases.first { Text($0.rawValue) == entry.reason } }

    /// The code of a fault.
    public var fault: Fault.Code? { Fault.Code.allCases.first { Text($0.rawValue) == entry.reason } }

    /// Whether the record is about the key or certificate as such, whoever it is.
    private var isAboutCredential: Bool {
        guard let reason else { return false }
        return !Self.reasonsOfPolicy.contains(reason)
    }

    private static let reasonsOfPolicy: [Reason] = [
        .revokedIdentity, .revokedKey, .revokedCert, .denied, .denyUndecidable, .notAMember, .loginNotGranted,
        .loginUID,
        .grantExpired, .caUnknown, .serviceNotGranted, .adminNotGranted, .keyUnknown, .providerUnknown,
    ]

    private static let reasonsOfKeySet: [Reason] = [
        .keysetMissing, .keysetMalformed, .keysetFuture, .keysetStale, .kidUnknown,
    ]

    // MARK: - What to change

    private var changesToMake: [Change] {
        if fault != nil {
            return [
                Change(
                    "The host could not judge anybody: see what it was, and whether it still is.",
                    "pair host doctor\(option)")
            ]
        }
        guard let reason else {
            return [Change("This version does not know the code; docs/reasons.md of a newer one does.")]
        }
        var changes: [Change] = []
        if isAboutCredential {
            changes.append(
                Self.reasonsOfKeySet.contains(reason)
                    ? Change(reason.advice, "pair host refresh\(entry.provider.map { " \(word($0))" } ?? "")\(option)")
                    : Change(reason.advice))
        }
        switch standing {
        case .refused(let today, _): changes += self.changes(for: today)
        case .letIn where !isAboutCredential:
            changes.append(Change("It was mended since: have them try again."))
            // A record does not keep whether an address is verified.
            if reason == .notAMember, entry.email != nil, let allow = allow(bySubject: true) {
                changes.append(
                    Change(
                        "If they are refused again, their provider does not say that the address is verified:", allow))
            }
        case .letIn: break
        case .uncertain, .nobody, nil: if !isAboutCredential { changes += self.changes(for: reason) }
        }
        return changes
    }

    private func changes(for reason: Reason) -> [Change] {
        if [.notAMember, .loginNotGranted, .loginUID].contains(reason), let allow = allow(bySubject: false) {
            return [Change("If they may enter:", allow)]
        }
        if reason == .grantExpired, let allow = allow(bySubject: false, until: true) {
            return [Change("If they may enter still:", allow)]
        }
        if reason == .denied, let name = policy?.deny(of: entry).flatMap(plain) {
            return [Change("If they may enter again:", "pair spaces remove --deny \(name)\(option)")]
        }
        if [.revokedIdentity, .revokedKey, .revokedCert].contains(reason) {
            return [
                Change("If they may enter again, take that line out of \(shown(policy?.revokedPath ?? "revoked")).")
            ]
        }
        if reason == .caUnknown {
            let services = service.map { " --services \($0)" } ?? ""
            let ca = entry.ca.map { ", whose fingerprint is \(quotedIfNeeded($0.string))" } ?? ""
            return [
                Change("If the CA is to be trusted\(ca):", "pair accounts add-ca ACCOUNT CA.pub\(services)\(option)")
            ]
        }
        if reason == .keyUnknown {
            return [Change("If the key is to enter everywhere:", "pair accounts add-key ACCOUNT KEY.pub\(option)")]
        }
        return reason == .serviceNotGranted ? [changeOfService] : [Change(reason.advice)]
    }

    private var changeOfService: Change {
        guard let service, let login = entry.login else {
            let login = entry.login.map { quoted($0) } ?? "the login"
            return Change(
                "Put \(login) into logins of a [[service]] in pair.toml; people with Keys are granted it in members.")
        }
        return Change(
            "\(quotedIfNeeded(login.string)) is a login of \(service): sign for that, with a CA that may grant it.",
            "ssh-keygen -s CA -I \(entry.keyID.flatMap(plain) ?? "WHO") -n \(service) -V +8h KEY.pub")
    }

    /// The service of the login.
    private var service: String? {
        entry.login.flatMap { login in policy?.configuration.service(ofLogin: login.string)?.name }
    }

    private func allow(bySubject isBySubject: Bool, until: Bool = false) -> String? {
        guard let login = entry.login, let provider = entry.provider else { return nil }
        let identity: Text
        if let email = entry.email, !isBySubject, IdentityPattern(email) != nil, plain(email) != nil {
            identity = email
        } else if let subject = entry.subject {
            identity = Text("sub:" + subject.string)
        } else {
            return nil
        }
        guard let who = plain(identity) else { return nil }
        return
            "pair spaces allow \(who) --provider \(word(provider)) --login \(word(login))\(until ? " --until +30d" : "")\(option)"
    }
}

/// Text from outside as a word for a shell; `nil` where a terminal might obey it.
private func plain(_ text: Text) -> String? {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && !text.isEmpty ? shellQuoted(text.string) : nil
}

private func word(_ text: Text) -> String { plain(text) ?? "…" }

extension TodaysPolicy {
    /// Whom the deny names that means the person of a record.
    func deny(of entry: AccessEntry) -> Text? {
        let known =
            (entry.subject.map { [IdentityPattern.subject($0)] } ?? [])
            + (entry.email.map { [IdentityPattern.email($0.asciiLowercased)] } ?? [])
        return members.entries.first { candidate in
            candidate.isDeny && (candidate.line.provider == nil || candidate.line.provider == entry.provider)
                && known.contains { candidate.line.identity.covers($0) }
        }?.line.identity.text
    }
}

// MARK: - For programs

extension Explanation {
    /// One object.
    public var json: JSON {
        var object = JSON.Object()
        object.add("record", .object(entry.members))
        switch standing {
        case .letIn(let by):
            object.add("today", "let-in")
            object.add("today_detail", by)
        case .refused(let reason, let detail):
            object.add("today", "refused")
            object.add("today_reason", reason.rawValue)
            object.add("today_detail", detail)
        case .uncertain(let detail):
            object.add("today", "uncertain")
            object.add("today_detail", detail)
        case .nobody, nil: object.add("today", "unknown")
        }
        object.add("accepted_since", acceptedSince?.rfc3339)
        object.add(
            "changes",
            .array(
                changes.map { change in
                    var one = JSON.Object()
                    one.add("text", change.text)
                    one.add("command", change.command)
                    return .object(one)
                }))
        object.add("full_answer", fullAnswer)
        return .object(object)
    }
}
