import Encodings
import Foundation
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

/// Keys and certificates that ssh-keygen makes, compared with what it was asked for and with what it says of them.
@Suite("What ssh-keygen makes")
struct KeygenTests {
    struct Made: Sendable, CustomTestStringConvertible {
        let key: [String]
        let signer: [String]
        let algorithm: KeyAlgorithm
        var hash: [String] = []
        var testDescription: String { (key + ["by"] + signer + hash).joined(separator: " ") }
    }

    static let made = [
        Made(key: ["-t", "ed25519"], signer: ["-t", "ed25519"], algorithm: .ed25519),
        Made(key: ["-t", "ecdsa", "-b", "256"], signer: ["-t", "ecdsa", "-b", "521"], algorithm: .ecdsaP256),
        Made(key: ["-t", "ecdsa", "-b", "384"], signer: ["-t", "ecdsa", "-b", "256"], algorithm: .ecdsaP384),
        Made(key: ["-t", "ecdsa", "-b", "521"], signer: ["-t", "ecdsa", "-b", "384"], algorithm: .ecdsaP521),
        Made(
            key: ["-t", "rsa", "-b", "2048"], signer: ["-t", "rsa", "-b", "3072"], algorithm: .rsa,
            hash: ["-t", "rsa-sha2-256"]),
        Made(
            key: ["-t", "rsa", "-b", "3072"], signer: ["-t", "rsa", "-b", "2048"], algorithm: .rsa,
            hash: ["-t", "rsa-sha2-512"]),
        Made(key: ["-t", "ed25519"], signer: ["-t", "rsa", "-b", "4096"], algorithm: .ed25519),
    ]

    /// The blob in a `.pub` file.
    private func blob(_ name: String, in scratch: Scratch) throws -> [UInt8] {
        let words = String(decoding: try scratch.read(name), as: UTF8.self).split(separator: " ")
        return try #require(Base64.standard.decode(Array(words[1].trimmingCharacters(in: .newlines).utf8)))
    }

    private func makeKeys(_ row: Made) throws -> Scratch {
        let scratch = try Scratch()
        for (name, type) in [("key", row.key), ("signer", row.signer)] {
            try scratch.run(["ssh-keygen", "-q", "-N", "", "-C", "\(name)@host", "-f", name] + type)
        }
        return scratch
    }

    @Test("a key has its type and ssh-keygen's fingerprint, and is written as it was read", arguments: made)
    func readsKeys(_ row: Made) throws {
        let scratch = try makeKeys(row)
        let blob = try blob("key.pub", in: scratch)
        let key = try PublicKey(blob: blob[...])
        #expect(key.algorithm == row.algorithm)
        #expect(key.blob == blob)
        let said = String(decoding: try scratch.run("ssh-keygen", "-lf", "key.pub"), as: UTF8.self).split(
            separator: " ")
        #expect("\(try key.fingerprint())" == said[1])

        let line = try AuthorizedKey(line: try scratch.read("key.pub").dropLast())
        #expect(line.blob == blob)
        #expect(line.comment == "key@host")
        #expect("\(key.authorizedKeysText) key@host\n".utf8.elementsEqual(try scratch.read("key.pub")))
        _ = try key.verificationKey()
    }

