internal import Encodings
internal import Policy

/// The service that a login belongs to, and the one principal that reaches it.
///
/// A login belongs to at most one service besides `admin`, so nothing here is ambiguous: that service's command runs,
/// whichever principal reached it. Source: docs/configuration.md "accounts".
struct ServiceGrant: Equatable {
    /// Whose command runs: the login's own, else the one named `admin`.
    let service: Service

    /// The service's name, else `admin`: all that the line will have of a certificate's list.
    let principal: Principal

    /// For the record: the service, and `admin` behind it where that is what reached it.
    var services: [String] { principal.name == service.name ? [service.name] : [service.name, principal.name] }

    /// What an account's plain key is granted for `login`: it reaches every service.
    init(ofPlainKeyFor login: String, in configuration: Configuration) throws(Stop) {
        service = try Self.service(of: login, in: configuration)
        principal = .admin
    }

    /// What a certificate is granted for `login`: its own service where a principal names that, else by `admin`.
    /// - Parameters:
    ///   - login: What is asked for.
    ///   - principals: The certificate's, compared byte for byte.
    ///   - cap: What the CA may grant at most; `nil` for everything.
    ///   - configuration: The host's.
    /// - Throws: A refusal, `serviceNotGranted` or `adminNotGranted`.
    init(
        for login: String, principals: [[UInt8]], cap: [String]?, in configuration: Configuration
    ) throws(Stop) {
        service = try Self.service(of: login, in: configuration)
        let ways = service.name == Service.admin ? [Principal.admin] : [Principal(of: service), .admin]
        let named = ways.filter { principals.contains(Array($0.name.utf8)) }
        guard !named.isEmpty else {
            let wanted = ways.count == 1 ? "which is not" : "and neither that nor \(Service.admin) is"
            let detail = "\(login) is a login of \(service.name), \(wanted) a principal"
            throw .refusal(Refusal(.serviceNotGranted, detail))
        }
        // All are ASCII, so that equal strings are the same bytes.
        guard let principal = named.first(where: { cap?.contains($0.name) ?? true }) else {
            let names = named.map { $0.name }.joined(separator: " and ")
            let detail =
                "\(names) among the principals, but the CA may grant \((cap ?? []).joined(separator: ", ")) alone"
            throw .refusal(Refusal(named.contains(.admin) ? .adminNotGranted : .serviceNotGranted, detail))
        }
        self.principal = principal
    }

    private static func service(of login: String, in configuration: Configuration) throws(Stop) -> Service {
        guard let service = configuration.service(ofLogin: login) else {
            return try refuse(.serviceNotGranted, "\(login) is a login of no service in pair.toml")
        }
        return service
    }
}
