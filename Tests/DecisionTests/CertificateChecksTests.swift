import Decision
import Encodings
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

/// Certificates whose key or CA no signature can be checked with.
@Suite struct CertificateChecksTests {
    struct Row: Sendable, CustomStringConvertible {
        let description: String
        var key = AuthorityCertificate.user.sshKey
        let signer: PublicKey
        let reason: String
        let detail: String
    }

    private static let offCurve = PublicKey.ecdsa(.p256, point: [4] + [UInt8](repeating: 1, count: 64))
    private static let postQuantum = PublicKey.mldsa44Ed25519([UInt8](repeating: 1, count: 1344))
    private static let unsupported =
        "key: signatures of ssh-mldsa44-ed25519@openssh.com cannot be checked with this libcrypto"

    private static let rows = [
        Row(
            description: "Keys on a point off their curve", key: offCurve, signer: offCurve,
            reason: "key-malformed", detail: "key: a point of p256 expected"),
        Row(
            description: "a CA on a point off its curve", signer: offCurve, reason: "key-malformed",
            detail: "a point of p256 expected"),
        Row(
            description: "a key on a point off its curve, of a good CA", key: offCurve,
            signer: AuthorityCertificate.authority.sshKey, reason: "key-malformed",
            detail: "a point of p256 expected"),
        Row(
            description: "Keys of a type that libcrypto has not", key: postQuantum, signer: postQuantum,
            reason: "key-type-unsupported", detail: unsupported),
        Row(
            description: "a CA of a type that libcrypto has not", signer: postQuantum,
            reason: "key-type-unsupported", detail: unsupported),
    ]

    @Test("a key that nothing can be checked with is refused for what is wrong with it", arguments: rows)
    func refuses(_ row: Row) {
        let contents = CertificateContents(
            nonce: [UInt8](repeating: 7, count: 32), key: row.key, serial: 42, kind: .user, keyID: [],
            principals: [Array("pgs".utf8)], validAfter: 0, validBefore: .max, criticalOptions: [], extensions: [],
            signatureKey: row.signer)
        var certificate = AuthorityCertificate().offered(
            blob: contents.blob(signedBy: AuthorityCertificate.authority.sshSignature(over: contents.encoded)))
        certificate.setAccounts("acme cert-authority \(AuthorityCertificate.authority.sshKey.authorizedKeysText)\n")
        let decision = certificate.decided()
        #expect(decision.expectation == "refused: \(row.reason)")
        #expect(decision.failure == row.detail)
    }
}
