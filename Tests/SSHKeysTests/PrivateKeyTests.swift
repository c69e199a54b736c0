import Encodings
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

@Suite("Private keys")
struct PrivateKeyTests {
    private static let message = Array("what is signed".utf8)

    private func contents(certifying key: PublicKey, by signer: PublicKey) -> CertificateContents {
        CertificateContents(
            nonce: Array(0..<32), key: key, serial: 7, kind: .user, keyID: Array("alice@example.com".utf8),
            principals: [Array("opkssh-wildcard".utf8)], validAfter: 1_795_348_770, validBefore: 1_795_349_100,
            criticalOptions: [],
            extensions: [
                CertificateOption(flag: "permit-pty"),
                CertificateOption(name: "openpubkey-pkt", string: Array("token".utf8)),
            ],
            signatureKey: signer)
    }

    @Test("an SSH signature verifies over its message alone, by its key alone", arguments: SigningKey.Kind.allCases)
    func signsForSSH(kind: SigningKey.Kind) throws {
        let key = try PrivateKey(generating: kind)
        let other = try PrivateKey(generating: kind)
        for message in [[], Self.message, [UInt8](repeating: 1, count: 10_000)] {
            let signature = try key.sshSignature(over: message)
            try key.publicKey.verify(signature[...], over: message)
            #expect(throws: SignatureError.mismatch) {
                try key.publicKey.verify(signature[...], over: message + [0])
            }
            #expect(throws: SignatureError.mismatch) { try other.publicKey.verify(signature[...], over: message) }
        }
    }

    @Test("each of a thousand ECDSA signatures is two mpints that SSH takes")
    func writesIntegers() throws {
        let key = try PrivateKey(generating: .p256)
        var counts: Set<Int> = []
        for number in 0..<1000 {
            let message = Array("\(number)".utf8)
            let signature = try key.sshSignature(over: message)
            counts.insert(signature.count)
            try key.publicKey.verify(signature[...], over: message)
        }
        // With a sign in front of r, of s, of both or of neither; shorter ones are rare.
        #expect(counts.isSuperset(of: [99, 100, 101]))
    }

    @Test("a JOSE signature is 64 bytes and verifies as the key's scheme", arguments: SigningKey.Kind.allCases)
    func signsForJOSE(kind: SigningKey.Kind) throws {
        let key = try PrivateKey(generating: kind)
        let signature = try key.joseSignature(over: Self.message)
        #expect(signature.count == 64)
        let scheme: SignatureScheme = kind == .ed25519 ? .ed25519 : .ecdsa
        let matches = try key.publicKey.verificationKey().verifies(signature, over: Self.message, scheme: scheme)
        #expect(matches)
    }

    @Test("a certificate by its own key is read as it was asked for, and verifies", arguments: SigningKey.Kind.allCases)
    func certifiesItself(kind: SigningKey.Kind) throws {
        let key = try PrivateKey(generating: kind)
        var asked = contents(certifying: key.publicKey, by: key.publicKey)
        let certificate = try Certificate(blob: try key.certificate(asked)[...])
        try certificate.verifySignature()
        #expect(certificate.isSelfSigned)
        #expect(try certificate.signatureAlgorithm == key.publicKey.algorithm.rawValue)
        asked.extensions.reverse()
        #expect(certificate.contents == asked)
    }

    @Test("ssh-keygen takes a certificate and its signature", arguments: SigningKey.Kind.allCases)
    func certifiesForOthers(kind: SigningKey.Kind) throws {
        let scratch = try Scratch()
        let key = try PrivateKey(generating: kind)
        let blob = try key.certificate(contents(certifying: key.publicKey, by: key.publicKey))
        let name = key.publicKey.algorithm.certificateName
        func listed(_ blob: [UInt8]) throws -> String {
            try scratch.write(Array("\(name) \(Base64.standard.encode(blob))\n".utf8), to: "key-cert.pub")
            return String(decoding: try scratch.run("ssh-keygen", "-Lf", "key-cert.pub"), as: UTF8.self)
        }
        let said = try listed(blob)
        let fingerprint = try key.publicKey.fingerprint()
        #expect(said.contains("Type: \(name) user certificate\n"))
        #expect(said.contains("\(fingerprint)\n"))
        #expect(said.contains("\(fingerprint) (using \(key.publicKey.algorithm.rawValue))\n"))
        #expect(said.contains("Serial: 7\n"))
        #expect(said.contains("Key ID: \"alice@example.com\"\n"))
        #expect(said.contains("opkssh-wildcard\n"))
        #expect(said.contains("openpubkey-pkt UNKNOWN OPTION: 00000005746f6b656e (len 9)\n"))
        // Another bit in the key id, and the signature does not hold.
        let place = try #require(blob.firstIndex(of: UInt8(ascii: "@")).map { $0 + 1 })
        var altered = blob
        altered[place] ^= 1
        #expect(throws: ProgramFailed.self) { try listed(altered) }
    }

    @Test("a key certifies another, which is then not its own signer")
    func certifiesAnother() throws {
        let signer = try PrivateKey(generating: .p256)
        let key = try PrivateKey(generating: .ed25519)
        let asked = contents(certifying: key.publicKey, by: signer.publicKey)
        let certificate = try Certificate(blob: try signer.certificate(asked)[...])
        try certificate.verifySignature()
        #expect(!certificate.isSelfSigned)
    }

    @Test("contents that name another signer are not signed")
    func refusesOtherSigner() throws {
        let key = try PrivateKey(generating: .ed25519)
        let other = try PrivateKey(generating: .ed25519)
        let asked = contents(certifying: key.publicKey, by: other.publicKey)
        #expect(throws: PrivateKeyError.otherSigner) { try key.certificate(asked) }
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let error: KeyError
        let change: @Sendable (inout CertificateContents) -> Void
    }

    static let rejected = [
        Rejected(testDescription: "a zero byte in the key id", error: .nul(in: .keyID)) { $0.keyID = [0] },
        Rejected(testDescription: "257 principals", error: .tooManyPrincipals) {
            $0.principals = [[UInt8]](repeating: [0x61], count: 257)
        },
        Rejected(testDescription: "an extension twice", error: .optionTwice("permit-pty", in: .extensions)) {
            $0.extensions.append(CertificateOption(flag: "permit-pty"))
        },
    ]

    @Test("contents that no certificate may have are not handed out", arguments: rejected)
    func refusesContents(_ row: Rejected) throws {
        let key = try PrivateKey(generating: .ed25519)
        var asked = contents(certifying: key.publicKey, by: key.publicKey)
        row.change(&asked)
        #expect(throws: PrivateKeyError.certificate(row.error)) { try key.certificate(asked) }
    }
}
