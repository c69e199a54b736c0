public import Encodings

/// Something about a host's files that somebody should look at.
public struct Finding: Sendable, Equatable {
    /// How much it matters.
    public enum Severity: String, Sendable, CaseIterable {
        /// Nobody enters, or nothing of what a line says holds.
        case error
        /// It holds, and is probably not what was meant.
        case warning
        /// Worth knowing.
        case note
    }

    /// The file, as the caller named it.
    public let file: String
    /// From 1; `nil` where the whole file is meant.
    public let line: Int?
    /// From 1; `nil` where the whole line is meant.
    public let column: Int?
    /// What was found.
    public let reason: Reason

    /// The finding `reason` at a place.
    public init(file: String, line: Int?, column: Int? = nil, reason: Reason) {
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason
    }

    /// How much it matters.
    public var severity: Severity { reason.severity }

    /// What there can be to find.
    public enum Reason: Sendable, Equatable {
        /// A host does not take the line, or the whole of pair.toml.
        case fault(String)
        /// The file cannot be used where or as it is.
        case file(String, mend: String)
        /// What the user of pair-authkeys cannot read.
        case unreadable(by: String, mend: String)
        case judgedAsYours

        // members
        case otherSpaceFault(space: Text, String)
        case providerPassedOver(Text)
        case spaceMalformed(Text)
        case spaceCase(Text, ours: String)
        case denySpaceUnused(Text)
        case duplicate(of: Int)
        case grantExpired(UnixTime)
        case grantDenied(by: Int)
        case grantShadowed(by: [Int])
        case loginsShadowed([Text], by: [Int])
        case loginUnknown(Text)
        case loginIsRoot(Text)
        case unixGroupUnasked(Text)
        case emailAtGoogle(domain: Text)
        case claimChosenByPerson(Text)
        case templateGivesSystemLogins([String], minimum: UInt32)
        case templateGivesServiceLogin(String, service: String)
        case groupsAtGoogle
        case denyWantsClaim(IdentityPatternKind, provider: Text?)
        case providerUnused(Text)

        // pair.toml
        case serviceLoginUnknown(String, service: String)
        case serviceLoginIsRoot(String, service: String)

        // accounts
        case noService
        case authorityUncapped(account: String)
        case capUnknown(String)
        case rsaShort(bits: Int)
        case keyWeak(String)
        case keyReachesAll(account: String)
        case keyRevoked(by: Int)

        // revoked
        case revokedBefore(line: Int)
        case authorityUnknown(String)
        case revokedEmailWantsClaim(provider: Text)

        /// Logins could not be looked up.
        case usersUnknown(String)
    }

    /// What a line asks a token for.
    public enum IdentityPatternKind: String, Sendable {
        case email = "an e-mail"
        case groups = "groups"
        case claim = "that claim"
    }
}

extension Finding.Reason {
    /// A name for programs, which stays as it is.
    public var code: String {
        switch self {
        case .fault: "fault"
        case .file: "file"
        case .unreadable: "file-unreadable"
        case .judgedAsYours: "judged-as-yours"
        case .otherSpaceFault: "other-space-fault"
        case .providerPassedOver: "provider-passed-over"
        case .spaceMalformed: "space-malformed"
        case .spaceCase: "space-case"
        case .denySpaceUnused: "deny-space-unused"
        case .duplicate: "duplicate"
        case .grantExpired: "grant-expired"
        case .grantDenied: "grant-denied"
        case .grantShadowed: "grant-shadowed"
        case .loginsShadowed: "logins-shadowed"
        case .loginUnknown: "login-unknown"
        case .loginIsRoot: "login-root"
        case .unixGroupUnasked: "unix-group-unasked"
        case .emailAtGoogle: "email-at-google"
        case .claimChosenByPerson: "claim-chosen-by-person"
        case .templateGivesSystemLogins: "template-system-logins"
        case .templateGivesServiceLogin: "template-service-login"
        case .groupsAtGoogle: "groups-at-google"
        case .denyWantsClaim: "deny-wants-claim"
        case .providerUnused: "provider-unused"
        case .serviceLoginUnknown: "service-login-unknown"
        case .serviceLoginIsRoot: "service-login-root"
        case .noService: "no-service"
        case .authorityUncapped: "ca-uncapped"
        case .capUnknown: "cap-unknown"
        case .rsaShort: "rsa-short"
        case .keyWeak: "key-weak"
        case .keyReachesAll: "key-reaches-all"
        case .keyRevoked: "key-revoked"
        case .revokedBefore: "revoked-twice"
        case .authorityUnknown: "ca-unknown"
        case .revokedEmailWantsClaim: "revoked-email-wants-claim"
        case .usersUnknown: "users-unknown"
        }
    }

    /// How much it matters.
    var severity: Finding.Severity {
        switch self {
        case .fault, .file, .keyWeak, .groupsAtGoogle: .error
        case .unreadable, .otherSpaceFault, .spaceMalformed, .spaceCase, .denySpaceUnused, .duplicate, .grantExpired,
            .grantDenied, .grantShadowed, .loginsShadowed, .loginUnknown, .loginIsRoot, .unixGroupUnasked,
            .emailAtGoogle, .claimChosenByPerson, .templateGivesSystemLogins, .templateGivesServiceLogin,
            .serviceLoginUnknown, .serviceLoginIsRoot, .noService, .authorityUncapped, .capUnknown, .rsaShort:
            .warning
        case .judgedAsYours, .providerPassedOver, .denyWantsClaim, .providerUnused, .keyReachesAll, .keyRevoked,
            .revokedBefore, .authorityUnknown, .revokedEmailWantsClaim, .usersUnknown:
            .note
        }
    }
}

extension Finding {
    /// In the order of the files as they first come, of their lines, and of what matters most.
    static func sorted(_ findings: [Finding]) -> [Finding] {
        var order: [String: Int] = [:]
        for finding in findings where order[finding.file] == nil { order[finding.file] = order.count }
        let ranks = Dictionary(uniqueKeysWithValues: zip(Severity.allCases, 0...))
        let keyed = findings.enumerated().map { index, finding in
            (key: [order[finding.file] ?? 0, finding.line ?? 0, ranks[finding.severity] ?? 0, index], finding: finding)
        }
        return keyed.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.finding)
    }
}
