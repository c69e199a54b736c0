import Encodings
import Foundation
import Signatures
import Testing

@testable import TestSupport

/// A file of Project Wycheproof, as far as it is read here.
struct WycheproofFile: Decodable {
    struct Group: Decodable {
        let publicKey: PublicKey
        let sha: String?
        let tests: [Vector]
    }

    struct PublicKey: Decodable {
        /// ECDSA.
        let uncompressed: String?
        /// Ed25519.
        let pk: String?
        /// RSA.
        let modulus: String?
        let publicExponent: String?
    }

    struct Vector: Decodable {
        let tcId: Int
        let comment: String
        let msg: String
        let sig: String
        let result: String
    }

    let numberOfTests: Int
    let testGroups: [Group]
}

@Suite("Wycheproof's signatures", .enabled(if: Vectors.areExpected, Vectors.absence))
struct WycheproofTests {
    enum Form: Sendable {
        case halves(Curve)
        case ed25519
        case pkcs1(Digest)
        case pss(Digest)

        var scheme: SignatureScheme {
            switch self {
            case .halves: .ecdsa
            case .ed25519: .ed25519
            case .pkcs1(let digest): .rsaPKCS1(digest)
            case .pss(let digest): .rsaPSS(digest)
            }
        }
    }

    struct Source: Sendable, CustomTestStringConvertible {
        let name: String
        let form: Form
        var testDescription: String { name }
    }

    static let sources = [
        Source(name: "ecdsa_secp256r1_sha256_p1363_test.json", form: .halves(.p256)),
        Source(name: "ecdsa_secp384r1_sha384_p1363_test.json", form: .halves(.p384)),
        Source(name: "ecdsa_secp521r1_sha512_p1363_test.json", form: .halves(.p521)),
        Source(name: "ed25519_test.json", form: .ed25519),
        Source(name: "rsa_signature_2048_sha256_test.json", form: .pkcs1(.sha256)),
        Source(name: "rsa_signature_2048_sha512_test.json", form: .pkcs1(.sha512)),
        Source(name: "rsa_signature_3072_sha256_test.json", form: .pkcs1(.sha256)),
        Source(name: "rsa_signature_4096_sha256_test.json", form: .pkcs1(.sha256)),
        Source(name: "rsa_pss_2048_sha256_mgf1_32_test.json", form: .pss(.sha256)),
    ]

    /// Vectors that leave the answer open, and ours; every other vector is `valid` or `invalid`, and none is left out.
    static let acceptable: [String: Bool] = [
        // A DigestInfo without its NULL: RFC 8017 §9.2 has one encoding, so no.
        "rsa_signature_2048_sha256_test.json#8": false,
        "rsa_signature_2048_sha512_test.json#8": false,
        "rsa_signature_3072_sha256_test.json#8": false,
        "rsa_signature_4096_sha256_test.json#8": false,
    ]

    @Test("every vector gets its answer", arguments: sources)
    func answers(_ source: Source) throws {
        let file = try Vectors.read(WycheproofFile.self, from: "wycheproof/\(source.name)")
        var count = 0
        for group in file.testGroups {
            let key = try Self.key(of: group, form: source.form)
            for vector in group.tests {
                let id = "\(source.name)#\(vector.tcId)"
                let expected = Self.acceptable[id] ?? (vector.result == "valid")
                #expect((vector.result == "acceptable") == (Self.acceptable[id] != nil), "\(id) is \(vector.result)")
                let matches = try key.verifies(
                    bytes(hex: vector.sig), over: bytes(hex: vector.msg), scheme: source.form.scheme)
                #expect(matches == expected, "\(id): \(vector.comment)")
                count += 1
            }
        }
        #expect(count == file.numberOfTests)
    }

    private static func key(of group: WycheproofFile.Group, form: Form) throws -> VerificationKey {
        switch form {
        case .halves(let curve):
            let point = bytes(hex: try #require(group.publicKey.uncompressed))
            return try VerificationKey(curve: curve, point: point)
        case .ed25519: return try VerificationKey(ed25519: bytes(hex: try #require(group.publicKey.pk)))
        case .pkcs1(let digest), .pss(let digest): return try rsaKey(of: group, digest)
        }
    }

    private static func rsaKey(of group: WycheproofFile.Group, _ digest: Digest) throws -> VerificationKey {
        #expect(group.sha == (digest == .sha256 ? "SHA-256" : "SHA-512"))
        return try VerificationKey(
            modulus: bytes(hex: try #require(group.publicKey.modulus)),
            exponent: bytes(hex: try #require(group.publicKey.publicExponent)))
    }

    @Test("DER is never taken for r ‖ s, and what it spells strictly gets the vector's answer")
    func refusesDER() throws {
        let name = "ecdsa_secp256r1_sha256_test.json"
        let file = try Vectors.read(WycheproofFile.self, from: "wycheproof/\(name)")
        var (count, translated, valid) = (0, 0, 0)
        for group in file.testGroups {
            let key = try Self.key(of: group, form: .halves(.p256))
            for vector in group.tests {
                let (message, signature) = (bytes(hex: vector.msg), bytes(hex: vector.sig))
                let matches = try key.verifies(signature, over: message, scheme: .ecdsa)
                #expect(!matches, "\(name)#\(vector.tcId) as it stands: \(vector.comment)")
                count += 1
                if vector.result == "valid" { valid += 1 }
                guard let halves = StrictDER.halves(signature, coordinateCount: 32) else {
                    #expect(vector.result == "invalid", "\(name)#\(vector.tcId) is not strict DER")
                    continue
                }
                translated += 1
                let matchesAsHalves = try key.verifies(halves, over: message, scheme: .ecdsa)
                #expect(matchesAsHalves == (vector.result == "valid"), "\(name)#\(vector.tcId): \(vector.comment)")
            }
        }
        #expect(count == file.numberOfTests)
        #expect(translated > valid, "no invalid vector was translated")
    }
}

/// A reader of `SEQUENCE { INTEGER r, INTEGER s }` in DER and nothing else, for vectors that come in that form.
private enum StrictDER {
    /// `r ‖ s`, each as long as a coordinate or longer; `nil` for a negative number and for anything but strict DER.
    static func halves(_ bytes: [UInt8], coordinateCount: Int) -> [UInt8]? {
        var rest = bytes[...]
        guard var body = element(0x30, of: &rest), rest.isEmpty else { return nil }
        guard let r = element(0x02, of: &body), let s = element(0x02, of: &body), body.isEmpty else { return nil }
        guard let r = magnitude(r), let s = magnitude(s) else { return nil }
        return [r, s].flatMap { [UInt8](repeating: 0, count: max(0, coordinateCount - $0.count)) + $0 }
    }

    private static func element(_ tag: UInt8, of rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard rest.popFirst() == tag, let count = rest.popFirst(), count < 0x80, count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }

    private static func magnitude(_ integer: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let first = integer.first, first < 0x80 else { return nil }
        guard first == 0, let second = integer.dropFirst().first else { return integer }
        return second < 0x80 ? nil : integer.dropFirst()
    }
}
