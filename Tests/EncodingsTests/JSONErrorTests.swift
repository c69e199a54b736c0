import Encodings
import Testing

@Suite("JSON, refused")
struct JSONErrorTests {
    struct Rejected: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let error: JSONError

        init(_ text: String, _ error: JSONError) {
            self.init(Array(text.utf8), error)
        }

        init(_ bytes: [UInt8], _ error: JSONError) {
            self.bytes = bytes
            self.error = error
        }

        var testDescription: String { quoted(bytes) }
    }

    static let structure = [
        Rejected("", .unexpected(at: 0)),
        Rejected(" ", .unexpected(at: 1)),
        Rejected("nul", .unexpected(at: 3)),
        Rejected("True", .unexpected(at: 0)),
        Rejected("tru e", .unexpected(at: 3)),
        Rejected("nulll", .trailing(at: 4)),
        Rejected("1 2", .trailing(at: 2)),
        Rejected("{}{}", .trailing(at: 2)),
        Rejected("{} x", .trailing(at: 3)),
        Rejected("{}\0", .trailing(at: 2)),
        Rejected("[1,]", .unexpected(at: 3)),
        Rejected("[,1]", .unexpected(at: 1)),
        Rejected("[1 2]", .unexpected(at: 3)),
        Rejected("[1}", .unexpected(at: 2)),
        Rejected("[", .unexpected(at: 1)),
        Rejected("[1", .unexpected(at: 2)),
        Rejected("]", .unexpected(at: 0)),
        Rejected("{", .unexpected(at: 1)),
        Rejected(#"{"a"}"#, .unexpected(at: 4)),
        Rejected(#"{"a":}"#, .unexpected(at: 5)),
        Rejected(#"{"a" 1}"#, .unexpected(at: 5)),
        Rejected(#"{"a":1,}"#, .unexpected(at: 7)),
        Rejected(#"{,"a":1}"#, .unexpected(at: 1)),
        Rejected(#"{"a":1 "b":2}"#, .unexpected(at: 7)),
        Rejected("{a:1}", .unexpected(at: 1)),
        Rejected("{'a':1}", .unexpected(at: 1)),
        Rejected("{1:1}", .unexpected(at: 1)),
        Rejected("// c\n1", .unexpected(at: 0)),
        Rejected("[1/* c */]", .unexpected(at: 2)),
        Rejected("\u{C}1", .unexpected(at: 0)),
        Rejected("\u{B}1", .unexpected(at: 0)),
        Rejected("\u{A0}1", .unexpected(at: 0)),
        Rejected([0xEF, 0xBB, 0xBF, 0x7B, 0x7D], .unexpected(at: 0)),
        Rejected([0xFE, 0xFF, 0x00, 0x31], .unexpected(at: 0)),
        Rejected([0x7B, 0x00, 0x7D, 0x00], .unexpected(at: 1)),
    ]

    static let numbers = [
        Rejected("01", .trailing(at: 1)),
        Rejected("-01", .trailing(at: 2)),
        Rejected("00", .trailing(at: 1)),
        Rejected("0x10", .trailing(at: 1)),
        Rejected("1_000", .trailing(at: 1)),
        Rejected("1.2.3", .trailing(at: 3)),
        Rejected("1e5.0", .trailing(at: 3)),
        Rejected("-", .unexpected(at: 1)),
        Rejected("--1", .unexpected(at: 1)),
        Rejected("- 1", .unexpected(at: 1)),
        Rejected("+1", .unexpected(at: 0)),
        Rejected(".5", .unexpected(at: 0)),
        Rejected("-.5", .unexpected(at: 1)),
        Rejected("1.", .unexpected(at: 2)),
        Rejected("[1.]", .unexpected(at: 3)),
        Rejected("1.e1", .unexpected(at: 2)),
        Rejected("1e", .unexpected(at: 2)),
        Rejected("1e+", .unexpected(at: 3)),
        Rejected("1E-", .unexpected(at: 3)),
        Rejected("1e+-1", .unexpected(at: 3)),
        Rejected("NaN", .unexpected(at: 0)),
        Rejected("Infinity", .unexpected(at: 0)),
        Rejected("-Infinity", .unexpected(at: 1)),
        Rejected("１", .unexpected(at: 0)),
        Rejected("1e400", .numberOutOfRange(at: 0)),
        Rejected("-1e400", .numberOutOfRange(at: 0)),
        Rejected("[0, 1.8e308]", .numberOutOfRange(at: 4)),
        Rejected("1" + String(repeating: "0", count: 400), .numberOutOfRange(at: 0)),
        Rejected("1e99999999999999999999", .numberOutOfRange(at: 0)),
    ]

    static let members = [
        Rejected(#"{"a":1,"a":2}"#, .duplicateMember("a", at: 7)),
        Rejected(#"{"a":1,"a":1}"#, .duplicateMember("a", at: 7)),
        Rejected(#"{"a":1,"\u0061":2}"#, .duplicateMember("a", at: 7)),
        Rejected(#"{"\u0061":1,"a":2}"#, .duplicateMember("a", at: 12)),
        Rejected(#"{"\/":1,"/":2}"#, .duplicateMember("/", at: 8)),
        Rejected(#"{"x":{"b":1,"b":1}}"#, .duplicateMember("b", at: 12)),
        Rejected(#"[{"x":1, "y":2, "x":3}]"#, .duplicateMember("x", at: 16)),
        Rejected(#"{"":1,"":2}"#, .duplicateMember("", at: 6)),
        Rejected(#"{"é":1,"\u00e9":2}"#, .duplicateMember("\u{E9}", at: 8)),
        Rejected(#"{"😀":1,"\ud83d\ude00":2}"#, .duplicateMember("😀", at: 10)),
        Rejected(#"{"a\u0000":1,"a\u0000":2}"#, .duplicateMember("a\0", at: 13)),
    ]

    static let strings = [
        Rejected("\"", .unexpected(at: 1)),
        Rejected("\"a", .unexpected(at: 2)),
        Rejected("\"\\", .unexpected(at: 2)),
        Rejected("\"\\\"", .unexpected(at: 3)),
        Rejected(#""\x41""#, .unexpected(at: 2)),
        Rejected(#""\U0041""#, .unexpected(at: 2)),
        Rejected(#""\'""#, .unexpected(at: 2)),
        Rejected(#""\0""#, .unexpected(at: 2)),
        Rejected(#""\u12""#, .unexpected(at: 5)),
        Rejected(#""\u00g0""#, .unexpected(at: 5)),
        Rejected(#""\u{41}""#, .unexpected(at: 3)),
        Rejected(#""\u+041""#, .unexpected(at: 3)),
        Rejected("\"\\u００41\"", .unexpected(at: 3)),
        Rejected("\"a\tb\"", .unexpected(at: 2)),
        Rejected("\"\n\"", .unexpected(at: 1)),
        Rejected("\"\0\"", .unexpected(at: 1)),
        Rejected("\"\u{1F}\"", .unexpected(at: 1)),
        Rejected("\"\\n\u{1}\"", .unexpected(at: 3)),
        Rejected(#""\ud800""#, .loneSurrogate(at: 3)),
        Rejected(#""\udc00""#, .loneSurrogate(at: 3)),
        Rejected(#""\uDFFF""#, .loneSurrogate(at: 3)),
        Rejected(#""\ud800\ud800""#, .loneSurrogate(at: 3)),
        Rejected(#""\udc00\ud800""#, .loneSurrogate(at: 3)),
        Rejected(#""\ud800x""#, .loneSurrogate(at: 3)),
        Rejected(#""\ud800\n""#, .loneSurrogate(at: 3)),
        Rejected(#""\uD83D\u0041""#, .loneSurrogate(at: 3)),
        Rejected(#""\ud83d\ude00\ude00""#, .loneSurrogate(at: 15)),
        Rejected(#""\ud800\u12""#, .unexpected(at: 11)),
    ]

    /// Bytes of a string that are not UTF-8 (Unicode 15 §3.9, table 3-7).
    static let notUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xFE], [0xFF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98],
        [0xC0, 0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xE9], [0xC3, 0x28],
    ]

    @Test("broken structure is refused at its byte", arguments: structure)
    func refusesStructure(_ row: Rejected) {
        #expect(throws: row.error) { try JSON(parsing: row.bytes) }
    }

    @Test("a number in another form, or past a Double, is refused at its byte", arguments: numbers)
    func refusesNumbers(_ row: Rejected) {
        #expect(throws: row.error) { try JSON(parsing: row.bytes) }
    }

    @Test("a second member of one name is refused, however it is spelled", arguments: members)
    func refusesDuplicates(_ row: Rejected) {
        #expect(throws: row.error) { try JSON(parsing: row.bytes) }
    }

    @Test("a malformed string is refused at its byte", arguments: strings)
    func refusesStrings(_ row: Rejected) {
        #expect(throws: row.error) { try JSON(parsing: row.bytes) }
    }

    @Test("what is not UTF-8 is refused, as value and as name, before an escape and behind one", arguments: notUTF8)
    func refusesOtherEncodings(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(throws: JSONError.notUTF8(at: 1)) { try JSON(parsing: [quote] + bytes + [quote]) }
        #expect(throws: JSONError.notUTF8(at: 1)) { try JSON(parsing: [quote] + Array("\\n".utf8) + bytes + [quote]) }
        #expect(throws: JSONError.notUTF8(at: 1)) { try JSON(parsing: [quote] + bytes + Array("\\n\"".utf8)) }
        #expect(throws: JSONError.notUTF8(at: 2)) {
            try JSON(parsing: Array("{\"".utf8) + bytes + Array("\":1}".utf8))
        }
    }

    @Test("raw bytes and an escape never make one character together")
    func keepsEscapesApart() {
        let bytes: [UInt8] = [0x22, 0xC3] + Array("\\u00a9".utf8) + [0x22]
        #expect(throws: JSONError.notUTF8(at: 1)) { try JSON(parsing: bytes) }
    }

    @Test("each error says where, and quotes what came from outside")
    func describesErrors() {
        #expect("\(JSONError.unexpected(at: 3))" == "byte 3: not JSON here")
        #expect("\(JSONError.duplicateMember("a\n\"", at: 7))" == #"byte 7: a second member "a\x0a\"""#)
        #expect("\(JSONError.tooDeep(at: 16))" == "byte 16: nested deeper than 16")
        #expect("\(JSONError.numberOutOfRange(at: 0))" == "byte 0: a number out of range")
        #expect("\(JSONError.notUTF8(at: 1))" == "byte 1: not UTF-8")
        #expect("\(JSONError.loneSurrogate(at: 3))" == "byte 3: half of a surrogate pair")
        #expect("\(JSONError.trailing(at: 2))" == "byte 2: bytes after the value")
    }
}
