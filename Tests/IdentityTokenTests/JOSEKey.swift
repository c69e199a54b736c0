import Encodings
import SSHKeys
import Signatures

@testable import TestSupport

/// A key pair of openssl's that signs as JOSE has it.
struct JOSEKey: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case es256 = "ES256"
        case eddsa = "EdDSA"
        case rs256 = "RS256"
        case ps256 = "PS256"
    }

    let kind: Kind
    let publicKey: PublicKey
    private let scratch: Scratch
    private let file: String

    init(_ kind: Kind, in scratch: Scratch, name: String) throws {
        self.kind = kind
        self.scratch = scratch
        file = "\(name).pem"
        let algorithm =
            switch kind {
            case .es256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            case .eddsa: ["-algorithm", "ed25519"]
            case .rs256, .ps256: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
            }
        try scratch.run(["openssl", "genpkey", "-out", file] + algorithm)
        let der = try scratch.run("openssl", "pkey", "-in", file, "-pubout", "-outform", "DER")
        publicKey =
            switch kind {
            case .es256: .ecdsa(.p256, point: Array(der.suffix(65)))
            case .eddsa: .ed25519(Array(der.suffix(32)))
            // SubjectPublicKeyInfo ends in INTEGER n and INTEGER 65537 (02 03 01 00 01).
            case .rs256, .ps256: .rsa(exponent: [1, 0, 1], modulus: Array(der.dropLast(5).suffix(256)))
            }
    }

    /// The members of the public JWK, sorted, without its braces; `alg` in front.
    var members: String {
        func text(_ bytes: some Collection<UInt8>) -> String { "\"\(Base64.url.encode(bytes))\"" }
        let alg = "\"alg\":\"\(kind.rawValue)\""
        switch publicKey {
        case .ecdsa(_, let point):
            let (x, y) = (text(point[1..<33]), text(point[33...]))
            return "\(alg),\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\(x),\"y\":\(y)"
        case .ed25519(let key): return "\(alg),\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\(text(key))"
        case .rsa(let exponent, let modulus):
            return "\(alg),\"e\":\(text(exponent)),\"kty\":\"RSA\",\"n\":\(text(modulus))"
        case .skEd25519, .skECDSA, .mldsa44Ed25519: return ""
        }
    }

    /// The key as a member of a key set.
    func jwk(_ id: String) -> String { "{\(members),\"kid\":\"\(id)\",\"use\":\"sig\"}" }

    func sign(_ message: String) throws -> [UInt8] {
        let name = "message-\(message.hashValue)"
        try scratch.write(Array(message.utf8), to: name)
        let digest = ["openssl", "dgst", "-sha256", "-sign", file]
        switch kind {
        case .es256: return Self.halves(try scratch.run(digest + [name]))
        case .eddsa: return try scratch.run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", file, "-in", name)
        case .rs256: return try scratch.run(digest + [name])
        case .ps256:
            let padding = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
            return try scratch.run(digest + padding + [name])
        }
    }

    /// `header "." payload "." signature`, of their texts.
    func compact(header: String, payload: String) throws -> String {
        let input = Base64.url.encode(Array(header.utf8)) + "." + Base64.url.encode(Array(payload.utf8))
        return input + "." + Base64.url.encode(try sign(input))
    }

    /// DER's two INTEGERs as `r ‖ s` of 32 bytes each.
    private static func halves(_ der: [UInt8]) -> [UInt8] {
        var rest = der.dropFirst(2)
        var result: [UInt8] = []
        while rest.popFirst() == 0x02, let count = rest.popFirst() {
            let magnitude = rest.prefix(Int(count)).drop { $0 == 0 }
            result += [UInt8](repeating: 0, count: 32 - magnitude.count) + magnitude
            rest = rest.dropFirst(Int(count))
        }
        return result
    }
}
