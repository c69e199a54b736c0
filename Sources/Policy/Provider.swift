public import Encodings
public import IdentityToken
internal import TOML

/// An OpenID provider that we trust, with our client ids there.
public struct Provider: Sendable, Equatable {
    /// Names it in `members` and in the file of its key set.
    public let name: String
    /// Compared with a token's `iss`, byte for byte.
    public let issuer: Text
    /// Ours there; at least one, no two providers at one issuer share one.
    public let clientIDs: [Text]
    /// By which a token of this provider may be signed; at least one.
    public let algorithms: [SigningAlgorithm]
    /// What a token's header may say it is; at least one.
    public let tokenTypes: [TokenType]
    /// How long Keys live after the newest verified `iat`.
    public let keysLifetime: Seconds
    /// How old the original token of renewed Keys may be.
    public let renewableFor: Seconds
    /// Whether Keys may outlive the ID token's own `exp`.
    public let beyondTokenExpiry: Bool
    /// How old the cached key set may be.
    public let maximumKeySetAge: Seconds
    /// The claim that holds the groups.
    public let groupsClaim: Text

    private init(_ table: inout SettingsReader) throws(SettingsError) {
        name = try table.name()
        issuer = try table.text("issuer", where: isIssuer, "an https URL without query", required: true) ?? ""
        clientIDs = try table.list("client_ids", "client ids", required: true) { $0.isEmpty ? nil : $0 } ?? []
        let named = try table.list("algorithms", "RS256, PS256, ES256 or EdDSA") { SigningAlgorithm(name: $0.string) }
        algorithms = named ?? SigningAlgorithm.allCases
        tokenTypes = try table.list("token_types", "JWT or at+jwt") { TokenType(rawValue: $0.string) } ?? [.jwt]
        keysLifetime = try table.duration("keys_lifetime") ?? Seconds(300)
        renewableFor = try table.duration("renewable_for") ?? Seconds(43_200)
        beyondTokenExpiry = try table.bool("beyond_token_expiry") ?? false
        maximumKeySetAge = try table.duration("max_key_set_age") ?? Seconds(86_400)
        groupsClaim = try table.text("groups_claim", where: { !$0.isEmpty }, "the name of a claim") ?? "groups"
        try table.end()
    }

    static func all(in tables: [SettingsReader]) throws(SettingsError) -> [Provider] {
        var providers: [Provider] = []
        for var table in tables {
            let provider = try Provider(&table)
            for other in providers {
                if other.name == provider.name { throw table.error(.nameTwice(Text(provider.name), table: "provider")) }
                guard other.issuer == provider.issuer else { continue }
                if let client = provider.clientIDs.first(where: { other.clientIDs.contains($0) }) {
                    throw table.error(
                        .contradiction(
                            "two providers with client id \(quoted(client)) at \(quoted(provider.issuer)): "
                                + "no token could tell them apart"))
                }
            }
            providers.append(provider)
        }
        return providers
    }
}

/// What a token's header may say that it is, in `typ`.
public enum TokenType: String, CaseIterable, Sendable {
    /// An ID token; a header without `typ` says the same.
    case jwt = "JWT"
    /// An access token (RFC 9068), for providers that give nothing else.
    case accessToken = "at+jwt"
}

/// Logins that the holders of a service's principal may enter.
public struct Service: Sendable, Equatable {
    /// The service that reaches everything has this name.
    public static let admin = "admin"

    /// A certificate's principal of this name grants it.
    public let name: String
    /// At least one; each in no other service but `admin`.
    public let logins: [String]
    /// What sshd runs instead of what the client asks for, as configured; see `command(account:login:)`.
    public let command: Text?

    private init(_ table: inout SettingsReader) throws(SettingsError) {
        name = try table.name()
        logins = try table.list("logins", "logins", required: true) { isLoginName($0.utf8) ? $0.string : nil } ?? []
        command = try table.text("command", where: isCommand, PolicyError.Field.command.expected)
        try table.end()
    }

    /// The command for `account`, which enters as `login`: `{account}`, `{service}` and `{login}` replaced by their names.
    ///
    /// Names have no quote and no backslash, so that sshd reads it as it reads the configured one.
    /// - Parameters:
    ///   - account: Fits `isPlainName`.
    ///   - login: One of `logins`.
    /// - Returns: `nil` where none is configured.
    public func command(account: String, login: String) -> Text? {
        let values = [("{account}", account), ("{service}", name), ("{login}", login)]
        return command.map { command in
            var rest = Array(command.utf8)[...]
            var result: [UInt8] = []
            // From the front, once: a name that is put in is not looked into again.
            while let first = rest.first {
                if let (placeholder, value) = values.first(where: { rest.starts(with: $0.0.utf8) }) {
                    result += value.utf8
                    rest = rest.dropFirst(placeholder.utf8.count)
                } else {
                    result.append(first)
                    rest = rest.dropFirst()
                }
            }
            return Text(parsed: result)
        }
    }

    static func all(in tables: [SettingsReader]) throws(SettingsError) -> [Service] {
        var services: [Service] = []
        for var table in tables {
            let service = try Service(&table)
            if services.contains(where: { $0.name == service.name }) {
                throw table.error(.nameTwice(Text(service.name), table: "service"))
            }
            if service.name != Service.admin {
                let others = services.filter { $0.name != Service.admin }
                for login in service.logins where others.contains(where: { $0.logins.contains(login) }) {
                    throw table.error(.contradiction("login \(quoted(login)) belongs to two services"))
                }
            }
            services.append(service)
        }
        return services
    }
}

/// Whether `text` is an https URL as an issuer is one, or an http one for this machine alone (for tests).
///
/// Scheme in lower case, a host, an optional port and path; no user, query or fragment.
/// Source: OpenID Connect Discovery 1.0 §3.
func isIssuer(_ text: Text) -> Bool {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}?#@".utf8.contains($0) }) else { return false }
    let isPlain = text.dropping("http://") != nil
    guard let rest = text.dropping("https://") ?? text.dropping("http://") else { return false }
    var host = Array(rest.utf8.prefix { $0 != UInt8(ascii: "/") })[...]
    // A colon within brackets belongs to an IPv6 address.
    if let colon = host.lastIndex(of: UInt8(ascii: ":")), host.last != UInt8(ascii: "]") {
        let port = host[(colon + 1)...]
        guard !port.isEmpty, port.count <= 5, port.allSatisfy(isDigit) else { return false }
        guard (1...65535).contains(port.reduce(0) { $0 * 10 + Int($1 - 0x30) }) else { return false }
        host = host[..<colon]
    }
    if host.first == UInt8(ascii: "[") {
        guard host.last == UInt8(ascii: "]"), ipv6(Array(host.dropFirst().dropLast())) != nil else { return false }
    } else {
        guard !host.isEmpty, host.allSatisfy({ isLetterOrDigit($0) || ".-_".utf8.contains($0) }) else { return false }
    }
    return !isPlain || ["localhost", "127.0.0.1", "[::1]"].contains(String(decoding: host, as: UTF8.self))
}
