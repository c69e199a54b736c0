public import Encodings

/// Which entries are asked for: every one that is named in each list that is not empty, within the time.
public struct EntryFilter: Sendable, Equatable {
    /// The first moment.
    public var since: UnixTime?
    /// The first moment that is too late.
    public var until: UnixTime?
    /// What was answered.
    public var decisions: [AccessEntry.Answer] = []
    /// Codes.
    public var reasons: [Text] = []
    /// Local users.
    public var logins: [Text] = []
    /// E-mails, which compare without the case of A to Z; subs; and key ids of certificates.
    public var identities: [Text] = []
    /// Providers' names in pair.toml.
    public var providers: [Text] = []
    /// Accounts.
    public var accounts: [Text] = []
    /// Services, of which one that was granted suffices.
    public var services: [Text] = []
    /// Spaces.
    public var spaces: [Text] = []
    /// Fingerprints, of the key itself or of the CA.
    public var keys: [Text] = []

    /// A filter that lets everything through.
    public init() {}

    /// Whether `entry` is asked for.
    public func matches(_ entry: AccessEntry) -> Bool {
        if let since, entry.time < since { return false }
        if let until, entry.time >= until { return false }
        func holds(_ wanted: [Text], _ found: @autoclosure () -> Text?) -> Bool {
            wanted.isEmpty || found().map(wanted.contains) ?? false
        }
        return (decisions.isEmpty || decisions.contains(entry.decision))
            && holds(reasons, entry.reason) && holds(logins, entry.login) && holds(providers, entry.provider)
            && holds(accounts, entry.account) && holds(spaces, entry.space)
            && (identities.isEmpty || identities.contains { isIdentity($0, of: entry) })
            && (services.isEmpty || entry.services.contains(where: services.contains))
            && (keys.isEmpty || [entry.key, entry.ca].contains { $0.map(keys.contains) ?? false })
    }

    private func isIdentity(_ wanted: Text, of entry: AccessEntry) -> Bool {
        entry.subject == wanted || entry.keyID == wanted || entry.email?.asciiLowercased == wanted.asciiLowercased
    }
}
