/// The algorithms by which a provider or a client may sign; there is no other way in.
///
/// Source: RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2.
public enum SigningAlgorithm: String, CaseIterable, Sendable {
    case rs256 = "RS256"
    case ps256 = "PS256"
    case es256 = "ES256"
    case eddsa = "EdDSA"

    /// The algorithm that a header's `alg` names, `nil` for any other; `Ed25519` is another spelling of `EdDSA`.
    public init?(name: String) {
        self.init(rawValue: name == "Ed25519" ? "EdDSA" : name)
    }
}
