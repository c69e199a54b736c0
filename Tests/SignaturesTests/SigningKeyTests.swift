import Encodings
import Testing

@testable import Signatures

@Suite("Signing keys")
struct SigningKeyTests {
    private static let message = Array("what is signed".utf8)

    /// Whether `signature` is `key`'s, as the host checks it.
    private func verifies(_ signature: [UInt8], by key: borrowing SigningKey, over message: [UInt8]) throws -> Bool {
        switch key.kind {
        case .ed25519:
            return try VerificationKey(ed25519: key.publicKey).verifies(signature, over: message, scheme: .ed25519)
        case .p256:
            let key = try VerificationKey(curve: .p256, point: key.publicKey)
            return try key.verifies(signature, over: message, scheme: .ecdsa)
        }
    }

    private func imported(_ kind: SigningKey.Kind, _ secret: [UInt8]) throws(SigningKeyDefect) -> SigningKey {
        switch kind {
        case .ed25519: try SigningKey(ed25519: secret)
        case .p256: try SigningKey(p256: secret)
        }
    }

    struct Ed25519Vector: Sendable {
        let seed: String
        let publicKey: String
        let message: String
        let signature: String
    }

    /// RFC 8032 §7.1, tests 1 to 3.
    static let ed25519Vectors = [
        Ed25519Vector(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        Ed25519Vector(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        Ed25519Vector(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ]

    @Test("an Ed25519 seed makes the public key and the signature of RFC 8032", arguments: ed25519Vectors)
    func signsAsRFC8032(_ row: Ed25519Vector) throws {
        let key = try SigningKey(ed25519: bytes(hex: row.seed))
        #expect(key.kind == .ed25519)
        #expect(hex(key.publicKey) == row.publicKey)
        let signature = try key.signature(over: bytes(hex: row.message))
        #expect(hex(signature) == row.signature)
        let secret = key.withSecret { hex($0) }
        #expect(secret == row.seed)
    }

    private static let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
    private static let zeros = String(repeating: "0", count: 63)
    private static let generatorX = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"

    /// Scalar and point: SEC 2's generator and its negation, RFC 6979 A.2.5, and NIST's multiple for 2.
    static let scalars = [
        (zeros + "1", "04" + generatorX + "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
        (
            order.dropLast() + "0",
            "04" + generatorX + "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a"
        ),
        (
            zeros + "2",
            "047cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978"
                + "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1"
        ),
        (
            "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                + "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
        ),
    ]

    @Test("a P-256 scalar makes the published point, and signs for it", arguments: scalars)
    func importsScalars(scalar: String, point: String) throws {
        let key = try SigningKey(p256: bytes(hex: scalar))
        #expect(key.kind == .p256)
        #expect(hex(key.publicKey) == point)
        let signature = try key.signature(over: Self.message)
        let matches = try verifies(signature, by: key, over: Self.message)
        #expect(matches)
        let secret = key.withSecret { hex($0) }
        #expect(secret == scalar)
    }

    static let refusedScalars = [
        String(repeating: "0", count: 64), order, order.dropLast() + "2", String(repeating: "f", count: 64),
    ]

    @Test("zero, the order and what is beyond are no P-256 scalar", arguments: refusedScalars)
    func refusesScalars(scalar: String) {
        #expect(throws: SigningKeyDefect.scalar) { _ = try SigningKey(p256: bytes(hex: scalar)) }
        #expect(LibcryptoError(call: "f").code == 0)
    }

    @Test("a secret of any other length is refused", arguments: SigningKey.Kind.allCases)
    func refusesLengths(kind: SigningKey.Kind) {
        for count in [0, 1, 31, 33, 64] {
            #expect(throws: SigningKeyDefect.length(count)) {
                _ = try imported(kind, [UInt8](repeating: 1, count: count))
            }
        }
    }

    @Test("a new key's signature is 64 bytes and verifies over its message alone", arguments: SigningKey.Kind.allCases)
    func signs(kind: SigningKey.Kind) throws {
        let key = try SigningKey(generating: kind)
        let other = try SigningKey(generating: kind)
        #expect(key.kind == kind)
        for message in [[], Self.message, [UInt8](repeating: 7, count: 100_000)] {
            let signature = try key.signature(over: message)
            #expect(signature.count == 64)
            let matches = try verifies(signature, by: key, over: message)
            #expect(matches)
            let matchesMore = try verifies(signature, by: key, over: message + [0])
            #expect(!matchesMore)
            let matchesOther = try verifies(signature, by: other, over: message)
            #expect(!matchesOther)
        }
    }

    @Test("new keys are all different, and made again by their secrets", arguments: SigningKey.Kind.allCases)
    func generates(kind: SigningKey.Kind) throws {
        var seen: Set<[UInt8]> = []
        for _ in 0..<50 {
            let key = try SigningKey(generating: kind)
            #expect(seen.insert(key.publicKey).inserted)
            let secret = key.withSecret { $0 }
            #expect(secret.count == 32)
            #expect(seen.insert(secret).inserted)
            let again = try imported(kind, secret)
            #expect(again.publicKey == key.publicKey)
            let signature = try again.signature(over: Self.message)
            let matches = try verifies(signature, by: key, over: Self.message)
            #expect(matches)
        }
    }

    @Test("a half of an ECDSA signature that starts with zeros keeps its 32 bytes")
    func padsHalves() throws {
        let key = try SigningKey(generating: .p256)
        var short = 0
        // One signature in 128 has such a half.
        for number in 0..<2000 {
            let message = Array("\(number)".utf8)
            let signature = try key.signature(over: message)
            #expect(signature.count == 64)
            guard signature[0] == 0 || signature[32] == 0 else { continue }
            short += 1
            let matches = try verifies(signature, by: key, over: message)
            #expect(matches)
        }
        #expect(short > 0)
    }

    @Test("Ed25519 signs the same message the same way, ECDSA never does")
    func repeats() throws {
        let ed25519 = try SigningKey(generating: .ed25519)
        let (first, second) = (try ed25519.signature(over: []), try ed25519.signature(over: []))
        #expect(first == second)
        let p256 = try SigningKey(generating: .p256)
        let halves = try (0..<20).map { _ in Array(try p256.signature(over: []).prefix(32)) }
        #expect(Set(halves).count == 20)
    }

    @Test("what is wiped is zeros, as many as before")
    func wipes() {
        var secret: [UInt8] = [1, 2, 3]
        let copy = secret
        wipe(&secret)
        #expect(secret == [0, 0, 0])
        #expect(copy == [1, 2, 3])
        var nothing: [UInt8] = []
        wipe(&nothing)
        #expect(nothing.isEmpty)
    }

    @Test("a copy of the secret that is kept is the only one")
    func keepsSecret() throws {
        let key = try SigningKey(ed25519: [UInt8](repeating: 9, count: 32))
        let kept = key.withSecret { $0 }
        #expect(kept == [UInt8](repeating: 9, count: 32))
        let again = key.withSecret { $0 }
        #expect(again == kept)
    }
}
