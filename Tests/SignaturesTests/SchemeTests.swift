import Encodings
import Signatures
import Testing

/// Whether what is verified is exactly what was asked for.
@Suite("Signature schemes")
struct SchemeTests {
    enum Signer: Sendable, CaseIterable {
        case rsaSHA256
        case rsaSHA512
        case rsaPSS
        case ecdsa
        case ed25519
    }

    /// A key, a good signature and what it is over.
    struct Sample: ~Copyable {
        let key: VerificationKey
        let message: [UInt8]
        let signature: [UInt8]
        let scheme: SignatureScheme
    }

    private static func sample(_ signer: Signer) throws -> Sample {
        func rsa(_ message: [UInt8], _ signature: [UInt8], _ scheme: SignatureScheme) throws -> Sample {
            let key = try VerificationKey(modulus: RSASamples.modulus, exponent: RSASamples.exponent)
            return Sample(key: key, message: message, signature: signature, scheme: scheme)
        }
        switch signer {
        case .rsaSHA256:
            return try rsa(RSASamples.sha256Message, RSASamples.leadingZeroSHA256, .rsaPKCS1(.sha256))
        case .rsaSHA512:
            return try rsa(RSASamples.sha512Message, RSASamples.leadingZeroSHA512, .rsaPKCS1(.sha512))
        case .rsaPSS: return try rsa(RSASamples.message, RSASamples.leadingZeroPSS, .rsaPSS(.sha256))
        case .ecdsa:
            // RFC 6979 A.2.5, SHA-256 over "sample".
            let point = bytes(
                hex: "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                    + "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
            return Sample(
                key: try VerificationKey(curve: .p256, point: point), message: Array("sample".utf8),
                signature: bytes(
                    hex: "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                        + "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"),
                scheme: .ecdsa)
        case .ed25519:
            // RFC 8032 §7.1, test 2.
            let key = bytes(hex: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
            return Sample(
                key: try VerificationKey(ed25519: key), message: [0x72],
                signature: bytes(
                    hex: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                        + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
                scheme: .ed25519)
        }
    }

    private static let schemes =
        Digest.allCases.flatMap { [SignatureScheme.rsaPKCS1($0), .rsaPSS($0)] } + [.ecdsa, .ed25519]

    @Test("a signature matches under its own scheme and under no other", arguments: Signer.allCases)
    func matchesOneScheme(signer: Signer) throws {
        let sample = try Self.sample(signer)
        for scheme in Self.schemes {
            let matches = try sample.key.verifies(sample.signature, over: sample.message, scheme: scheme)
            #expect(matches == (scheme == sample.scheme), "\(scheme)")
        }
    }

    @Test("every flipped bit, in signature or message, ends the match", arguments: Signer.allCases)
    func refusesFlips(signer: Signer) throws {
        let sample = try Self.sample(signer)
        for bit in 0..<sample.signature.count * 8 {
            var signature = sample.signature
            signature[bit / 8] ^= 0x80 >> (bit % 8)
            let matches = try sample.key.verifies(signature, over: sample.message, scheme: sample.scheme)
            #expect(!matches, "signature, bit \(bit)")
        }
        for bit in 0..<sample.message.count * 8 {
            var message = sample.message
            message[bit / 8] ^= 0x80 >> (bit % 8)
            let matches = try sample.key.verifies(sample.signature, over: message, scheme: sample.scheme)
            #expect(!matches, "message, bit \(bit)")
        }
        let longer = try sample.key.verifies(sample.signature, over: sample.message + [0], scheme: sample.scheme)
        #expect(!longer)
    }

    @Test("every length but the right one ends the match", arguments: Signer.allCases)
    func refusesLengths(signer: Signer) throws {
        let sample = try Self.sample(signer)
        let signature = sample.signature
        let wrong =
            signature.indices.map { Array(signature.prefix($0)) } + (1...16).map { Array(signature.dropFirst($0)) }
            + [signature + [0], [0] + signature, signature + signature, signature + [0, 0, 0, 0]]
        for signature in wrong {
            let matches = try sample.key.verifies(signature, over: sample.message, scheme: sample.scheme)
            #expect(!matches, "\(signature.count) bytes")
        }
    }

    @Test("a signature of nothing but zeros matches nothing", arguments: Signer.allCases)
    func refusesZeros(signer: Signer) throws {
        let sample = try Self.sample(signer)
        let zeros = [UInt8](repeating: 0, count: sample.signature.count)
        for message in [sample.message, []] {
            let matches = try sample.key.verifies(zeros, over: message, scheme: sample.scheme)
            #expect(!matches)
        }
    }

    @Test("PSS with a shorter salt or another mask does not match")
    func refusesOtherPSS() throws {
        let sample = try Self.sample(.rsaPSS)
        for signature in [RSASamples.shortSaltPSS, RSASamples.sha1MaskPSS] {
            let matches = try sample.key.verifies(signature, over: RSASamples.message, scheme: .rsaPSS(.sha256))
            #expect(!matches)
        }
    }

    @Test("SHA-1 is no way to match")
    func refusesSHA1() throws {
        let sample = try Self.sample(.rsaSHA256)
        for scheme in Self.schemes {
            let matches = try sample.key.verifies(RSASamples.sha1, over: RSASamples.message, scheme: scheme)
            #expect(!matches, "\(scheme)")
        }
    }

    @Test("the same r and s with more leading zeros, or as DER, do not match")
    func refusesOtherWidths() throws {
        let sample = try Self.sample(.ecdsa)
        let (r, s) = (Array(sample.signature.prefix(32)), Array(sample.signature.suffix(32)))
        // Both have their top bit set.
        let der = [0x30, 70, 2, 33, 0] + r + [2, 33, 0] + s
        for signature in [[0] + r + [0] + s, [0, 0] + r + [0, 0] + s, der] {
            let matches = try sample.key.verifies(signature, over: sample.message, scheme: .ecdsa)
            #expect(!matches, "\(signature.count) bytes")
        }
    }

    @Test("an ECDSA signature past the order, or with a zero half, does not match")
    func refusesRange() throws {
        let sample = try Self.sample(.ecdsa)
        let order = bytes(hex: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        let zero = [UInt8](repeating: 0, count: 32)
        let (r, s) = (Array(sample.signature.prefix(32)), Array(sample.signature.suffix(32)))
        for signature in [zero + s, r + zero, order + s, r + order, zero + zero, order + order, s + r] {
            let matches = try sample.key.verifies(signature, over: sample.message, scheme: .ecdsa)
            #expect(!matches, "\(hex(signature.prefix(4)))…\(hex(signature.suffix(4)))")
        }
    }
}
