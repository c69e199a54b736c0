import Encodings
import IdentityToken
import KeyStore
import SSHKeys
import SignIn
import Signatures

/// Keys with a new certificate, not yet handed to anybody.
struct MintedKeys {
    let state: StoredState
    /// The certificate's blob.
    let certificate: [UInt8]
    /// Whose they are, in the certificate's and the files' comment too.
    let identity: Text
    private let publicKey: PublicKey

    /// Certifies `key`, which `token` is bound to, by itself; `verified` is the proof that `token` was verified.
    init(
        named name: String, key: borrowing PrivateKey, token: CompactToken, verified: VerifiedToken,
        from registration: ClientRegistration, refreshToken: Text?, isInAgent: Bool
    ) throws {
        let now = now()
        let contents = CertificateContents(
            keys: key.publicKey, token: token, verified: verified, now: now, nonce: randomBytes(32))
        certificate = try key.certificate(contents)
        publicKey = key.publicKey
        identity = verified.claims.email ?? verified.claims.subject
        state = StoredState(
            name: name, provider: StoredProvider(registration),
            keys: [try publicKey.fingerprint()], isInAgent: isInAgent,
            // It renews a certificate of the same key, which only the agent has.
            refreshToken: isInAgent ? nil : refreshToken,
            subject: verified.claims.subject, email: verified.claims.email, issued: now,
            expires: verified.end)
    }

    /// What stands behind the keys in their files, and in an agent's list.
    var comment: String { "\(identity.string) pair:\(state.name)" }

    /// What a `.pub` file holds.
    var publicKeyLine: [UInt8] { line(publicKey.algorithm.rawValue, publicKey.blob) }

    /// What a `-cert.pub` file holds.
    var certificateLine: [UInt8] { line(publicKey.algorithm.certificateName, certificate) }

    private func line(_ type: String, _ blob: [UInt8]) -> [UInt8] {
        Array("\(type) \(Base64.standard.encode(blob)) \(comment)\n".utf8)
    }
}
