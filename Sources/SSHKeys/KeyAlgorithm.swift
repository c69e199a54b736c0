internal import Signatures

/// The types of public key, by their names on the wire; `ssh-dss` is none of them.
///
/// Source: OpenSSH's `sshkey.c`, RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4, PROTOCOL.u2f.
public enum KeyAlgorithm: String, CaseIterable, Sendable {
    case ed25519 = "ssh-ed25519"
    case ecdsaP256 = "ecdsa-sha2-nistp256"
    case ecdsaP384 = "ecdsa-sha2-nistp384"
    case ecdsaP521 = "ecdsa-sha2-nistp521"
    case rsa = "ssh-rsa"
    case skEd25519 = "sk-ssh-ed25519@openssh.com"
    case skECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
    case mldsa44Ed25519 = "ssh-mldsa44-ed25519@openssh.com"

    /// What the name of a certificate for such a key is.
    public var certificateName: String {
        let suffix = "@openssh.com"
        let stem = rawValue.hasSuffix(suffix) ? String(rawValue.dropLast(suffix.count)) : rawValue
        return stem + "-cert-v01" + suffix
    }

    /// The algorithm whose certificates have this name, `nil` where none has.
    public init?(certificateName: String) {
        guard let match = KeyAlgorithm.allCases.first(where: { $0.certificateName == certificateName }) else {
            return nil
        }
        self = match
    }
}

extension Curve {
    /// The curve's name inside a key.
    ///
    /// Source: RFC 5656 §10.1.
    var sshName: String {
        switch self {
        case .p256: "nistp256"
        case .p384: "nistp384"
        case .p521: "nistp521"
        }
    }

    /// The algorithm of plain keys on it.
    var algorithm: KeyAlgorithm {
        switch self {
        case .p256: .ecdsaP256
        case .p384: .ecdsaP384
        case .p521: .ecdsaP521
        }
    }
}
