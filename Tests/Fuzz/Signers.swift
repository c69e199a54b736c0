import Encodings
import Foundation
import Signatures

@testable import SSHKeys

/// A key pair that is the same in every run.
final class Signer: Sendable {
    private let key: PrivateKey

    /// For providers of recipes, their users, their CAs, and somebody else, each of both kinds.
    static let provider = kinds(1)
    static let user = kinds(2)
    static let authority = kinds(3)
    static let stranger = kinds(4)

    static let all = [user, authority, stranger, provider].flatMap { $0 }

    private static func kinds(_ seed: UInt8) -> [Signer] { SigningKey.Kind.allCases.map { Signer($0, seed: seed) } }

    private init(_ kind: SigningKey.Kind, seed: UInt8) {
        let secret = [UInt8](repeating: seed, count: 32)
        do {
            switch kind {
            case .ed25519: key = PrivateKey(try SigningKey(ed25519: secret))
            case .p256: key = PrivateKey(try SigningKey(p256: secret))
            }
        } catch {
            fail("no key: \(error)")
        }
        fingerprint = (try? key.publicKey.fingerprint()).map { "\($0)" } ?? ""
        text = key.publicKey.authorizedKeysText
        members = Signer.members(of: key.publicKey)
    }

    var publicKey: PublicKey { key.publicKey }

    let fingerprint: String

    /// As authorized_keys has it.
    let text: String

    /// A public JWK's members as text, but `alg`.
    let members: [(name: String, json: String)]

    var algorithm: String { publicKey.algorithm == .ed25519 ? "EdDSA" : "ES256" }

    func joseSignature(over message: [UInt8]) -> [UInt8] { (try? key.joseSignature(over: message)) ?? [] }

    func sshSignature(over message: [UInt8]) -> [UInt8] { (try? key.sshSignature(over: message)) ?? [] }

    private static func members(of key: PublicKey) -> [(name: String, json: String)] {
        func quoted(_ bytes: some Collection<UInt8>) -> String { "\"\(base64URL(bytes))\"" }
        switch key {
        case .ecdsa(_, let point):
            return [
                ("crv", "\"P-256\""), ("kty", "\"EC\""), ("x", quoted(point[1..<33])), ("y", quoted(point[33...])),
            ]
        case .ed25519(let bytes): return [("crv", "\"Ed25519\""), ("kty", "\"OKP\""), ("x", quoted(bytes))]
        case .rsa, .skEd25519, .skECDSA, .mldsa44Ed25519: return []
        }
    }
}
