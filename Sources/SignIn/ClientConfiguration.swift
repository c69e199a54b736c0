public import Encodings
internal import HTTP
internal import IdentityToken
public import TOML

/// What a person's `config.toml` says: the providers that they sign in at.
///
/// Source: docs/providers.md.
public struct ClientConfiguration: Sendable, Equatable {
    /// No two of one name, in the order they stand; empty where nothing is configured.
    public let registrations: [ClientRegistration]
    /// Which of them is meant where nobody names one; `nil` where the file does not say.
    public let defaultProvider: String?
    /// The file, as the caller named it, for what is said to people.
    public let file: String

    /// No file that a person wrote is larger, and nothing nested as deep as fits in it exhausts the stack.
    public static let maximumCount = 64 << 10

    /// The configuration of somebody who has written none.
    /// - Parameter file: Where it would be.
    public init(emptyAt file: String) {
        registrations = []
        defaultProvider = nil
        self.file = file
    }

    /// The configuration that `bytes` are.
    /// - Parameters:
    ///   - bytes: TOML, at most `maximumCount` bytes: the caller's to check.
    ///   - file: Its name for errors.
    /// - Throws: `.notTOML`, or what the first table or member at fault says that cannot be; never a client secret.
    public init(parsing bytes: [UInt8], file: String) throws(SettingsError) {
        var (root, tables) = try SettingsReader.readers(parsing: bytes, file: file)
        var registrations: [ClientRegistration] = []
        for var table in tables {
            guard table.table == "provider" else { throw table.error(.tableUnknown(Text(table.table))) }
            try table.checkShape(isList: true)
            let registration = try ClientRegistration(&table)
            guard !registrations.contains(where: { $0.name == registration.name }) else {
                throw table.error(.nameTwice(Text(registration.name), table: table.table))
            }
            registrations.append(registration)
        }
        let names = registrations.map(\.name)
        defaultProvider = try root.text(
            "default_provider", where: { names.map { Text($0) }.contains($0) },
            names.isEmpty ? "the name of a [[provider]]" : names.joined(separator: " or "))?.string
        try root.end()
        self.registrations = registrations
        self.file = file
    }

    /// The registration that `name` is of; without a name the default one, else the only one.
    /// - Parameter name: From the command line; `nil` where none was given.
    /// - Returns: The registration.
    /// - Throws: each case of `SelectionError`.
    public func registration(named name: String?) throws(SelectionError) -> ClientRegistration {
        guard !registrations.isEmpty else { throw .noneConfigured(wanted: name.map { Text($0) }, file: file) }
        guard let wanted = name ?? defaultProvider else {
            guard let only = registrations.first, registrations.count == 1 else {
                throw .severalWithoutDefault(registrations.map(\.name), file: file)
            }
            return only
        }
        guard let found = registrations.first(where: { Text($0.name) == Text(wanted) }) else {
            throw .unknown(Text(wanted), known: registrations.map(\.name), file: file)
        }
        return found
    }

    /// Where a person's configuration is: `pair/config.toml` under `$XDG_CONFIG_HOME`, else under `$HOME/.config`.
    ///
    /// A relative `$XDG_CONFIG_HOME` counts as none. Source: XDG Base Directory Specification 0.8.
    /// - Parameter environment: The process's.
    /// - Returns: An absolute path; `nil` where neither variable is one.
    public static func path(environment: [String: String]) -> String? {
        let isAbsolute = { (path: String) in path.utf8.first == UInt8(ascii: "/") }
        if let folder = environment["XDG_CONFIG_HOME"], isAbsolute(folder) { return folder + "/pair/config.toml" }
        guard let home = environment["HOME"], isAbsolute(home) else { return nil }
        return home + "/.config/pair/config.toml"
    }
}

