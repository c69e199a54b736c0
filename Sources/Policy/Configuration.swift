public import Encodings
public import IdentityToken
internal import TOML

/// What `pair.toml` says, whole, with every default filled in.
///
/// Source: docs/configuration.md.
public struct Configuration: Sendable {
    /// A file or folder that the configuration leads to.
    public struct Location: Sendable, Equatable {
        /// As it is written: absolute, or from pair.toml's own folder; see `resolve`.
        public let path: String
        /// Whether pair.toml names it, so that it must exist; one that only the default names may be missing.
        public let isNamed: Bool
    }

    /// The name under which this machine is entered.
    public let space: String
    /// Who may enter.
    public let members: Location
    /// The accounts' keys.
    public let accounts: Location
    /// What is refused whatever else says yes.
    public let revoked: Location
    /// Where the three come from instead, of one signed policy; `nil` where they are files of the host's own.
    public let policySource: PolicySource?
    /// The folder of the cached key sets.
    public let keySets: Location
    /// How far a start may lie ahead of our clock; no end is moved by it.
    public let clockSkew: Seconds
    /// The least uid that a template of LOGINS may give; at least 1.
    public let templateMinimumUID: UInt32
    /// Whether the host's directory is asked where a grant wants the login in a group.
    public let asksForUnixGroups: Bool
    /// The providers, no two of one name.
    public let providers: [Provider]
    /// The services, no two of one name.
    public let services: [Service]
    /// What a session may do.
    public let permits: [SessionPermit]
    /// How the line says when it ends.
    public let expiryTime: ExpiryTimeStyle
    /// The access log.
    public let log: LogSettings

    private let folder: String

    /// The configuration that `bytes` are.
    /// - Parameters:
    ///   - bytes: TOML; the caller bounds the size.
    ///   - file: The path of pair.toml: for errors, and for what is relative to it.
    /// - Throws: `.notTOML`, or what the first table or member at fault says that cannot be.
    public init(parsing bytes: [UInt8], file: String) throws(PolicyError) {
        do throws(SettingsError) {
            try self.init(reading: bytes, file: file)
        } catch {
            throw PolicyError(error)
        }
    }

    private init(reading bytes: [UInt8], file: String) throws(SettingsError) {
        var (root, others) = try SettingsReader.readers(parsing: bytes, file: file)
        let tables = try Tables(others)

        let name = "a name of letters, digits, . _ -"
        space = try root.text("space", where: { isSpaceName($0.utf8) }, name, required: true)?.string ?? ""
        members = try root.location("members", default: "members")
        accounts = try root.location("accounts", default: "accounts")
        revoked = try root.location("revoked", default: "revoked")
        keySets = try root.location("keysets", default: "/var/cache/pair/keysets")
        clockSkew = try root.duration("clock_skew", mayBeZero: true) ?? Seconds(30)
        templateMinimumUID = UInt32(try root.integer("template_min_uid", in: 1...4_294_967_294) ?? 1000)
        asksForUnixGroups = try root.bool("unix_groups") ?? false
        try root.end()

        policySource = try tables.policySource(besides: [members, accounts, revoked])
        providers = try Provider.all(in: tables.providers)
        services = try Service.all(in: tables.services)
        permits = try SessionPermit.permitted(by: tables.session)
        expiryTime = try ExpiryTimeStyle.style(in: tables.line)
        log = try LogSettings(tables.log)
        folder = file.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(file[...$0]) } ?? ""
    }

    /// Where `path` of this configuration leads: as it is where absolute, else from pair.toml's folder.
    public func resolve(_ path: String) -> String {
        path.utf8.first == UInt8(ascii: "/") ? path : folder + path
    }

    /// Where a file is that who enters rests on; a part of a policy has its name behind that of the policy's file.
    public func path(of part: PolicyPart) -> String {
        if let policySource { return resolve(policySource.file) + ":" + part.rawValue }
        return switch part {
        case .members: resolve(members.path)
        case .accounts: resolve(accounts.path)
        case .revoked: resolve(revoked.path)
        }
    }

    /// Where the cached key set of `provider` is.
    public func keySetPath(of provider: Provider) -> String {
        resolve(keySets.path) + "/" + provider.name + ".json"
    }

    /// What a token of `provider` must be like.
    public func rules(for provider: Provider) -> VerificationRules {
        VerificationRules(
            clientIDs: provider.clientIDs, algorithms: provider.algorithms,
            tokenTypes: provider.tokenTypes.map { Text($0.rawValue) }, clockSkew: clockSkew,
            keysLifetime: provider.keysLifetime, renewableFor: provider.renewableFor,
            beyondTokenExpiry: provider.beyondTokenExpiry)
    }

    /// The services whose logins hold `login`: the one besides `admin` that does, and the one named `admin` where it does.
    public func services(ofLogin login: String) -> (own: Service?, admin: Service?) {
        let holders = services.filter { $0.logins.contains { Text($0) == Text(login) } }
        return (holders.first { $0.name != Service.admin }, holders.first { $0.name == Service.admin })
    }

    /// The service whose login `login` is: its own, else one named `admin`; `nil` where no service has it.
    public func service(ofLogin login: String) -> Service? {
        let (own, admin) = services(ofLogin: login)
        return own ?? admin
    }
}

