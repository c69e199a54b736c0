import Encodings
import Foundation
import SSHKeys
import SSHWire
import Signatures
import Testing

@testable import TestSupport

@Suite("Private key files")
struct PrivateKeyFileTests {
    typealias File = HandmadePrivateKeyFile

    struct Rejected: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: [UInt8]
        let error: PrivateKeyError

        init(_ name: String, _ error: PrivateKeyError, _ file: File) {
            self.init(name, error, text: file.text)
        }

        init(_ name: String, _ error: PrivateKeyError, text: [UInt8]) {
            testDescription = name
            self.text = text
            self.error = error
        }
    }

    private static func change(_ change: (inout File) -> Void) -> File { File(change) }
    private static func replacing(_ part: String, by other: String, in file: File = File()) -> [UInt8] {
        Array(String(decoding: file.text, as: UTF8.self).replacingOccurrences(of: part, with: other).utf8)
    }

    // Behind the magic (15), two names of 8 and the options' length (4) stands the count, at 35.
    static let headers = [
        Rejected("no file", .armour(.firstLine), text: []),
        Rejected("a public key", .armour(.firstLine), text: Array("ssh-ed25519 AAAA\n".utf8)),
        Rejected("another first line", .armour(.firstLine), text: replacing("BEGIN OPENSSH", by: "BEGIN EC")),
        Rejected("a blank in front", .armour(.firstLine), text: [0x20] + File().text),
        Rejected("carriage returns", .armour(.firstLine), text: replacing("\n", by: "\r\n")),
        Rejected("no last line", .armour(.lastLine), text: replacing("-----END", by: "-----AND")),
        Rejected("no last line feed", .armour(.lastLine), text: File().text.dropLast()),
        Rejected("a line behind", .armour(.lastLine), text: File().text + Array("x\n".utf8)),
        Rejected("the last line only half a line", .armour(.lastLine), text: replacing("\n-----END", by: "-----END")),
        Rejected(
            "nothing between", .armour(.lastLine),
            text: Array("-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n".utf8)),
        Rejected("an empty line", .armour(.base64), text: replacing("\n-----END", by: "\n\n-----END")),
        Rejected("no key", .armour(.base64), text: File.text(of: [])),
        Rejected("a blank in a line", .armour(.base64), text: replacing("b3Bl", by: "b3 Bl")),
        Rejected("a blank at the end of a line", .armour(.base64), text: replacing("\n-----END", by: " \n-----END")),
        Rejected("two keys, one behind the other", .armour(.base64), text: File().text + File().text),
        Rejected(
            "64 KiB and a byte", .tooLong(65537),
            text: File().text + [UInt8](repeating: 0x0A, count: 65537 - File().text.count)),
        Rejected("another magic", .magic, change { $0.magic = Array("openssh-key-v2\0".utf8) }),
        Rejected(
            "a magic and no more", .wire(.truncated(needed: 4, left: 0, at: 15), in: .cipher),
            text: File.text(of: File().magic)),
        Rejected("a passphrase", .encrypted(cipher: "aes256-ctr"), change { $0.cipher = "aes256-ctr" }),
        Rejected("no cipher's name", .encrypted(cipher: ""), change { $0.cipher = "" }),
        Rejected("a derivation without a cipher", .keyDerivation, change { $0.derivation = "bcrypt" }),
        Rejected("options of no derivation", .keyDerivation, change { $0.derivationOptions = [0] }),
        Rejected("no key", .keyCount(0), change { $0.count = 0 }),
        Rejected("two keys", .keyCount(2), change { $0.count = 2 }),
        Rejected("a byte behind", .wire(.trailing(count: 1, at: 234), in: .secrets), change { $0.trailing = [0] }),
    ]

    private static let ed25519 = "ssh-ed25519"
    private static let otherKey = Pack.string([UInt8](repeating: 1, count: 32))

    static let keys = [
        Rejected("an unknown type", .type("ssh-dss"), change { $0.outer = Pack.string("ssh-dss") }),
        Rejected(
            "a certificate", .publicKey(.plainKeyExpected(found: "ssh-ed25519-cert-v01@openssh.com")),
            change { $0.outer = Pack.string("ssh-ed25519-cert-v01@openssh.com") }),
        Rejected(
            "a short public key", .publicKey(.keyLength(found: 1, expected: 32)),
            change { $0.outer = Pack.string(ed25519) + Pack.string([1]) }),
        Rejected("different check numbers", .checkNumbers, change { $0.checkNumbers[7] ^= 1 }),
        Rejected(
            "another public key outside", .publicKeysDiffer, change { $0.outer = Pack.string(ed25519) + otherKey }),
        Rejected(
            "another public key inside", .publicKeysDiffer,
            change { $0.inner = Pack.string(ed25519) + otherKey + Pack.string(File.seed + File.publicKey) }),
        Rejected(
            "another public key behind the seed", .halvesDiffer,
            change { file in
                let secret = Pack.string(File.seed + [UInt8](repeating: 1, count: 32))
                file.inner = Pack.string(ed25519) + Pack.string(File.publicKey) + secret
            }),
        Rejected(
            "a seed of another key", .halvesDiffer,
            change { file in
                let secret = Pack.string([UInt8](repeating: 1, count: 32) + File.publicKey)
                file.inner = Pack.string(ed25519) + Pack.string(File.publicKey) + secret
            }),
        Rejected(
            "a seed alone", .secretLength(found: 32, expected: 64),
            change { $0.inner = Pack.string(ed25519) + Pack.string(File.publicKey) + Pack.string(File.seed) }),
        Rejected("another type inside", .publicKeysDiffer, change { $0.inner = File.p256().inner }),
        Rejected("a comment with a zero byte", .nulInComment, change { $0.comment = [0x61, 0, 0x62] }),
        Rejected("no padding", .padding, change { $0.padding = [] }),
        Rejected("padding of zeros", .padding, change { $0.padding = [UInt8](repeating: 0, count: 6) }),
        Rejected("padding that starts at 0", .padding, change { $0.padding = [0, 1, 2, 3, 4, 5] }),
        Rejected("a block of padding too much", .padding, change { $0.padding = Array(1...14) }),
        Rejected(
            "a block of padding where none is due", .padding,
            change { file in
                file.comment += [0x63, 0x64, 0x65, 0x66, 0x67, 0x68]
                file.padding = Array(1...8)
            }),
    ]

    private static func p256(scalar: [UInt8], curve: String = "nistp256", point: [UInt8] = File.point) -> File {
        .p256 {
            let fields = Pack.string(curve) + Pack.string(point)
            $0.inner = Pack.string("ecdsa-sha2-nistp256") + fields + Pack.string(scalar)
        }
    }

    private static let order: [UInt8] =
        [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8)
        + [0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51]

    /// Where the scalar stands.
    private static let scalarAt = 35 + 4 + 4 + 104 + 4 + 8 + 104 + 4

    static let scalars = [
        Rejected("zero", .wire(.emptyInteger(at: scalarAt), in: .privateKey), p256(scalar: [])),
        Rejected("zero as a byte", .wire(.nonMinimalInteger(at: scalarAt), in: .privateKey), p256(scalar: [0])),
        Rejected("negative", .wire(.negativeInteger(at: scalarAt), in: .privateKey), p256(scalar: File.scalar)),
        Rejected("the order", .key(.scalar), p256(scalar: [0] + order)),
        Rejected("33 bytes", .key(.scalar), p256(scalar: [1] + File.scalar)),
        Rejected("another key's", .halvesDiffer, p256(scalar: [1])),
        Rejected("another curve", .publicKeysDiffer, p256(scalar: [0] + File.scalar, curve: "nistp384")),
        Rejected(
            "another point inside", .publicKeysDiffer,
            p256(scalar: [0] + File.scalar, point: File.point.dropLast() + [0])),
        Rejected(
            "a point off the curve", .halvesDiffer,
            .p256 {
                let point = Array(File.point.dropLast() + [0])
                $0.outer = Pack.string("ecdsa-sha2-nistp256") + Pack.string("nistp256") + Pack.string(point)
                $0.inner = $0.outer + Pack.string([0] + File.scalar)
            }),
    ]

    @Test("a file made by hand is the key that it holds")
    func reads() throws {
        #expect(try PrivateKey(file: File().text).publicKey == .ed25519(File.publicKey))
        #expect(try PrivateKey(file: File.p256().text).publicKey == .ecdsa(.p256, point: File.point))
        for comment in ["", "x", "é, \"quoted\"\n", String(repeating: "long ", count: 1000)] {
            let file = File { $0.comment = Array(comment.utf8) }
            #expect(try PrivateKey(file: file.text).publicKey == .ed25519(File.publicKey))
        }
    }

    @Test("a scalar with zeros in front, which the file leaves out, is read")
    func readsShortScalar() throws {
        let file = File { file in
            file.outer = Pack.string("ecdsa-sha2-nistp256") + Pack.string("nistp256") + Pack.string(File.generator)
            file.inner = file.outer + Pack.string([1])
        }
        let key = try PrivateKey(file: file.text)
        #expect(key.publicKey == .ecdsa(.p256, point: File.generator))
        #expect(try PrivateKey(file: key.file(comment: "")).publicKey == key.publicKey)
    }

    @Test("no file is written that would not be read: of a comment with a zero byte")
    func refusesToWrite() throws {
        let key = try PrivateKey(file: File().text)
        #expect(throws: PrivateKeyError.nulInComment) { try key.file(comment: "a\u{0}b") }
        #expect(try PrivateKey(file: key.file(comment: "a b")).publicKey == key.publicKey)
    }

    @Test("a file of 64 KiB is read, and none of a byte more")
    func readsLongest() throws {
        let file = File { $0.comment = [UInt8](repeating: 0x63, count: 48_000) }
        let lines = String(decoding: file.text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        func text(of count: Int) -> [UInt8] {
            // A line feed behind each of the first letters, as many as are wanting.
            let wanting = count - file.text.count
            let letters = lines[1].prefix(wanting).map { "\($0)\n" }.joined()
            return Array("\(lines[0])\n\(letters)\(lines[1].dropFirst(wanting))\n\(lines[2])\n".utf8)
        }
        let longest = text(of: 65_536)
        #expect(longest.count == 65_536)
        #expect(try PrivateKey(file: longest).publicKey == .ed25519(File.publicKey))
        #expect(throws: PrivateKeyError.tooLong(65_537)) { _ = try PrivateKey(file: text(of: 65_537)) }
    }

    @Test("any other file is refused for its reason", arguments: headers + keys + scalars)
    func refuses(_ row: Rejected) {
        #expect(throws: row.error) { _ = try PrivateKey(file: row.text) }
    }

    @Test("every truncation is refused, of the text and of what is in it", arguments: [File(), .p256()])
    func refusesTruncations(file: File) throws {
        for count in file.text.indices {
            #expect(throws: PrivateKeyError.self, "\(count)") { _ = try PrivateKey(file: Array(file.text[..<count])) }
        }
        for count in file.blob.indices {
            let text = File.text(of: Array(file.blob[..<count]))
            #expect(throws: PrivateKeyError.self, "\(count)") { _ = try PrivateKey(file: text) }
        }
    }

    @Test("every flipped bit is refused, but for those of the comment", arguments: [File(), .p256()])
    func refusesFlips(file: File) throws {
        let blob = file.blob
        let padding = (8 - (8 + file.inner.count + 4 + file.comment.count) % 8) % 8
        // A longer comment may end where the padding does.
        let comment = blob.count - padding - file.comment.count - 4..<blob.count - padding
        let key = try PrivateKey(file: file.text).publicKey
        var refusals: [Int] = []
        for bit in 0..<blob.count * 8 {
            var flipped = blob
            flipped[bit / 8] ^= 0x80 >> (bit % 8)
            do throws(PrivateKeyError) {
                #expect(try PrivateKey(file: File.text(of: flipped)).publicKey == key, "bit \(bit)")
            } catch {
                refusals.append(bit)
            }
        }
        let outside = (0..<blob.count * 8).filter { !comment.contains($0 / 8) }
        #expect(Set(refusals).isSuperset(of: outside))
        #expect(refusals.count < blob.count * 8)
    }

    @Test("every flipped bit of the text is refused, or it is the same key", arguments: [File(), .p256()])
    func refusesFlippedText(file: File) throws {
        let text = file.text
        let key = try PrivateKey(file: text).publicKey
        var read = 0
        for bit in 0..<text.count * 8 {
            var flipped = text
            flipped[bit / 8] ^= 0x80 >> (bit % 8)
            do throws(PrivateKeyError) {
                #expect(try PrivateKey(file: flipped).publicKey == key, "bit \(bit)")
                read += 1
            } catch {}
        }
        // No more than the letters that spell the comment.
        #expect(read <= 6 * 8)
    }

    @Test("a byte more is refused wherever it stands, but for the comment", arguments: [File(), .p256()])
    func refusesInsertions(file: File) throws {
        let blob = file.blob
        for index in 0...blob.count {
            for byte: UInt8 in [0, 1, 0xFF] {
                let text = File.text(of: Array(blob[..<index] + [byte] + blob[index...]))
                #expect(throws: PrivateKeyError.self, "at \(index)") { _ = try PrivateKey(file: text) }
            }
        }
    }

    @Test("each error says what was expected, without a byte of the key")
    func describesErrors() {
        let described: [(PrivateKeyError, String)] = [
            (.tooLong(70000), "private key: at most 65536 bytes of file expected, 70000 found"),
            (.armour(.firstLine), "private key: the line -----BEGIN OPENSSH PRIVATE KEY----- expected first"),
            (.armour(.lastLine), "private key: the line -----END OPENSSH PRIVATE KEY----- expected last"),
            (.armour(.base64), "private key: lines of base64 expected"),
            (.magic, "private key: openssh-key-v1 expected"),
            (
                .wire(.truncated(needed: 4, left: 0, at: 15), in: .cipher),
                "private key: ciphername: byte 15: 4 bytes expected, 0 left"
            ),
            (
                .encrypted(cipher: "aes256-ctr"),
                "private key: ciphername: none expected, as without a passphrase, \"aes256-ctr\" found"
            ),
            (.keyDerivation, "private key: kdfname: none expected, and no kdfoptions"),
            (.keyCount(2), "private key: number of keys: 1 expected, 2 found"),
            (.publicKey(.pointForm), "private key: publickey1: public key: an uncompressed point expected"),
            (
                .type("ssh-\nrsa"),
                "private key: ssh-ed25519 or ecdsa-sha2-nistp256 expected, \"ssh-\\x0arsa\" found"
            ),
            (.checkNumbers, "private key: checkint: two equal numbers expected"),
            (.publicKeysDiffer, "private key: privatekey1: the public key of publickey1 expected, another found"),
            (
                .secretLength(found: 32, expected: 64),
                "private key: privatekey1: 64 bytes of private half expected, 32 found"
            ),
            (.halvesDiffer, "private key: privatekey1: the private half is not that of the public key"),
            (.key(.scalar), "private key: privatekey1: \(SigningKeyDefect.scalar)"),
            (.nulInComment, "private key: comment: a zero byte"),
            (
                .padding,
                "private key: padding: 1, 2, 3 and so on expected, up to a multiple of 8 bytes"
            ),
            (.otherSigner, "certificate: signature key: this key expected, another found"),
            (.certificate(.tooManyPrincipals), "certificate: valid principals: more than 256"),
        ]
        for (error, text) in described {
            #expect("\(error)" == text)
            let isEncrypted = if case .encrypted = error { true } else { false }
            #expect((error.advice != nil) == isEncrypted)
        }
    }
}
