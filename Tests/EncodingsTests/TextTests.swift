import Encodings
import Testing

@Suite("Text")
struct TextTests {
    struct Lookalikes: Sendable, CustomTestStringConvertible {
        let name: String
        let one: String
        let other: String
        var testDescription: String { name }
    }

    static let lookalikes = [
        Lookalikes(name: "KELVIN SIGN and K", one: "K", other: "\u{212A}"),
        Lookalikes(name: "ANGSTROM SIGN and Å", one: "\u{C5}", other: "\u{212B}"),
        Lookalikes(name: "é in one scalar and in two", one: "\u{E9}", other: "e\u{301}"),
        Lookalikes(name: "accents in another order", one: "a\u{323}\u{302}", other: "a\u{302}\u{323}"),
        Lookalikes(name: "a Hangul syllable and its letters", one: "\u{AC00}", other: "\u{1100}\u{1161}"),
        Lookalikes(name: "long s and s", one: "s", other: "ſ"),
        Lookalikes(name: "another case", one: "a", other: "A"),
        Lookalikes(name: "a zero-width joiner", one: "ab", other: "a\u{200D}b"),
        Lookalikes(name: "a prefix", one: "a", other: "a\0"),
        Lookalikes(name: "dotless i", one: "i", other: "ı"),
        Lookalikes(name: "nothing and something", one: "", other: "\0"),
    ]

    @Test("texts of other bytes are other texts", arguments: lookalikes)
    func comparesBytes(_ row: Lookalikes) {
        #expect(Text(row.one) != Text(row.other))
        #expect(Set([Text(row.one), Text(row.other)]).count == 2)
        #expect(["\(row.one)": 1].keys.map { Text($0) } == [Text(row.one)])
        #expect(Text(row.one) == Text(row.one))
        #expect(Text(row.one).hashValue == Text(row.one).hashValue)
    }

    @Test("Swift's own comparison would take some of these for one text")
    func stringsWouldNot() {
        #expect("K" == "\u{212A}")
        #expect("\u{E9}" == "e\u{301}")
    }

    @Test("only A to Z are lowered")
    func lowersASCII() {
        #expect(Text("Alice@EXAMPLE.com").asciiLowercased == "alice@example.com")
        #expect(Text("@AZ[`az{").asciiLowercased == "@az[`az{")
        #expect(Text("\u{212A}É").asciiLowercased == "\u{212A}É")
        #expect(Text("\u{212A}X").asciiLowercased != "kx")
        #expect(Text("Sſ").asciiLowercased == "sſ")
        #expect(Text("İ").asciiLowercased == "İ")
        #expect(Text("").asciiLowercased == "")
    }

    @Test("ASCII is handed out as a String, anything else is not")
    func handsOutASCII() {
        #expect(Text("RS256").ascii == "RS256")
        #expect(Text("\u{7F}\0").ascii == "\u{7F}\0")
        #expect(Text("").ascii?.isEmpty == true)
        #expect(Text("\u{212A}").ascii == nil)
        #expect(Text("RS256\u{301}").ascii == nil)
    }

    @Test("a character that controls how text is shown is noticed, and no other")
    func noticesControls() {
        // Unicode's categories Cc, Zl and Zp, and its property Bidi_Control.
        let ranges: [ClosedRange<UInt32>] = [
            0...0x1F, 0x7F...0x9F, 0x61C...0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069,
        ]
        for code in UInt32(0)..<0x3000 {
            guard let scalar = Unicode.Scalar(code) else { continue }
            let isControl = ranges.contains { $0.contains(code) }
            #expect(Text("a\(scalar)").hasControls == isControl, "U+\(String(code, radix: 16))")
        }
        #expect(!Text("é😀").hasControls)
        #expect(!Text("").hasControls)
        #expect(Text("a\r\nb").hasControls)
    }

    @Test("bytes are a text only where they are UTF-8")
    func validates() {
        #expect(Text(validating: [0x65, 0xCC, 0x81])?.utf8.elementsEqual([0x65, 0xCC, 0x81]) == true)
        #expect(Text(validating: [] as [UInt8])?.isEmpty == true)
        #expect(Text(validating: [0xEF, 0xBB, 0xBF])?.utf8.count == 3)
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xC3], [0xF4, 0x90, 0x80, 0x80]] {
            #expect(Text(validating: bytes) == nil)
        }
    }

    @Test(
        "what is quoted is printable ASCII on one line",
        arguments: [
            ("", #""""#), ("plain text", #""plain text""#), ("a\"b\\c", #""a\"b\\c""#),
            ("a\nb\r\t\0", #""a\x0ab\x0d\x09\x00""#),
            ("\u{1B}[2K", #""\x1b[2K""#), ("\u{7F}", #""\x7f""#), ("é", #""\xc3\xa9""#), ("~", #""~""#),
        ])
    func quotes(text: String, expected: String) {
        #expect(quoted(text) == expected)
        #expect(quoted(Text(text)) == expected)
        #expect(quoted(Array(text.utf8)) == expected)
    }

    @Test("every byte is quoted as printable ASCII, and no two alike")
    func quotesEveryByte() {
        let all = (UInt8.min ... .max).map { quoted([$0]) }
        #expect(all.allSatisfy { $0.utf8.allSatisfy { (0x20..<0x7F).contains($0) } })
        #expect(Set(all).count == 256)
    }

    @Test("more than the limit is cut and says so")
    func cuts() {
        #expect(quoted("abcdef", limit: 6) == #""abcdef""#)
        #expect(quoted("abcdefg", limit: 6) == "\"abcdef...\"")
        #expect(quoted(String(repeating: "x", count: 121)).utf8.count == 120 + 2 + "...".utf8.count)
        #expect(quoted([UInt8](repeating: 0xFF, count: 1_000_000)).utf8.count == 120 * 4 + 2 + "...".utf8.count)
    }

    @Test("hex has two lower-case digits a byte")
    func writesHex() {
        #expect(hex([0, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
        #expect(hex([]).isEmpty)
    }
}
