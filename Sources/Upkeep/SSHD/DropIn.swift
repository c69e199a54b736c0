internal import Encodings
internal import Policy

/// The file in a folder of sshd's by which it asks `pair-authkeys`.
public struct DropIn: Sendable, Equatable {
    /// Whose logins go by it.
    public enum Scope: Sendable, Equatable {
        /// These alone, sorted.
        case logins([String])
        case everybody
    }

    /// What counts besides, in files.
    public enum KeyFiles: Sendable, Equatable {
        /// Nothing.
        case none
        /// What counted before: a login's own authorized_keys, as a rule.
        case kept
        /// A file of root's for each login, in that folder.
        case breakGlass(String)
    }

    /// Whose logins go by it.
    public let scope: Scope
    /// What counts besides.
    public let keyFiles: KeyFiles
    /// `pair-authkeys`, absolute.
    public let program: String
    /// Where it finds pair.toml, if that is not where it always is.
    public let configuration: String?

    /// The three keywords that it sets, in lower case.
    static let keywords: [Text] = ["authorizedkeyscommand", "authorizedkeyscommanduser", "authorizedkeysfile"]

    /// A drop-in with these settings.
    public init(scope: Scope, keyFiles: KeyFiles, program: String, configuration: String? = nil) {
        self.scope = scope
        self.keyFiles = keyFiles
        self.program = program
        self.configuration = configuration
    }

    private static let heading = """
        # Made by "pair host setup", which writes it anew; "pair host remove" takes it away.

        """

    /// Every one of these tokens is known to each sshd that knows `Include` (8.2); `%C` and `%D` are not.
    var command: String {
        "\(program) --user %u --uid %U --key %k --type %t" + (configuration.map { " --config \($0)" } ?? "")
    }

    /// The value of AuthorizedKeysFile, `nil` where it stays as it is.
    var keyFilesValue: String? {
        switch keyFiles {
        case .none: "none"
        case .kept: nil
        case .breakGlass(let folder): "\(folder)/%u"
        }
    }

    /// What must be in force for a login, by keyword.
    var values: [(keyword: Text, value: Text)] {
        let values = [command, HostPlaces.user, keyFilesValue].map { $0.map { Text($0) } }
        return zip(Self.keywords, values).compactMap { keyword, value in value.map { (keyword, $0) } }
    }

    /// The whole file.
    public var text: String {
        let lines = [
            "AuthorizedKeysCommand \(command)", "AuthorizedKeysCommandUser \(HostPlaces.user)",
            keyFilesValue.map { "AuthorizedKeysFile \($0)" },
        ].compactMap { $0 }
        switch scope {
        case .everybody: return Self.heading + lines.map { "\($0)\n" }.joined()
        case .logins(let logins):
            let indented = lines.map { "    \($0)\n" }.joined()
            return Self.heading + "Match User \(logins.joined(separator: ","))\n" + indented
        }
    }

    /// Whether a file is one that set-up wrote, changed since or not.
    static func isOurs(_ bytes: [UInt8]) -> Bool { bytes.starts(with: heading.utf8) }

    /// The drop-in that `bytes` are; `nil` where they are not just as we write one.
    public init?(parsing bytes: [UInt8]) {
        guard Self.isOurs(bytes) else { return nil }
        let lines = bytes.split(separator: 0x0A).map { sshdWords($0) }.filter { !$0.isEmpty }
        var scope = Scope.everybody
        var (program, configuration): (String?, String?) = (nil, nil)
        var keyFiles = KeyFiles.kept
        for words in lines {
            let arguments = words.dropFirst().map(\.string)
            switch words[0] {
            case "Match": scope = .logins(arguments.last?.split(separator: ",").map(String.init) ?? [])
            case "AuthorizedKeysCommand":
                program = arguments.first
                configuration = arguments.firstIndex(of: "--config").flatMap { index in
                    index + 1 < arguments.count ? arguments[index + 1] : nil
                }
            case "AuthorizedKeysFile":
                let value = arguments.first ?? "none"
                keyFiles = value == "none" ? .none : .breakGlass(String(value.dropLast("/%u".count)))
            default: break
            }
        }
        guard let program else { return nil }
        self.init(scope: scope, keyFiles: keyFiles, program: program, configuration: configuration)
        guard text.utf8.elementsEqual(bytes) else { return nil }
    }

    /// Whether a login goes by it.
    func isFor(_ login: String) -> Bool {
        switch scope {
        case .everybody: true
        case .logins(let logins): logins.contains(login)
        }
    }
}

/// Where a drop-in goes so that nobody displaces it.
struct DropInPlace: Equatable {
    /// The folder that the main file includes.
    let folder: String
    /// The name there.
    let name: String
    /// One of ours under another name, which is to go.
    let former: String?

    var path: String { "\(folder)/\(name)" }

    /// The names that it may have, the usual one first.
    static let names = ["10-pair.conf", "00-pair.conf", "0-pair.conf", "+pair.conf"]

    private static let usualFolder = "/etc/ssh/sshd_config.d"

    /// The place in `configuration`; `source` tells which file is ours.
    /// - Throws: `.notIncluded`, `.noName`.
    init(in configuration: SSHDConfiguration, from source: any SSHDFiles) throws(SetupError) {
        guard let folder = Self.folder(in: configuration) else {
            throw .notIncluded(configuration.path, folder: Self.usualFolder(beside: configuration.path))
        }
        self.folder = folder
        let ours = configuration.files.filter {
            $0.hasPrefix("\(folder)/") && source.contents(of: $0).map { DropIn.isOurs($0) } ?? false
        }
        let others = configuration.settings.filter { setting in
            DropIn.keywords.contains(setting.keyword) && setting.file.hasPrefix("\(folder)/")
                && !ours.contains(setting.file)
        }
        let first = others.map(\.file).min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        // One that is ours and comes first stays where it is.
        let names = ours.map { String($0.dropFirst(folder.utf8.count + 1)) } + Self.names
        let fitting = names.first { name in
            let path = "\(folder)/\(name)"
            let isFirst = first.map { path.utf8.lexicographicallyPrecedes($0.utf8) } ?? true
            return isFirst && configuration.includes(path)
                && (ours.contains(path) || source.contents(of: path) == nil)
        }
        guard let name = fitting else { throw .noName(before: first ?? "\(folder)/\(Self.names[0])") }
        self.name = name
        former = ours.first { $0 != "\(folder)/\(name)" }
    }

    /// The folder of drop-ins that the main file includes whoever logs in: the usual one, else the first.
    private static func folder(in configuration: SSHDConfiguration) -> String? {
        let includes = configuration.settings.filter {
            $0.keyword == "include" && $0.conditions.isEmpty && $0.file == configuration.path
        }
        let folders = includes.flatMap(\.arguments).compactMap { argument -> String? in
            let pattern = SSHDPattern(SSHDConfiguration.absolute(argument))
            guard pattern.components.dropLast().allSatisfy({ !$0.isPattern }) else { return nil }
            let folder = pattern.components.dropLast().map { "/\($0.text)" }.joined()
            return names.contains { pattern.matches("\(folder)/\($0)") } ? folder : nil
        }
        let usual = usualFolder(beside: configuration.path)
        return folders.contains(usual) ? usual : folders.first
    }

    private static func usualFolder(beside path: String) -> String { "\(path).d" }
}