extension ClientRegistration {
    fileprivate init(_ table: inout SettingsReader) throws(SettingsError) {
        let name = try table.name()
        let issuer = try table.text("issuer", where: isIssuer, "an https URL without query", required: true)
        let clientID = try table.text("client_id", where: isVisible, Self.visible, required: true)
        let secret = try table.clientSecret()
        let scopes = try table.list("scopes", "scopes without blanks") { isScope($0) ? $0 : nil }
        let redirectURIs = try table.list("redirect_uris", Self.redirectURI) { RedirectURI($0) }
        let parameters = try table.parameters()
        let lifetime = try table.duration("keys_lifetime")
        let renewable = try table.duration("renewable_for")
        let isBeyond = try table.bool("beyond_token_expiry")
        let algorithms = try table.list("algorithms", "RS256, PS256, ES256 or EdDSA") {
            SigningAlgorithm(name: $0.string)
        }
        let types = try table.list("token_types", "JWT or at+jwt") { ["JWT", "at+jwt"].contains($0) ? $0 : nil }
        try table.end()
        self.init(
            name: name, issuer: issuer ?? "", clientID: clientID ?? "", clientSecret: secret, scopes: scopes,
            redirectURIs: redirectURIs ?? Self.defaultRedirectURIs, parameters: parameters,
            keysLifetime: lifetime ?? Seconds(300), renewableFor: renewable ?? Seconds(43_200),
            beyondTokenExpiry: isBeyond ?? false, algorithms: algorithms ?? SigningAlgorithm.allCases,
            tokenTypes: types ?? ["JWT"])
    }

    /// What a client id and a client secret are made of.
    fileprivate static let visible = "printable ASCII characters, not empty"
    private static let redirectURI =
        "http://127.0.0.1, http://[::1] or http://localhost, with a port or not, and a path"
}

extension SettingsReader {
    /// The client's secret, which no error shows.
    fileprivate mutating func clientSecret() throws(SettingsError) -> Text? {
        let place = position(of: "client_secret")
        let secret = try text("client_secret", where: { _ in true }, "")
        guard secret.map(isVisible) ?? true else {
            throw error(
                .memberType("client_secret", table: table, expected: ClientRegistration.visible), at: place)
        }
        return secret
    }

    /// The parameters of the authorization request, no name twice (RFC 6749 §3.1).
    fileprivate mutating func parameters() throws(SettingsError) -> [Parameter] {
        var names: Set<Text> = []
        let expected = "\"NAME=VALUE\" with names that pair does not set itself"
        let parameters = try list("parameters", expected, mayBeEmpty: true) { text -> Parameter? in
            let name = Text(String(decoding: text.utf8.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self))
            guard name.utf8.count < text.utf8.count, names.insert(name).inserted else { return nil }
            let value = String(decoding: text.utf8.dropFirst(name.utf8.count + 1), as: UTF8.self)
            return Parameter(name: name, value: Text(value))
        }
        return parameters ?? []
    }
}

/// Why it is not clear where to sign in.
public enum SelectionError: Error, Equatable, Sendable {
    case noneConfigured(wanted: Text?, file: String)
    case unknown(Text, known: [String], file: String)
    case severalWithoutDefault([String], file: String)
}

extension SelectionError: CustomStringConvertible {
    /// What is missing, and what there is, without a full stop.
    public var description: String {
        switch self {
        case .noneConfigured(nil, let file): "no provider is configured in \(shown(file))"
        case .noneConfigured(let wanted?, let file):
            "no provider \(quoted(wanted)): none is configured in \(shown(file))"
        case .unknown(let name, let known, let file):
            "no provider \(quoted(name)) in \(shown(file)), which has \(known.joined(separator: ", "))"
        case .severalWithoutDefault(let known, let file):
            "several providers in \(shown(file)) and no default_provider: \(known.joined(separator: ", "))"
        }
    }

    private func shown(_ file: String) -> String { settingsPlace(file, line: nil, column: nil) }

    /// What the person can do.
    public var advice: String? {
        switch self {
        case .noneConfigured:
            "Ask whoever runs the host for the provider's lines, or pass --issuer URL --client-id ID."
        case .unknown: "Pass --provider with one of these names, or add a [[provider]] to the file."
        case .severalWithoutDefault(let known, _):
            "Pass --provider NAME, or write default_provider = \"\(known.first ?? "NAME")\" at the top of the file."
        }
    }
}

/// Whether `text` can be an issuer: the discovery document's own rules, and no query (OpenID Connect Discovery 1.0 §3).
private func isIssuer(_ text: Text) -> Bool {
    guard let address = try? WebAddress(text) else { return false }
    return address.query == nil
}

/// RFC 6749 appendix A.1 and A.2.
private func isVisible(_ text: Text) -> Bool { !text.isEmpty && text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

/// RFC 6749 §3.3, scope-token.
private func isScope(_ text: Text) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
}
