internal import Encodings
internal import Policy

/// One of opkssh's files, as it was read.
public struct OpksshFile: Sendable {
    /// For messages and for what comes of it: printable, on one line.
    public let path: String
    /// All of it.
    public let bytes: [UInt8]

    /// The file at `path`, with `bytes` in it.
    public init(path: String, bytes: [UInt8]) {
        self.path = shown(path.utf8, limit: 4096)
        self.bytes = bytes
    }
}

/// What opkssh goes by on a host.
public struct OpksshFiles: Sendable {
    /// `providers`.
    public let providers: OpksshFile
    /// `auth_id`, where there is one.
    public var policy: OpksshFile?
    /// The `~/.opk/auth_id` of users, by login, in the order in which they are to stand.
    public var homes: [(login: String, file: OpksshFile)] = []
    /// `config.yml`, where there is one.
    public var serverConfiguration: OpksshFile?
    /// The paths of the files in `policy.d`.
    public var plugins: [String] = []

    /// Files of which there is `providers` alone so far.
    public init(providers: OpksshFile) { self.providers = providers }
}

/// What opkssh's files on a host come to here: a `pair.toml`, a `members`, and what became of each line.
///
/// Nobody enters by the result who would not enter by opkssh, save where a finding says `looser`. What is not taken
/// over has a finding too, and a comment in its place. Both texts have been through the parsers that judge logins.
/// Source: docs/migrating-from-opkssh.md.
public struct OpksshImport: Sendable {
    /// The text of `pair.toml`.
    public let configuration: String
    /// The text of `members`.
    public let members: String
    /// What became of each line that says something, file by file in the order of their lines.
    public let findings: [OpksshFinding]

    /// The import of `files`, for the Space called `space`.
    /// - Throws: `OpksshImportError` where `config.yml` cannot be read with certainty, or `space` cannot name a Space.
    public init(of files: OpksshFiles, space: String) throws(OpksshImportError) {
        guard isSpaceName(space.utf8) else {
            throw OpksshImportError(file: "--space", line: nil, reason: .spaceName(Text(space)))
        }
        let settings = try files.serverConfiguration.map { (file) throws(OpksshImportError) in
            (file, try OpksshServerConfig(parsing: file))
        }
        let providers = OpksshProviders(parsing: files.providers)
        configuration = Self.configuration(of: providers, space: space, file: files.providers)
        do throws(PolicyError) {
            let parsed = try Configuration(parsing: Array(configuration.utf8), file: "pair.toml")
            var members = OpksshMembers(
                space: space, providers: providers, configuration: parsed,
                deniedLogins: settings?.1.deniedUsers.map(\.value) ?? [])
            if let (file, settings) = settings { members.deny(settings.deniedEmails, of: file) }
            if let policy = files.policy { members.take(policy) }
            for home in files.homes { members.take(home.file, owner: home.login) }
            self.members = members.text
            try checkMembers(self.members, under: parsed)
            let others = settings.map { Self.findings(of: $0.1, in: $0.0) } ?? []
            let found = providers.findings + others + members.findings + files.plugins.map(Self.finding(ofPlugin:))
            findings = Self.ordered(found)
        } catch {
            throw OpksshImportError(file: files.providers.path, line: nil, reason: .unusable(error))
        }
    }

    private static func configuration(of providers: OpksshProviders, space: String, file: OpksshFile) -> String {
        var text = """
            # Taken over from opkssh by `pair host import-opkssh`.
            space = \(tomlText(Text(space)))

            """
        for table in providers.tables {
            let origin = "\(file.path), line \(table.lines.map(String.init).joined(separator: ", "))"
            text += "\n" + (table.comments + [origin]).map { "# \($0)\n" }.joined() + table.text
        }
        if !providers.comments.isEmpty { text += "\n" + providers.comments.map { "# \($0)\n" }.joined() }
        return text
    }

    /// Of the settings that no line of `members` stands for.
    private static func findings(of settings: OpksshServerConfig, in file: OpksshFile) -> [OpksshFinding] {
        func finding(_ entry: OpksshServerConfig.Entry, _ source: String, _ reason: OpksshReason.Setting)
            -> OpksshFinding
        {
            OpksshFinding(file: file.path, line: entry.line, source: source, reasons: [.setting(reason)])
        }
        let denied = settings.deniedUsers.map { entry in
            finding(entry, "deny_users \(shown(entry.value.utf8, limit: 160))", .deniedLogin(entry.value))
        }
        let variables = settings.environment.map { finding($0, "env_vars \($0.value.string)", .environment) }
        let cache = settings.cache.map { [finding($0, $0.value.string, .cache)] } ?? []
        let others = settings.others.map { finding($0, $0.value.string, .unknown($0.value)) }
        return denied + variables + cache + others
    }

    /// File by file, as each first comes, and by their lines.
    private static func ordered(_ findings: [OpksshFinding]) -> [OpksshFinding] {
        var places: [Text: Int] = [:]
        for finding in findings where places[Text(finding.file)] == nil { places[Text(finding.file)] = places.count }
        return findings.sorted { left, right in
            (places[Text(left.file)] ?? 0, left.line ?? 0) < (places[Text(right.file)] ?? 0, right.line ?? 0)
        }
    }

    private static func finding(ofPlugin path: String) -> OpksshFinding {
        OpksshFinding(file: shown(path.utf8, limit: 4096), line: nil, reasons: [.setting(.plugin)])
    }
}
