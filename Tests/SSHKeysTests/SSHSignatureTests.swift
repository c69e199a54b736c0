import SSHKeys
import SSHWire
import Signatures
import Testing

@testable import TestSupport

@Suite("Signatures by SSH keys")
struct SSHSignatureTests {
    static let message = Array("what was signed".utf8)

    @Test("a key's signature verifies over its message and over no other", arguments: OpenSSLKey.Kind.allCases)
    func verifies(kind: OpenSSLKey.Kind) throws {
        let scratch = try Scratch()
        let signer = try OpenSSLKey(kind, in: scratch)
        let key = try PublicKey(blob: signer.blob[...])
        let signature = try signer.sign(Self.message)
        try key.verify(signature[...], over: Self.message)
        for message in [[], Self.message.dropLast(), Self.message + [0]] {
            #expect(throws: SignatureError.mismatch) { try key.verify(signature[...], over: Array(message)) }
        }
        let other = try PublicKey(blob: try OpenSSLKey(kind, in: scratch, name: "other").blob[...])
        #expect(throws: SignatureError.mismatch) { try other.verify(signature[...], over: Self.message) }
    }

    @Test("RSA's hash is the one that the signature names", arguments: ["sha256", "sha512"])
    func picksRSAHash(hash: String) throws {
        let scratch = try Scratch()
        let signer = try OpenSSLKey(.rsa, in: scratch)
        let key = try PublicKey(blob: signer.blob[...])
        try key.verify(try signer.sign(Self.message, hash: hash)[...], over: Self.message)
        let other = hash == "sha256" ? "rsa-sha2-512" : "rsa-sha2-256"
        let mislabelled = try signer.sign(Self.message, label: other, hash: hash)
        #expect(throws: SignatureError.mismatch) { try key.verify(mislabelled[...], over: Self.message) }
    }

