public import Encodings
public import SSHKeys

/// The way by which a key asks to enter.
public enum Path: String, Sendable {
    /// A certificate signed by its own key, with a token in it.
    case keys
    /// A certificate signed by another key.
    case certificate
    /// A plain key.
    case key

    /// The checks that a key of this path goes through.
    var checks: [Check] {
        switch self {
        case .keys: Check.allCases.filter { ![.account, .authority, .service].contains($0) }
        case .certificate: Check.allCases.filter { $0 != .account && $0 <= .service }
        case .key: [.login, .key, .keyType, .account, .revokedKey, .service]
        }
    }
}

extension Check: Comparable {
    /// Whether `left` comes first.
    public static func < (left: Check, right: Check) -> Bool {
        let order = Check.allCases
        return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
    }
}

/// What a decision found out on its way, for the record; what is `nil` is not known.
public struct Facts: Sendable {
    /// Which way the key asked to enter.
    public internal(set) var path: Path?

    /// Of the plain key, also where it came in a certificate.
    public internal(set) var key: Fingerprint?

    /// Of the key that signed the certificate, where that is another.
    public internal(set) var ca: Fingerprint?

    /// The provider's name in pair.toml.
    public internal(set) var provider: String?

    /// The claims that the provider signed; nothing that only the client says.
    public internal(set) var issuer: Text?

    /// `sub`.
    public internal(set) var subject: Text?

    /// `email`.
    public internal(set) var email: Text?

    /// The grant's role.
    public internal(set) var role: Text?

    /// Whose key it is, or whose CA signed for it.
    public internal(set) var account: String?

    /// The service that was granted, and `admin` behind it where that is what granted it; none before.
    public internal(set) var services: [String] = []

    /// The name that the account's CA has given the certificate; what is not UTF-8 is replaced.
    public internal(set) var keyID: Text?

    /// The number that the account's CA has given the certificate.
    public internal(set) var serial: UInt64?

    /// When the line ends; `nil` also for a line without an end.
    public internal(set) var expires: UnixTime?

    /// Whether a provider or a CA that we trust has signed for this: others can be made by anyone on the network, also the
    /// offer of an account's plain key, which is public.
    public internal(set) var isVouchedFor = false
}
