public import Encodings
public import Policy
internal import TOML

/// Looks through all that a host decides by, and collects whatever somebody should look at.
///
/// Every line counts for itself: one that a host would not take keeps none of the others from being looked at.
public struct HostCheck {
    /// What has been found so far, unsorted.
    public private(set) var unsorted: [Finding] = []

    let configuration: Configuration
    let space: String
    let now: UnixTime
    let users: any UserDirectory
    private let configurationFile: String
    private let places: SettingPlaces

    /// The lines of `members` that hold in the Space and that a host takes.
    var entries: [MembershipEntry] = []
    /// The keys of `accounts` that a host takes.
    var keys: [AccountKey] = []
    /// What the grants of each provider look at.
    var evidence: [Text: Set<Evidence>] = [:]
    var knownUsers: [String: UInt32]?

    /// A check that has looked at nothing.
    /// - Parameters:
    ///   - configuration: What `bytes` are.
    ///   - bytes: pair.toml, for places in it.
    ///   - file: Its name, for messages.
    ///   - space: The Space whose lines are looked at.
    ///   - now: When grants are judged.
    ///   - users: Who is asked about logins.
    public init(
        of configuration: Configuration, parsed bytes: [UInt8], file: String, space: String, now: UnixTime,
        users: any UserDirectory
    ) {
        self.configuration = configuration
        configurationFile = file
        places = SettingPlaces(bytes)
        self.space = space
        self.now = now
        self.users = users
    }

    /// What has been found, in the order of files and lines.
    public var findings: [Finding] { Finding.sorted(unsorted) }

    /// Adds what was found elsewhere.
    public mutating func add(_ finding: Finding) { unsorted.append(finding) }

    mutating func add(_ reason: Finding.Reason, _ file: String, _ line: Int?) {
        add(Finding(file: file, line: line, reason: reason))
    }

    mutating func add(_ error: PolicyError) {
        add(Finding(file: error.file, line: error.line, column: error.column, reason: .fault("\(error.reason)")))
    }

    /// The lines of a file, also where it ends in the middle of one or has one that is too long, which is found then.
    mutating func lines(_ bytes: [UInt8], _ path: String) -> [ArraySlice<UInt8>] {
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true {
            lines.removeLast()
        } else {
            add(.fault("the last line does not end in a newline: it may be half written"), path, lines.count)
        }
        for (index, line) in lines.enumerated() where line.count > LineFile.maximumLine {
            add(.fault("longer than \(LineFile.maximumLine) bytes"), path, index + 1)
        }
        return lines
    }

    /// Looks at pair.toml, which has been parsed, once the other files have been looked at.
    public mutating func checkConfiguration() {
        let users = knownUsers ?? lookUp(configuration.services.flatMap(\.logins))
        for service in configuration.services {
            for login in service.logins {
                let line = places.line(of: login, inService: service.name)
                guard let users else { continue }
                if let uid = users[login] {
                    guard uid == 0, service.name != Service.admin else { continue }
                    add(.serviceLoginIsRoot(login, service: service.name), configurationFile, line)
                } else {
                    add(.serviceLoginUnknown(login, service: service.name), configurationFile, line)
                }
            }
        }
        for provider in configuration.providers
        where !entries.contains(where: { $0.line.provider == Text(provider.name) }) {
            add(.providerUnused(Text(provider.name)), configurationFile, places.line(ofProvider: provider.name))
        }
        checkTemplateMinimum()
    }

    private mutating func checkTemplateMinimum() {
        let minimum = configuration.templateMinimumUID
        let hasTemplates = entries.contains { $0.grant?.logins.contains { $0.isTemplate } ?? false }
        guard hasTemplates, minimum < HostCheck.leastUIDOfPeople else { return }
        guard let names = try? users.names(withUIDs: minimum..<HostCheck.leastUIDOfPeople), !names.isEmpty else {
            return
        }
        add(
            .templateGivesSystemLogins(names, minimum: minimum), configurationFile, places.line(of: "template_min_uid"))
    }

    /// Where the uids of people start, by login.defs(5) as shipped.
    private static let leastUIDOfPeople: UInt32 = 1000

    /// The uids of those of `names` that there are; `nil` where that could not be found out, which is found then.
    mutating func lookUp(_ names: [String]) -> [String: UInt32]? {
        do throws(UserLookupError) {
            return try users.uids(of: Set(names).sorted())
        } catch {
            add(.usersUnknown("\(error)"), configurationFile, nil)
            return nil
        }
    }
}

/// Where settings stand in pair.toml.
private struct SettingPlaces {
    private let document: TOMLDocument?

    init(_ bytes: [UInt8]) {
        document = try? TOMLDocument(parsing: bytes)
    }

    func line(of setting: Text) -> Int? { document?.root.first { $0.name == setting }?.position.line }

    func line(ofProvider name: String) -> Int? { table("provider", name)?.position.line }

    /// Where the login stands, or else the table.
    func line(of login: String, inService name: String) -> Int? {
        guard let table = table("service", name) else { return nil }
        if case .strings(let elements) = table.members.first(where: { $0.name == "logins" })?.value {
            if let element = elements.first(where: { $0.text == Text(login) }) { return element.position.line }
        }
        return table.position.line
    }

    private func table(_ kind: Text, _ name: String) -> TOMLDocument.Table? {
        document?.tables.first { table in
            table.name == kind && table.members.contains { $0.name == "name" && $0.value == .string(Text(name)) }
        }
    }
}

extension MembershipLine.Login {
    /// Whether which login it gives is for the token to say.
    var isTemplate: Bool {
        switch self {
        case .name: false
        case .emailLocal, .claim: true
        }
    }
}