    @Test("SHA-1 is no algorithm, under its own name and under others")
    func refusesSHA1() throws {
        let signer = try OpenSSLKey(.rsa, in: Scratch())
        let key = try PublicKey(blob: signer.blob[...])
        let signature = try signer.sign(Self.message, label: "ssh-rsa", hash: "sha1")
        #expect(throws: SignatureError.algorithm("ssh-rsa", for: .rsa)) {
            try key.verify(signature[...], over: Self.message)
        }
        for label in ["rsa-sha2-256", "rsa-sha2-512"] {
            let signature = try signer.sign(Self.message, label: label, hash: "sha1")
            #expect(throws: SignatureError.mismatch) { try key.verify(signature[...], over: Self.message) }
        }
        let honest = try signer.sign(Self.message, label: "ssh-rsa", hash: "sha256")
        #expect(throws: SignatureError.algorithm("ssh-rsa", for: .rsa)) {
            try key.verify(honest[...], over: Self.message)
        }
    }

    @Test("an SHA-1 certificate of ssh-keygen's form is not believed")
    func refusesSHA1Certificates() throws {
        let scratch = try Scratch()
        let key = try OpenSSLKey(.ed25519, in: scratch)
        let signer = try OpenSSLKey(.rsa, in: scratch, name: "signer")
        let made = try HandmadeCertificate(for: key, by: signer, hash: "sha1", label: "ssh-rsa")
        let certificate = try Certificate(blob: made.blob[...])
        #expect(throws: SignatureError.algorithm("ssh-rsa", for: .rsa)) { try certificate.verifySignature() }
    }

    static let labels = [
        "", "ssh-ed25519", "ssh-rsa", "rsa-sha2-256", "rsa-sha2-512", "rsa-sha2-384", "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-ed25519-cert-v01@openssh.com", "ssh-rsa-cert-v01@openssh.com", "SSH-ED25519", "none",
    ]

    @Test("an algorithm that is not the key's is refused by name", arguments: OpenSSLKey.Kind.allCases)
    func refusesLabels(kind: OpenSSLKey.Kind) throws {
        let signer = try OpenSSLKey(kind, in: Scratch())
        let key = try PublicKey(blob: signer.blob[...])
        let own = kind == .rsa ? ["rsa-sha2-256", "rsa-sha2-512"] : [kind.sshName]
        let signature = try signer.sign(Self.message)
        let inner = signature.dropFirst(Pack.string(own[own.count - 1]).count)
        for label in Self.labels where !own.contains(label) {
            #expect(throws: SignatureError.algorithm(label, for: key.algorithm)) {
                try key.verify((Pack.string(label) + inner)[...], over: Self.message)
            }
        }
    }

    @Test("every truncation and every byte more is refused", arguments: OpenSSLKey.Kind.allCases)
    func refusesLengths(kind: OpenSSLKey.Kind) throws {
        let signer = try OpenSSLKey(kind, in: Scratch())
        let key = try PublicKey(blob: signer.blob[...])
        let signature = try signer.sign(Self.message)
        for count in signature.indices {
            #expect(throws: SignatureError.self, "\(count) bytes") {
                try key.verify(signature[..<count], over: Self.message)
            }
        }
        #expect(throws: SignatureError.malformed(.trailing(count: 1, at: signature.count))) {
            try key.verify((signature + [0])[...], over: Self.message)
        }
    }

    struct Malformed: Sendable, CustomTestStringConvertible {
        let name: String
        let body: [UInt8]
        let error: SignatureError
        var testDescription: String { name }
    }

    private static let half = [1] + [UInt8](repeating: 0, count: 31)

    /// Bodies of an ECDSA signature on P-256; behind the name and two lengths they start at byte 27.
    static let malformed = [
        Malformed(name: "no body", body: [], error: .malformed(.truncated(needed: 4, left: 0, at: 27))),
        Malformed(
            name: "no s", body: Pack.string([1]), error: .malformed(.truncated(needed: 4, left: 0, at: 32))),
        Malformed(name: "r zero", body: Pack.string("") + Pack.string([1]), error: .malformed(.emptyInteger(at: 31))),
        Malformed(name: "s zero", body: Pack.string([1]) + Pack.string(""), error: .malformed(.emptyInteger(at: 36))),
        Malformed(
            name: "r negative", body: Pack.string([0x80]) + Pack.string([1]),
            error: .malformed(.negativeInteger(at: 31))),
        Malformed(
            name: "s with a needless zero", body: Pack.string([1]) + Pack.string([0, 1]),
            error: .malformed(.nonMinimalInteger(at: 36))),
        Malformed(
            name: "a third number", body: Pack.string([1]) + Pack.string([1]) + Pack.string([1]),
            error: .malformed(.trailing(count: 5, at: 37))),
        Malformed(name: "r of 33 bytes", body: Pack.string(half + [0]) + Pack.string(half), error: .mismatch),
        Malformed(name: "s of 33 bytes", body: Pack.string(half) + Pack.string(half + [0]), error: .mismatch),
        Malformed(name: "both of 33 bytes", body: Pack.string(half + [0]) + Pack.string(half + [0]), error: .mismatch),
        Malformed(
            name: "r of a kilobyte", body: Pack.string([UInt8](repeating: 1, count: 1024)) + Pack.string([1]),
            error: .mismatch),
        Malformed(name: "r and s one", body: Pack.string([1]) + Pack.string([1]), error: .mismatch),
    ]

    @Test("r and s must be two positive mpints, and no more", arguments: malformed)
    func refusesBodies(_ row: Malformed) throws {
        let key = PublicKey.ecdsa(.p256, point: Self.generator)
        let signature = Pack.string("ecdsa-sha2-nistp256") + Pack.string(row.body)
        #expect(throws: row.error) { try key.verify(signature[...], over: Self.message) }
    }

    /// SEC 2: P-256's generator.
    private static let generator: [UInt8] = [
        0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40, 0xF2,
        0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96,
        0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16,
        0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5,
    ]

    @Test("DER, as X.509 has it, is no signature here")
    func refusesDER() {
        let der: [UInt8] = [0x30, 6, 2, 1, 1, 2, 1, 1]
        let signature = Pack.string("ecdsa-sha2-nistp256") + Pack.string(der)
        #expect(throws: SignatureError.malformed(.truncated(needed: 0x3006_0201, left: 4, at: 31))) {
            try PublicKey.ecdsa(.p256, point: Self.generator).verify(signature[...], over: Self.message)
        }
    }

    @Test(
        "an authenticator's flags, counter and application are signed", arguments: [OpenSSLKey.Kind.skEd25519, .skP256])
    func coversAuthenticatorData(kind: OpenSSLKey.Kind) throws {
        let signer = try OpenSSLKey(kind, in: Scratch())
        let key = try PublicKey(blob: signer.blob[...])
        for flags: UInt8 in [0, 1, 5] {
            let signature = try signer.sign(Self.message, flags: flags)
            try key.verify(signature[...], over: Self.message)
            for index in signature.indices.suffix(5) {
                var other = signature
                other[index] ^= 1
                #expect(throws: SignatureError.mismatch) { try key.verify(other[...], over: Self.message) }
            }
        }
        let signature = try signer.sign(Self.message)
        let other: PublicKey
        switch key {
        case .skEd25519(let bytes, _): other = .skEd25519(bytes, application: Array("ssh:".utf8))
        case .skECDSA(let point, _): other = .skECDSA(point: point, application: Array("ssh:".utf8))
        case .ed25519, .ecdsa, .rsa, .mldsa44Ed25519: other = key
        }
        #expect(throws: SignatureError.mismatch) { try other.verify(signature[...], over: Self.message) }
    }

    static let unusable: [(PublicKey, SignatureError)] = [
        (
            .rsa(exponent: [1, 0, 1], modulus: [0x80] + [UInt8](repeating: 1, count: 127)),
            .key(.rsaModulus(bits: 1024))
        ),
        (.rsa(exponent: [1], modulus: [0x80] + [UInt8](repeating: 1, count: 255)), .key(.rsaExponent)),
        (.ecdsa(.p256, point: [4] + [UInt8](repeating: 1, count: 64)), .key(.notOnCurve(.p256))),
        (.ecdsa(.p384, point: [4] + [UInt8](repeating: 1, count: 96)), .key(.notOnCurve(.p384))),
        (.skECDSA(point: [4] + [UInt8](repeating: 1, count: 64), application: []), .key(.notOnCurve(.p256))),
        (.ed25519([1]), .key(.length(1))),
        (.mldsa44Ed25519([UInt8](repeating: 1, count: 1344)), .unsupported(.mldsa44Ed25519)),
    ]

    @Test("a key that is weak or off its curve verifies nothing, and says why", arguments: unusable)
    func refusesKeys(key: PublicKey, error: SignatureError) {
        #expect(throws: error) { _ = try key.verificationKey() }
        #expect(throws: error) { try key.verify([], over: Self.message) }
    }

    @Test("each error says what was expected and what was found")
    func describesErrors() {
        let described: [(SignatureError, String)] = [
            (.malformed(.emptyInteger(at: 31)), "signature: byte 31: zero, where a positive integer is expected"),
            (.algorithm("ssh-rsa", for: .rsa), #"signature: "ssh-rsa" is not accepted from a ssh-rsa key"#),
            (.mismatch, "signature: does not match"),
            (.key(.length(1)), "key: 32 bytes of Ed25519 key expected, 1 found"),
            (
                .unsupported(.mldsa44Ed25519),
                "key: signatures of ssh-mldsa44-ed25519@openssh.com cannot be checked with this libcrypto"
            ),
        ]
        for (error, text) in described { #expect("\(error)" == text) }
    }
}
