import Encodings
import Testing

@testable import TestSupport

@Suite("Base64")
struct Base64Tests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let standard: String
        let url: String
        var testDescription: String { standard.isEmpty ? "no bytes" : standard }
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let name: String
        let form: Base64
        let text: String
        var testDescription: String { "\(form): \(name)" }
    }

    /// RFC 4648 §10, and what tells the alphabets apart.
    static let vectors = [
        Vector(bytes: [], standard: "", url: ""),
        Vector(bytes: Array("f".utf8), standard: "Zg==", url: "Zg"),
        Vector(bytes: Array("fo".utf8), standard: "Zm8=", url: "Zm8"),
        Vector(bytes: Array("foo".utf8), standard: "Zm9v", url: "Zm9v"),
        Vector(bytes: Array("foob".utf8), standard: "Zm9vYg==", url: "Zm9vYg"),
        Vector(bytes: Array("fooba".utf8), standard: "Zm9vYmE=", url: "Zm9vYmE"),
        Vector(bytes: Array("foobar".utf8), standard: "Zm9vYmFy", url: "Zm9vYmFy"),
        Vector(bytes: [0], standard: "AA==", url: "AA"),
        Vector(bytes: [0, 0], standard: "AAA=", url: "AAA"),
        Vector(bytes: [0xFB, 0xFF], standard: "+/8=", url: "-_8"),
        Vector(bytes: [0xFF, 0xFF, 0xFF], standard: "////", url: "____"),
        Vector(bytes: [0xFB, 0xEF, 0xBE], standard: "++++", url: "----"),
        // RFC 7515 Appendix C.
        Vector(bytes: [3, 236, 255, 224, 193], standard: "A+z/4ME=", url: "A-z_4ME"),
    ]

    static let rejected = [
        Rejected(name: "no padding", form: .standard, text: "Zg"),
        Rejected(name: "half of the padding", form: .standard, text: "Zg="),
        Rejected(name: "too much padding", form: .standard, text: "Zg==="),
        Rejected(name: "padding behind a full group", form: .standard, text: "Zm9v="),
        Rejected(name: "a group of padding", form: .standard, text: "Zm9v===="),
        Rejected(name: "nothing but padding", form: .standard, text: "===="),
        Rejected(name: "two signs of padding alone", form: .standard, text: "=="),
        Rejected(name: "one letter and padding", form: .standard, text: "Z==="),
        Rejected(name: "one letter", form: .standard, text: "Z"),
        Rejected(name: "padding in the middle", form: .standard, text: "Zg==Zg=="),
        Rejected(name: "padding inside a group", form: .standard, text: "Z=g="),
        Rejected(name: "four unused bits set", form: .standard, text: "Zh=="),
        Rejected(name: "the highest unused bit of two letters set", form: .standard, text: "Zo=="),
        Rejected(name: "an unused bit of three letters set", form: .standard, text: "Zm9="),
        Rejected(name: "the url alphabet", form: .standard, text: "-_8="),
        Rejected(name: "a line feed behind", form: .standard, text: "Zm9v\n"),
        Rejected(name: "a line feed inside", form: .standard, text: "Zm9v\nZm9v"),
        Rejected(name: "a whole group of line ends", form: .standard, text: "Zm9v\r\n\r\n"),
        Rejected(name: "blanks in front", form: .standard, text: "    Zm9v"),
        Rejected(name: "a tab", form: .standard, text: "Zm9\t"),
        Rejected(name: "a NUL", form: .standard, text: "Zm9\0"),
        Rejected(name: "a letter outside ASCII", form: .standard, text: "Zmé="),
        Rejected(name: "padding", form: .url, text: "Zg=="),
        Rejected(name: "padding of three letters", form: .url, text: "Zm8="),
        Rejected(name: "one letter", form: .url, text: "Z"),
        Rejected(name: "five letters", form: .url, text: "Zm9vY"),
        Rejected(name: "four unused bits set", form: .url, text: "Zh"),
        Rejected(name: "an unused bit of three letters set", form: .url, text: "Zm9"),
        Rejected(name: "plus", form: .url, text: "+_8"),
        Rejected(name: "slash", form: .url, text: "-/8"),
        Rejected(name: "a line feed", form: .url, text: "Zm9\n"),
        Rejected(name: "a blank", form: .url, text: "Zm 9"),
        Rejected(name: "a full stop", form: .url, text: "Zm9."),
        Rejected(name: "a letter outside ASCII", form: .url, text: "Zmé"),
    ]

    @Test("known bytes have the known text, both ways", arguments: vectors)
    func agreesWithVectors(_ row: Vector) {
        #expect(Base64.standard.encode(row.bytes) == row.standard)
        #expect(Base64.url.encode(row.bytes) == row.url)
        #expect(Base64.standard.decode(row.standard.utf8) == row.bytes)
        #expect(Base64.url.decode(row.url.utf8) == row.bytes)
    }

    @Test("any other text than the one for some bytes is refused", arguments: rejected)
    func refuses(_ row: Rejected) {
        #expect(row.form.decode(row.text.utf8) == nil)
    }

    @Test("each alphabet has its 64 letters and no other", arguments: [Base64.standard, .url])
    func hasOneAlphabet(form: Base64) {
        let own = form == .standard ? "+/" : "-_"
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(own)".utf8)
        for byte in UInt8.min ... .max {
            #expect((form.decode([0x41, byte, 0x41, 0x41]) != nil) == alphabet.contains(byte), "byte \(byte)")
        }
    }

    @Test("of all texts of two and three letters, as many decode as there are bytes for them")
    func hasOneTextForEachByte() {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var values: Set<[UInt8]> = []
        var count = 0
        for first in letters {
            for second in letters {
                guard let bytes = Base64.url.decode([first, second]) else { continue }
                count += 1
                values.insert(bytes)
            }
        }
        #expect(count == 256)
        #expect(values.count == 256)
        let thirds = letters.filter { Base64.url.decode([0x41, 0x41, $0]) != nil }
        #expect(thirds.count == 16)
    }

    @Test("random bytes come back as they were", arguments: [Base64.standard, .url])
    func roundTrips(form: Base64) {
        var random = SplitMix64(state: 4648)
        for count in 0..<300 {
            let bytes = random.bytes(count)
            let text = form.encode(bytes)
            #expect(form.decode(text.utf8) == bytes)
            #expect(form == .url || text.utf8.count.isMultiple(of: 4))
            #expect(form == .standard || text.utf8.count == (count * 4 + 2) / 3)
        }
    }

    @Test("a slice is decoded from where it starts")
    func decodesSlices() {
        let text = Array("xxZm9vYg==".utf8)
        #expect(Base64.standard.decode(text[2...]) == Array("foob".utf8))
    }
}
