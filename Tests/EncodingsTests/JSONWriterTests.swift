import Encodings
import Testing

@Suite("JSON, written")
struct JSONWriterTests {
    struct Canonical: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let canonical: String
        var testDescription: String { name }
    }

    static let canonical = [
        Canonical(
            name: "members at every level are sorted", text: #"{"b":{"d":1,"c":2},"a":[{"z":1,"y":2}]}"#,
            canonical: #"{"a":[{"y":2,"z":1}],"b":{"c":2,"d":1}}"#),
        Canonical(name: "elements keep their order", text: "[3,1,2]", canonical: "[3,1,2]"),
        Canonical(name: "white space goes", text: " { \"a\" :\n[ 1 ,\t2 ] }\r\n", canonical: #"{"a":[1,2]}"#),
        Canonical(
            name: "capitals first, a prefix before what it starts", text: #"{"aa":1,"b":2,"a":3,"B":4,"":5}"#,
            canonical: #"{"":5,"B":4,"a":3,"aa":1,"b":2}"#),
        Canonical(
            name: "a combining accent sorts by its bytes", text: #"{"é":1,"f":2,"e\u0301":3}"#,
            canonical: "{\"e\u{301}\":3,\"f\":2,\"\u{E9}\":1}"),
        Canonical(
            name: "by bytes of UTF-8, not units of UTF-16", text: #"{"\ud800\udc00":1,"\uffff":2}"#,
            canonical: "{\"\u{FFFF}\":2,\"\u{10000}\":1}"),
        Canonical(
            name: "letters are not escaped", text: #"["\u0041\u00e9\u20ac\ud83d\ude00\/"]"#,
            canonical: "[\"A\u{E9}€😀/\"]"),
        Canonical(
            name: "the short escapes", text: #"["\u0008\u0009\u000a\u000c\u000d\u0022\u005c"]"#,
            canonical: #"["\b\t\n\f\r\"\\"]"#),
        Canonical(
            name: "other controls in lower-case hex", text: #"["\u0000\u000B\u001F"]"#,
            canonical: #"["\u0000\u000b\u001f"]"#),
        Canonical(
            name: "numbers and words", text: #"[0,-1,1.5,1e2,null,true,false]"#,
            canonical: "[0,-1,1.5,100.0,null,true,false]"),
    ]

    @Test("canonical JSON is the one form", arguments: canonical)
    func writesCanonically(_ row: Canonical) throws {
        let value = try JSON(parsing: Array(row.text.utf8))
        #expect(String(decoding: value.canonical, as: UTF8.self) == row.canonical)
        #expect(value.canonical == Array(row.canonical.utf8))
        #expect(try JSON(parsing: value.canonical).canonical == value.canonical)
    }

    @Test("canonical JSON escapes nothing from DEL on, other JSON the controls there too")
    func escapesDelete() throws {
        for (code, escaped) in [(0x7F, "7f"), (0x80, "80"), (0x85, "85"), (0x9B, "9b"), (0x9F, "9f")] {
            let letter = String(try #require(Unicode.Scalar(UInt32(code))))
            let value = JSON.string(Text(letter))
            #expect(value.canonical == Array("\"\(letter)\"".utf8))
            #expect(value.encoded == Array("\"\\u00\(escaped)\"".utf8))
            #expect(try JSON(parsing: value.encoded) == value)
        }
        #expect(JSON.string("\u{A0}~").encoded == Array("\"\u{A0}~\"".utf8))
    }

    @Test("members not sorted keep their order")
    func keepsOrder() {
        var object = JSON.Object()
        object.add("b", .integer(1))
        object.add("a", "x" as String?)
        object.add("none", nil as String?)
        #expect(String(decoding: JSON.object(object).encoded, as: UTF8.self) == #"{"b":1,"a":"x"}"#)
        #expect(String(decoding: JSON.object(object).canonical, as: UTF8.self) == #"{"a":"x","b":1}"#)
        #expect(JSON.object(JSON.Object()).encoded == Array("{}".utf8))
        #expect(JSON.array([]).encoded == Array("[]".utf8))
    }

    @Test("no control character stands in what is written, and each is read back")
    func escapesControls() throws {
        for code in UInt8(0)..<0x20 {
            let value = JSON.string(Text(String(UnicodeScalar(code))))
            #expect(value.encoded.allSatisfy { $0 >= 0x20 })
            #expect(try JSON(parsing: value.encoded) == value)
        }
    }

    @Test(
        "extreme numbers come back as they were",
        arguments: [
            JSON.integer(.min), .integer(.max), .number(.greatestFiniteMagnitude), .number(.leastNonzeroMagnitude),
            .number(-0.0), .number(1e21), .number(1e16), .number(0.1), .number(-1.5e-9),
        ])
    func roundTripsNumbers(value: JSON) throws {
        #expect(try JSON(parsing: value.encoded) == value)
    }
}
