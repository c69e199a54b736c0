import Encodings
import Testing

@testable import TestSupport

@Suite("JSON, read")
struct JSONParserTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let text: String
        let value: JSON
        var testDescription: String { quoted(text) }
    }

    static let accepted = [
        Accepted(text: "null", value: .null),
        Accepted(text: " \t\r\n true \n", value: .bool(true)),
        Accepted(text: "false", value: .bool(false)),
        Accepted(text: "0", value: .integer(0)),
        Accepted(text: "-1", value: .integer(-1)),
        Accepted(text: "10", value: .integer(10)),
        Accepted(text: "9223372036854775807", value: .integer(.max)),
        Accepted(text: "-9223372036854775808", value: .integer(.min)),
        Accepted(text: "9223372036854775808", value: .number(9_223_372_036_854_775_808)),
        Accepted(text: "-9223372036854775809", value: .number(-9_223_372_036_854_775_808)),
        Accepted(text: "-0", value: .number(-0.0)),
        Accepted(text: "-0.0", value: .number(-0.0)),
        Accepted(text: "0.5", value: .number(0.5)),
        Accepted(text: "0e0", value: .number(0)),
        Accepted(text: "1.0", value: .number(1)),
        Accepted(text: "1E+2", value: .number(100)),
        Accepted(text: "1e-2", value: .number(0.01)),
        Accepted(text: "1.5e3", value: .number(1500)),
        Accepted(text: "1e308", value: .number(1e308)),
        Accepted(text: "1.7976931348623157e308", value: .number(.greatestFiniteMagnitude)),
        Accepted(text: "1e-400", value: .number(0)),
        Accepted(text: "\"\"", value: .string("")),
        Accepted(text: #""\"\\\/\b\f\n\r\t""#, value: .string("\"\\/\u{8}\u{C}\n\r\t")),
        Accepted(text: #""\u0041\u00e9\u20AC""#, value: .string("A\u{E9}€")),
        Accepted(text: #""\uD83D\uDE00""#, value: .string("😀")),
        Accepted(text: #""\ud800\udc00\udbff\udfff""#, value: .string("\u{10000}\u{10FFFF}")),
        Accepted(text: #""\u0000\ud7ff\ue000\uffff""#, value: .string("\0\u{D7FF}\u{E000}\u{FFFF}")),
        Accepted(text: "\"\u{7F}\u{2028}\u{FEFF}\"", value: .string("\u{7F}\u{2028}\u{FEFF}")),
        Accepted(text: "[]", value: .array([])),
        Accepted(text: "[ ]", value: .array([])),
        Accepted(text: #"[1,[ "3"],null]"#, value: .array([.integer(1), .array([.string("3")]), .null])),
        Accepted(text: "{ }", value: .object(.init())),
    ]

    @Test("what RFC 8259 allows is read as what it means", arguments: accepted)
    func reads(_ row: Accepted) throws {
        #expect(try JSON(parsing: Array(row.text.utf8)) == row.value)
    }

    @Test("minus zero keeps its sign and is no integer")
    func keepsMinusZero() throws {
        guard case .number(let number) = try JSON(parsing: Array("-0".utf8)) else {
            Issue.record("-0 is no number")
            return
        }
        #expect(number.sign == .minus)
    }

    @Test("members come in the order they stood, and are found by their very name")
    func keepsMembers() throws {
        let object = try #require(
            try JSON(parsing: Array(#"{"b":1,"a":{"b":2},"A":[],"e\u0301":3,"é":4,"":5}"#.utf8)).object)
        #expect(object.members.map(\.name) == ["b", "a", "A", "e\u{301}", "\u{E9}", ""])
        #expect(object["b"] == .integer(1))
        #expect(object["a"]?.object?["b"] == .integer(2))
        #expect(object["A"]?.elements == [])
        #expect(object["\u{E9}"] == .integer(4))
        #expect(object["e\u{301}"] == .integer(3))
        #expect(object[""] == .integer(5))
        #expect(object["B"] == nil)
    }

    @Test("only the asked type is read from a value")
    func readsOnlyItsType() {
        let values: [JSON] = [.null, .bool(true), .integer(1), .number(1), .string("x"), .array([]), .object(.init())]
        #expect(values.map { $0.text != nil } == [false, false, false, false, true, false, false])
        #expect(values.map { $0.elements != nil } == [false, false, false, false, false, true, false])
        #expect(values.map { $0.object != nil } == [false, false, false, false, false, false, true])
        #expect(JSON.integer(1) != JSON.number(1))
    }

    @Test("as deep as allowed is read, one deeper is refused", arguments: [("[", "]", 1), (#"{"a":"#, "}", 5)])
    func boundsDepth(opening: String, closing: String, width: Int) throws {
        func nested(_ depth: Int) -> [UInt8] {
            let inner = opening == "[" ? "" : "0"
            return Array(
                (String(repeating: opening, count: depth) + inner + String(repeating: closing, count: depth)).utf8)
        }
        #expect(throws: Never.self) { try JSON(parsing: nested(JSON.maximumDepth)) }
        #expect(throws: JSONError.tooDeep(at: JSON.maximumDepth * width)) {
            try JSON(parsing: nested(JSON.maximumDepth + 1))
        }
        #expect(throws: JSONError.tooDeep(at: JSON.maximumDepth * width)) {
            try JSON(parsing: Array(String(repeating: opening, count: 100_000).utf8))
        }
        #expect(JSON.maximumDepth == 16)
    }

    @Test("side by side is not deep")
    func widthIsNotDepth() throws {
        let text = "[" + String(repeating: "[[]],", count: 1000) + "[]]"
        #expect(try JSON(parsing: Array(text.utf8)).elements?.count == 1001)
    }

    /// Every kind of value, every escape, and white space wherever it may stand.
    static let document = Array(
        """
        { "iss" : "https://login.example.com", "n\\u00e9\\n" : [ 1 , -2.5e+3, true,false , null, "\\ud83d\\ude00é" ],
         "deep":{"er":[[],{}]}, "" : "\\"\\\\\\/\\b\\f\\r\\t" }
        """.utf8)

    @Test("every truncation of a document is refused")
    func refusesTruncations() throws {
        let whole = try JSON(parsing: Self.document)
        for count in Self.document.indices {
            #expect(throws: JSONError.self, "\(count) bytes") { try JSON(parsing: Array(Self.document.prefix(count))) }
        }
        #expect(try JSON(parsing: Self.document + [0x20, 0x0A]) == whole)
    }

    @Test("a byte behind a document is refused where it stands, unless it is white space")
    func refusesTrailingBytes() {
        for byte in UInt8.min ... .max where ![0x20, 0x09, 0x0A, 0x0D].contains(byte) {
            #expect(throws: JSONError.trailing(at: Self.document.count)) {
                try JSON(parsing: Self.document + [byte])
            }
        }
    }

    @Test("10,000 mutations are read or refused, and what is read is written and read as the same")
    func survivesMutations() throws {
        var random = SplitMix64(state: 8259)
        var read = 0
        for _ in 0..<10_000 {
            var bytes = Self.document
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
                case 2: bytes.remove(at: index)
                default: bytes.insert(bytes[Int.random(in: bytes.indices, using: &random)], at: index)
                }
            }
            guard let value = try? JSON(parsing: bytes) else { continue }
            read += 1
            #expect(try JSON(parsing: value.encoded) == value)
            let canonical = value.canonical
            #expect(try JSON(parsing: canonical).canonical == canonical)
        }
        #expect(read > 100)
    }
}