    @Test("a user's certificate with everything in it is read as it was asked for, and verifies", arguments: made)
    func readsUserCertificates(_ row: Made) throws {
        let scratch = try makeKeys(row)
        let options = [
            "clear", "force-command=echo \"hi, there\"", "source-address=10.0.0.0/8,::1/128", "verify-required",
            "critical:odd@example.com=1", "permit-X11-forwarding", "permit-agent-forwarding",
            "permit-port-forwarding", "permit-pty", "permit-user-rc", "no-touch-required",
            "extension:zz@example.com=value", "extension:Flag@example.com",
        ]
        try scratch.run(
            ["ssh-keygen", "-q", "-s", "signer", "-I", "key id, \"é\"", "-z", "18446744073709551615"]
                + ["-n", "alice,bob.smith,opkssh-wildcard", "-V", "0x1:0x7FFFFFFFFFFFFFFF"] + row.hash
                + options.flatMap { ["-O", $0] } + ["key.pub"])
        let blob = try blob("key-cert.pub", in: scratch)
        let certificate = try Certificate(blob: blob[...])
        let contents = certificate.contents
        let key = try self.blob("key.pub", in: scratch)
        #expect(contents.key == (try PublicKey(blob: key[...])))
        #expect(contents.signatureKey.blob == (try self.blob("signer.pub", in: scratch)))
        #expect(contents.nonce.count == 32)
        #expect(contents.serial == .max)
        #expect(contents.kind == .user)
        #expect(contents.keyID == Array("key id, \"é\"".utf8))
        #expect(contents.principals == ["alice", "bob.smith", "opkssh-wildcard"].map { Array($0.utf8) })
        #expect((contents.validAfter, contents.validBefore) == (1, 0x7FFF_FFFF_FFFF_FFFF))
        #expect(
            try contents.typedCriticalOptions() == [
                .forceCommand(Array("echo \"hi, there\"".utf8)), .unknown("odd@example.com"),
                .sourceAddress(Array("10.0.0.0/8,::1/128".utf8)), .verifyRequired,
            ])
        #expect(
            try contents.permits() == [
                .noTouchRequired, .x11Forwarding, .agentForwarding, .portForwarding, .pty, .userRC,
            ])
        #expect(try contents.extension("zz@example.com")?.string() == Array("value".utf8))
        #expect(contents.extension("Flag@example.com")?.data == [])
        #expect(contents.extension("flag@example.com") == nil)
        #expect(!certificate.isSelfSigned)

        try certificate.verifySignature()
        #expect(contents.encoded == Array(certificate.signed))
        #expect(Array(certificate.signed) == Array(blob.prefix(certificate.signed.count)))
        #expect(contents.blob(signedBy: Array(certificate.signature)) == blob)
        var other = contents
        other.serial -= 1
        #expect(throws: SignatureError.mismatch) {
            try contents.signatureKey.verify(certificate.signature, over: other.encoded)
        }
        if let hash = row.hash.last {
            #expect(certificate.signature.starts(with: Pack.string(hash)))
        }
    }

    @Test("a host's certificate that holds for ever is read as one, and verifies")
    func readsHostCertificates() throws {
        let scratch = try makeKeys(Self.made[0])
        try scratch.run("ssh-keygen", "-q", "-h", "-s", "signer", "-I", "host", "-n", "host.example.com", "key.pub")
        let certificate = try Certificate(blob: try blob("key-cert.pub", in: scratch)[...])
        #expect(certificate.contents.kind == .host)
        #expect((certificate.contents.validAfter, certificate.contents.validBefore) == (0, .max))
        #expect(certificate.contents.start == UnixTime(seconds: 0))
        #expect(certificate.contents.end == .never)
        #expect(certificate.contents.extensions.isEmpty)
        #expect(certificate.contents.criticalOptions.isEmpty)
        try certificate.verifySignature()
    }

    @Test("a certificate without principals, signed by its own key, is read as such")
    func readsSelfSigned() throws {
        let scratch = try makeKeys(Self.made[1])
        try scratch.run("ssh-keygen", "-q", "-s", "key", "-I", "", "key.pub")
        let certificate = try Certificate(blob: try blob("key-cert.pub", in: scratch)[...])
        #expect(certificate.isSelfSigned)
        #expect(certificate.contents.principals.isEmpty)
        #expect(certificate.contents.keyID.isEmpty)
        try certificate.verifySignature()
    }

    @Test("ssh-keygen reads a certificate that we wrote and openssl signed")
    func writesForOthers() throws {
        let scratch = try Scratch()
        let key = try OpenSSLKey(.p256, in: scratch)
        let contents = CertificateContents(
            nonce: Array(0..<32), key: try PublicKey(blob: key.blob[...]), serial: 7, kind: .user,
            keyID: Array("alice@example.com".utf8), principals: [Array("opkssh-wildcard".utf8)],
            validAfter: 1_795_348_770, validBefore: 1_795_349_100, criticalOptions: [],
            extensions: [
                CertificateOption(flag: "permit-pty"),
                CertificateOption(name: "openpubkey-pkt", string: Array("token".utf8)),
            ],
            signatureKey: try PublicKey(blob: key.blob[...]))
        let blob = contents.blob(signedBy: try key.sign(contents.encoded))
        let line = "ecdsa-sha2-nistp256-cert-v01@openssh.com \(Base64.standard.encode(blob))\n"
        try scratch.write(Array(line.utf8), to: "made-cert.pub")
        // It checks the signature too.
        let said = String(decoding: try scratch.run("ssh-keygen", "-Lf", "made-cert.pub"), as: UTF8.self)
        #expect(said.contains("Serial: 7\n"))
        #expect(said.contains("Key ID: \"alice@example.com\"\n"))
        #expect(said.contains("opkssh-wildcard\n"))
        #expect(said.contains("openpubkey-pkt UNKNOWN OPTION: 00000005746f6b656e (len 9)\n"))
        let read = try Certificate(blob: blob[...])
        try read.verifySignature()
        #expect(read.contents.extensions.map(\.name) == ["openpubkey-pkt", "permit-pty"])
    }
}
