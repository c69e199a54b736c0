internal import Foundation

/// Where the parts of a host are.
public struct HostPlaces: Sendable, Equatable {
    /// The policy: pair.toml, members and the rest.
    public var policy = "/etc/pair"
    /// The access log's folder.
    public var log = "/var/log/pair"
    /// What set-up knows about itself.
    public var state = "/var/lib/pair"
    /// The folder of logins' requests for a refresh.
    public var run = "/run/pair"
    /// The folder above the key sets.
    public var cache = "/var/cache/pair"
    /// sshd's main file.
    public var sshdConfiguration = SSHD.standardConfiguration
    /// Where cron looks, if it is there.
    public var cron = "/etc/cron.d"
    /// Where tmpfiles.d has the admin's files, if it is there.
    public var temporaryFiles = "/etc/tmpfiles.d"
    /// Where the package's units are.
    public var units = ["/usr/lib/systemd/system", "/lib/systemd/system", "/etc/systemd/system"]
    /// Where the package says what is made at a boot.
    public var packagedTemporaryFiles = "/usr/lib/tmpfiles.d/pair.conf"
    /// Where the package says which user it needs.
    public var packagedUser = "/usr/lib/sysusers.d/pair.conf"
    /// There while systemd runs.
    public var systemd = "/run/systemd/system"

    /// Names beside what set-up knows about itself: a fleet's policy that was applied, and what is known of it.
    var keptState: [String] {
        ["policy", RefreshState.folder].filter { FileManager.default.standing(of: "\(state)/\($0)") != nil }
    }

    /// Removes what set-up knows about itself; a fleet's policy that was applied beside it stays, by which no older one is
    /// taken.
    func removeState() throws {
        let kept = Set(keptState)
        guard !kept.isEmpty else { return try FileManager.default.removeFolder(state) }
        for name in try FileManager.default.contentsOfDirectory(atPath: state) where !kept.contains(name) {
            try FileManager.default.removeItem(atPath: "\(state)/\(name)")
        }
    }

    /// As on every host.
    public init() {}

    /// pair.toml.
    public var configuration: String { "\(policy)/pair.toml" }
    /// The keys for emergencies, a file for each login.
    public var breakGlass: String { "\(policy)/break-glass" }
    /// The key sets.
    public var keySets: String { "\(cache)/keysets" }
    /// The access log.
    public var accessLog: String { "\(log)/access.jsonl" }
    /// What a login touches where it misses a key.
    public var refreshWanted: String { "\(run)/refresh-wanted" }
    /// The user that `pair-authkeys` runs as.
    public static let user = "_pair"
    /// The group that reads the access log.
    public static let readers = "adm"
}