/// The document's tables by what they are.
private struct Tables {
    var providers: [SettingsReader] = []
    var services: [SettingsReader] = []
    var session: SettingsReader?
    var line: SettingsReader?
    var log: SettingsReader?
    private var policySource: SettingsReader?

    init(_ readers: [SettingsReader]) throws(SettingsError) {
        for reader in readers {
            let isList: Bool
            switch reader.table {
            case "provider":
                providers.append(reader)
                isList = true
            case "service":
                services.append(reader)
                isList = true
            case "session":
                session = reader
                isList = false
            case "line":
                line = reader
                isList = false
            case "log":
                log = reader
                isList = false
            case "policy_source":
                policySource = reader
                isList = false
            default: throw reader.error(.tableUnknown(Text(reader.table)))
            }
            try reader.checkShape(isList: isList)
        }
    }

    /// The source, which excludes that one of `files`, in the order of `PolicyPart.allCases`, is named.
    func policySource(besides files: [Configuration.Location]) throws(SettingsError) -> PolicySource? {
        guard var table = policySource else { return nil }
        for (part, file) in zip(PolicyPart.allCases, files) where file.isNamed {
            throw table.error(
                .contradiction(
                    "\(part.rawValue) at the top and [policy_source]: only one of them can say who may enter"))
        }
        return try PolicySource(&table)
    }
}

/// What a session may do; the raw value is the word on sshd's line, and the order is the line's.
public enum SessionPermit: String, CaseIterable, Sendable {
    case pty
    case portForwarding = "port-forwarding"
    case agentForwarding = "agent-forwarding"
    case x11Forwarding = "X11-forwarding"
    case userRC = "user-rc"

    static func permitted(by table: SettingsReader?) throws(SettingsError) -> [SessionPermit] {
        let standard: [SessionPermit] = [.pty, .portForwarding, .agentForwarding, .userRC]
        guard var table else { return standard }
        let expected = "pty, port-forwarding, agent-forwarding, X11-forwarding or user-rc"
        let named = try table.list("permit", expected, mayBeEmpty: true) { SessionPermit(rawValue: $0.string) }
        try table.end()
        return named ?? standard
    }
}

/// How the line for sshd says when it ends.
public enum ExpiryTimeStyle: String, CaseIterable, Sendable {
    /// `…Z`, from OpenSSH 9.1 on.
    case utc
    /// Local time, for OpenSSH 7.7 to 9.0, to which a `Z` voids the line.
    case local
    /// Not at all, for what is older still.
    case omitted = "none"

    static func style(in table: SettingsReader?) throws(SettingsError) -> ExpiryTimeStyle {
        guard var table else { return .utc }
        let style = try table.word("expiry_time", ExpiryTimeStyle.self, "utc, local or none")
        try table.end()
        return style ?? .utc
    }
}

/// Where decisions are recorded.
public struct LogSettings: Sendable, Equatable {
    /// As it is written, see `Configuration.resolve`; `nil` for no file.
    public let file: String?
    /// Whether records go to syslog as well.
    public let isSyslogOn: Bool
    /// Whether nobody is let in without a record.
    public let isRequired: Bool
    /// The size of the file in bytes from which on refusals of what nobody vouched for leave no record.
    public let unverifiedCap: Int64

    /// The defaults, also for a host whose pair.toml cannot be used.
    public static let standard = LogSettings()

    private init() {
        file = "/var/log/pair/access.jsonl"
        isSyslogOn = true
        isRequired = false
        unverifiedCap = 16 << 20
    }

    init(_ table: SettingsReader?) throws(SettingsError) {
        guard var table else {
            self = .standard
            return
        }
        let path = try table.text("file", where: { !$0.hasControls }, "a path")
        isSyslogOn = try table.bool("syslog") ?? Self.standard.isSyslogOn
        isRequired = try table.bool("required") ?? Self.standard.isRequired
        unverifiedCap = try table.size("unverified_cap") ?? Self.standard.unverifiedCap
        file = path.map { $0.isEmpty ? nil : $0.string } ?? Self.standard.file
        if isRequired, file == nil {
            throw table.error(.contradiction("required in [log] needs a file: syslog may lose records"))
        }
        try table.end()
    }
}
