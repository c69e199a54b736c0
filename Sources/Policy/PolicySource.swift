public import Encodings
internal import TOML

/// Where a host has its policy from, instead of from files of its own.
///
/// Source: docs/configuration.md "[policy_source]".
public struct PolicySource: Sendable, Equatable {
    /// Where the signed policy is published.
    public enum Origin: Sendable, Equatable {
        /// On a web server, at this URL.
        case web(url: Text)
        /// In a cluster of etcd.
        case etcd(EtcdOrigin)
    }

    /// Where the signed policy is published.
    public let origin: Origin
    /// The file of those who may sign it, in OpenSSH's format; see `Configuration.resolve`.
    public let allowedSigners: String
    /// The policy as it was last applied; see `Configuration.resolve`.
    public let file: String
    /// How long it counts beyond its end.
    public let grace: Seconds
    /// The lowest serial that a host takes which has applied none yet.
    public let minimumSerial: UInt64

    init(_ table: inout SettingsReader) throws(SettingsError) {
        origin = try Origin(&table)
        allowedSigners = try table.location("allowed_signers", default: "allowed_signers").path
        file = try table.location("file", default: "/var/lib/pair/policy").path
        grace = try table.duration("grace", mayBeZero: true) ?? Seconds(0)
        minimumSerial = UInt64(try table.integer("min_serial", in: 0...1 << 53) ?? 0)
        try table.end()
    }

    /// From when on a policy does not count any more.
    public func end(of header: PolicyHeader) -> UnixTime { header.expires + grace }

    /// Which origin it is: the URL, or the members' URLs with commas between them, a space and the prefix.
    public var name: Text {
        switch origin {
        case .web(let url): return url
        case .etcd(let place):
            var name = ""
            for member in place.members { name += (name.isEmpty ? "" : ",") + member.string }
            return Text(name + " " + place.prefix.string)
        }
    }
}

/// Where in a cluster of etcd a fleet has its policy, and as whom a host asks there.
public struct EtcdOrigin: Sendable, Equatable {
    /// The members' client URLs; at least one.
    public let members: [Text]
    /// What the fleet's keys begin with; not empty.
    public let prefix: Text
    /// The only CAs to trust, in PEM; `nil` for the system's; see `Configuration.resolve`.
    public let caFile: String?
    /// `nil` where the cluster asks for none.
    public let user: Text?
    /// The file with the user's password; `nil` with `user` alone; see `Configuration.resolve`.
    public let passwordFile: String?

    /// The rest is in `table`.
    fileprivate init(members: [Text], _ table: inout SettingsReader) throws(SettingsError) {
        let isWord = { (text: Text) in !text.isEmpty && !text.hasControls }
        self.members = members
        prefix = try table.text("prefix", where: isWord, "a text such as /pair/") ?? "/pair/"
        caFile = try table.path("ca")
        let place = table.position(of: "user") ?? table.position(of: "password_file")
        user = try table.text("user", where: isWord, "a user of etcd's")
        passwordFile = try table.path("password_file")
        guard (user == nil) == (passwordFile == nil) else {
            throw table.error(
                .contradiction("user and password_file in [policy_source]: both expected, or neither"), at: place)
        }
    }
}

extension PolicySource.Origin {
    /// What a host asks etcd with, and nothing else.
    private static let membersOfEtcd = ["prefix", "ca", "user", "password_file"]

    fileprivate init(_ table: inout SettingsReader) throws(SettingsError) {
        let place = table.position(of: "etcd")
        let url = try table.text("url", where: isIssuer, "an https URL without query")
        let members = try table.list("etcd", "https URLs without query") { isIssuer($0) ? $0 : nil }
        switch (url, members) {
        case (nil, let members?): self = .etcd(try EtcdOrigin(members: members, &table))
        case (let url?, nil):
            for name in Self.membersOfEtcd {
                guard let place = table.position(of: name) else { continue }
                throw table.error(.contradiction("\(name) in [policy_source] is for etcd, and not for url"), at: place)
            }
            self = .web(url: url)
        case (nil, nil): throw table.error(.memberMissing("url or etcd", table: table.table))
        case (_?, _?):
            throw table.error(
                .contradiction("url and etcd in [policy_source]: only one of them can be where the policy is"),
                at: place)
        }
    }
}
