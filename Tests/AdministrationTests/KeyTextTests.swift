import Administration
import Foundation
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

@Suite("A key that is to be an account's")
struct KeyTextTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// What ssh-keygen writes for a new key.
    private func made(_ type: String, _ arguments: String...) throws -> (name: String, text: [UInt8]) {
        let name = "k\(UUID())"
        try scratch.run(
            ["ssh-keygen", "-q", "-N", "", "-C", "me at home", "-t", type] + arguments + ["-f", scratch.path(name)])
        return (name, try scratch.read("\(name).pub"))
    }

    @Test(
        "a plain key is taken as ssh-keygen writes it",
        arguments: [
            ("ed25519", "256", "Ed25519"), ("ecdsa", "256", "ECDSA P-256"), ("ecdsa", "384", "ECDSA P-384"),
            ("ecdsa", "521", "ECDSA P-521"), ("rsa", "2048", "RSA 2048"), ("rsa", "3072", "RSA 3072"),
        ])
    func takes(type: String, bits: String, name: String) throws {
        let text = try KeyText(parsing: made(type, "-b", bits).text)
        #expect(text.comment == "me at home")
        let key = try text.plainKey()
        #expect(key.shortName == name)
        let printed = String(decoding: try made(type, "-b", bits).text, as: UTF8.self)
        #expect(printed.hasPrefix(key.algorithm.rawValue))
    }

    @Test("comments, empty lines and carriage returns around it do not count")
    func takesAround() throws {
        let line = try made("ed25519").text
        let text = Array("\r\n# mine\r\n  ".utf8) + line.dropLast() + Array("\r\n\r\n".utf8)
        #expect(
            try KeyText(parsing: text).plainKey().authorizedKeysText + " me at home\n"
                == String(decoding: line, as: UTF8.self))
    }

    @Test("a private key is refused, in every form of file")
    func refusesPrivate() throws {
        for format in ["RFC4716", "PKCS8", "PEM"] {
            let (name, _) = try made("ecdsa", "-m", format)
            #expect(throws: KeyTextError.privateKey) { try KeyText(parsing: scratch.read(name)) }
        }
        #expect(throws: KeyTextError.privateKey) {
            try KeyText(parsing: Array("PuTTY-User-Key-File-3: ssh-ed25519".utf8))
        }
    }

    @Test("a certificate is no key, whoever signed it")
    func refusesCertificate() throws {
        let (name, _) = try made("ed25519")
        try scratch.run(
            "ssh-keygen", "-q", "-s", scratch.path(name), "-I", "x", "-n", "pgs", scratch.path("\(name).pub"))
        let text = try KeyText(parsing: scratch.read("\(name)-cert.pub"))
        #expect(throws: KeyTextError.certificate) { try text.plainKey() }
    }

    @Test("DSA and short RSA are refused")
    func refusesWeak() throws {
        #expect(throws: KeyTextError.dsa) { try KeyText(parsing: Array("ssh-dss AAAAB3NzaC1kc3MAAACBAP".utf8)) }
        let short = try KeyText(parsing: made("rsa", "-b", "1024").text)
        #expect(throws: KeyTextError.shortRSA(bits: 1024)) { try short.plainKey() }
    }

    @Test("a point off its curve is refused")
    func refusesOffCurve() throws {
        let off = PublicKey.ecdsa(.p256, point: [4] + [UInt8](repeating: 5, count: 64))
        let text = try KeyText(parsing: Array(off.authorizedKeysText.utf8))
        let error = #expect(throws: KeyTextError.self) { try text.plainKey() }
        guard case .weak = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a file without a key, with two, or with options is refused")
    func refusesOthers() throws {
        let line = String(decoding: try made("ed25519").text, as: UTF8.self)
        let rows: [(String, KeyTextError)] = [
            ("", .empty), ("\n \n# x\n", .empty), (line + line, .several(2)), ("no-pty " + line, .options),
            ("cert-authority " + line, .options), ("hello\n", .malformed("a key type expected")),
            ("ssh-ed25519 AAAA*\n", .malformed("a key in base64 expected behind its type")),
            ("ssh-ed25519\n", .malformed("a key type expected")),
        ]
        for (text, error) in rows {
            #expect(throws: error, "\(text)") { try KeyText(parsing: Array(text.utf8)).plainKey() }
        }
    }

    @Test("a modulus from a flawed chip is known, and others are not")
    func knowsROCA() throws {
        // Such a chip's primes are k M + (65537^a mod M), M the product of the first 126 primes for 2048 bits.
        let program = """
            import random
            random.seed(7)
            primes = [p for p in range(2, 800) if all(p % q for q in range(2, p))][:126]
            M = 1
            for p in primes: M *= p
            def isprime(n):
                return all(pow(b, n - 1, n) == 1 for b in (2, 3, 5, 7))
            def prime():
                while True:
                    p = random.getrandbits(54) * M + pow(65537, random.getrandbits(250), M)
                    if p.bit_length() == 1024 and isprime(p): return p
            n = 0
            while n.bit_length() != 2048: n = prime() * prime()
            print(n.to_bytes((n.bit_length() + 7) // 8, "big").hex())
            """
        let digits = try scratch.run("python3", "-c", program).filter { $0 != 0x0A }
        let modulus = stride(from: 0, to: digits.count, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
        }
        let key = PublicKey.rsa(exponent: [1, 0, 1], modulus: modulus)
        let text = try KeyText(parsing: Array(key.authorizedKeysText.utf8))
        #expect(
            throws: KeyTextError.weak(
                "made by a chip with the ROCA flaw (CVE-2017-15361): its private half can be computed")
        ) { try text.plainKey() }
        // Two more than the flawed one is odd and of the same size, and no power of 65537.
        let other = PublicKey.rsa(exponent: [1, 0, 1], modulus: modulus.dropLast() + [(modulus.last ?? 0) ^ 2])
        _ = try KeyText(parsing: Array(other.authorizedKeysText.utf8)).plainKey()
    }
}
