import Encodings
import Foundation
import Signatures
import Testing

@testable import SSHKeys
@testable import TestSupport

/// Key files that ssh-keygen makes, read by us, and ours, read by ssh-keygen.
@Suite("Private key files, with ssh-keygen as judge")
struct PrivateKeyKeygenTests {
    static let types = [["-t", "ed25519"], ["-t", "ecdsa", "-b", "256"]]

    private func words(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }.map(String.init)
    }

    /// Writes our file for `key`, as nobody else may read it: ssh-keygen insists.
    private func write(_ key: borrowing PrivateKey, comment: String, in scratch: Scratch) throws {
        try scratch.write(try key.file(comment: comment), to: "key")
        try scratch.run("chmod", "600", "key")
    }

    @Test("a file of ssh-keygen's is its key, and is written again byte for byte", arguments: types)
    func readsFiles(type: [String]) throws {
        let scratch = try Scratch()
        // Each length of comment asks for another padding.
        for count in 0...8 {
            let comment = String(repeating: "c", count: count)
            try scratch.run(["ssh-keygen", "-q", "-N", "", "-C", comment, "-f", "key-\(count)"] + type)
            let text = try scratch.read("key-\(count)")
            let key = try PrivateKey(file: text)
            #expect(
                key.publicKey.authorizedKeysText
                    == words(try scratch.read("key-\(count).pub"))[..<2].joined(separator: " "))

            let lines = text.split(separator: 0x0A).dropFirst().dropLast()
            let blob = try #require(Base64.standard.decode(Array(lines.joined())))
            let checkNumber = 15 + 8 + 8 + 4 + 4 + 4 + key.publicKey.blob.count + 4
            let again = try key.file(comment: comment, checkNumber: Array(blob[checkNumber...].prefix(4)))
            #expect(again == text)
        }
    }

    @Test("ssh-keygen reads a file of ours, with its comment and whatever padding", arguments: SigningKey.Kind.allCases)
    func writesFiles(kind: SigningKey.Kind) throws {
        let scratch = try Scratch()
        for comment in ["", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "alice@example.com via example"] {
            let key = try PrivateKey(generating: kind)
            try write(key, comment: comment, in: scratch)
            let said = String(decoding: try scratch.run("ssh-keygen", "-y", "-P", "", "-f", "key"), as: UTF8.self)
            #expect(said == key.publicKey.authorizedKeysText + (comment.isEmpty ? "" : " \(comment)") + "\n")
            let line = words(try scratch.run("ssh-keygen", "-lf", "key"))
            #expect(line[1] == "\(try key.publicKey.fingerprint())")
            #expect(line[2..<line.count - 1].joined(separator: " ") == comment)
            #expect(try PrivateKey(file: try scratch.read("key")).publicKey == key.publicKey)
        }
    }

    @Test("two files of one key have different check numbers, and one key in them")
    func drawsCheckNumbers() throws {
        let key = try PrivateKey(generating: .ed25519)
        let (first, second) = (try key.file(comment: ""), try key.file(comment: ""))
        #expect(first != second)
        #expect(try PrivateKey(file: first).publicKey == PrivateKey(file: second).publicKey)
    }

    @Test("a comment with a zero character is refused")
    func refusesZero() throws {
        let key = try PrivateKey(generating: .ed25519)
        #expect(throws: PrivateKeyError.nulInComment) { try key.file(comment: "a\0b") }
    }

    @Test("ssh-keygen signs with a file of ours, and verifies", arguments: SigningKey.Kind.allCases)
    func signsByKeygen(kind: SigningKey.Kind) throws {
        let scratch = try Scratch()
        let key = try PrivateKey(generating: kind)
        try write(key, comment: "c", in: scratch)
        try scratch.write(Array("alice \(key.publicKey.authorizedKeysText)\n".utf8), to: "allowed")
        try scratch.write(Array("what is signed".utf8), to: "message")
        try scratch.run("ssh-keygen", "-q", "-Y", "sign", "-f", "key", "-n", "file", "message")
        // ssh-keygen takes the message from its standard input.
        let verify = "exec ssh-keygen -Y verify -f allowed -I alice -n file -s message.sig < "
        try scratch.run("sh", "-c", verify + "message")
        #expect(throws: ProgramFailed.self) { try scratch.run("sh", "-c", verify + "allowed") }
    }

    @Test("a certificate that ssh-keygen signs with a file of ours verifies", arguments: SigningKey.Kind.allCases)
    func certifiesByKeygen(kind: SigningKey.Kind) throws {
        let scratch = try Scratch()
        let key = try PrivateKey(generating: kind)
        try write(key, comment: "c", in: scratch)
        try scratch.write(Array("\(key.publicKey.authorizedKeysText)\n".utf8), to: "key.pub")
        try scratch.run("ssh-keygen", "-q", "-s", "key", "-I", "id", "key.pub")
        let blob = try #require(Base64.standard.decode(Array(words(try scratch.read("key-cert.pub"))[1].utf8)))
        let certificate = try Certificate(blob: blob[...])
        try certificate.verifySignature()
        #expect(certificate.contents.signatureKey == key.publicKey)
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let error: PrivateKeyError
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let rejected = [
        Rejected(arguments: ["-t", "rsa", "-b", "2048"], error: .type("ssh-rsa")),
        Rejected(arguments: ["-t", "ecdsa", "-b", "384"], error: .type("ecdsa-sha2-nistp384")),
        Rejected(arguments: ["-t", "ecdsa", "-b", "521"], error: .type("ecdsa-sha2-nistp521")),
        Rejected(arguments: ["-t", "rsa", "-m", "PEM"], error: .armour(.firstLine)),
        Rejected(arguments: ["-t", "ecdsa", "-m", "PKCS8"], error: .armour(.firstLine)),
    ]

    @Test("a file of another type is refused by its name, and one of another format as such", arguments: rejected)
    func refusesTypes(_ row: Rejected) throws {
        let scratch = try Scratch()
        try scratch.run(["ssh-keygen", "-q", "-N", "", "-f", "key"] + row.arguments)
        #expect(throws: row.error) { _ = try PrivateKey(file: try scratch.read("key")) }
    }

    @Test(
        "a file with a passphrase is refused as such, whatever the cipher and the type",
        arguments: ["aes256-ctr", "aes128-cbc", "chacha20-poly1305@openssh.com"], types + [["-t", "rsa"]])
    func refusesPassphrases(cipher: String, type: [String]) throws {
        let scratch = try Scratch()
        let arguments = ["-N", "secret", "-a", "1", "-Z", cipher, "-f", "key"]
        try scratch.run(["ssh-keygen", "-q"] + arguments + type)
        #expect(throws: PrivateKeyError.encrypted(cipher: cipher)) {
            _ = try PrivateKey(file: try scratch.read("key"))
        }
    }

    @Test("the advice on a passphrase gives the same key again")
    func takesOffPassphrases() throws {
        let scratch = try Scratch()
        let key = try PrivateKey(generating: .ed25519)
        try write(key, comment: "c", in: scratch)
        try scratch.run("ssh-keygen", "-q", "-p", "-N", "secret", "-a", "1", "-f", "key")
        let error = #expect(throws: PrivateKeyError.self) { _ = try PrivateKey(file: try scratch.read("key")) }
        #expect(error?.advice == "Remove the passphrase with ssh-keygen -p -N '' -f FILE.")
        try scratch.run("ssh-keygen", "-q", "-p", "-N", "", "-P", "secret", "-f", "key")
        #expect(try PrivateKey(file: try scratch.read("key")).publicKey == key.publicKey)
    }
}
