import Encodings
import Testing

@testable import Upkeep

/// How opkssh takes a line apart, mistakes included.
@Suite struct OpksshImportTableTests {
    /// The cases of opkssh's own tests (policy/files/table_test.go), and what its code does besides.
    static let columns: [(String, [Text])] = [
        ("1 2 3", ["1", "2", "3"]), (" 4 5#comment ", ["4", "5"]), ("6 7 #comment", ["6", "7"]), (" 8", ["8"]),
        ("hello world test", ["hello", "world", "test"]),
        ("hello\\ world test\\ case", ["hello world", "test case"]),
        ("hello\\\\world test\\\\case", ["hello\\world", "test\\case"]),
        ("hello\\ world\\\\test case\\\\\\ final", ["hello world\\test", "case\\ final"]),
        ("hello   world     test", ["hello", "world", "test"]), ("hello world\\", ["hello", "world"]),
        ("\\a\\b\\c\\d\\e\\f\\ghi\\\\\\\\\\\\jkl \\mno\\pqr\\", ["abcdefghi\\\\\\jkl", "mnopqr"]),
        ("hello\\ \\ \\ world", ["hello   world"]),
        // A comment starts at any #, before backslashes are looked at.
        ("hello\\#world test", ["hello"]),
        ("a\tb\u{0B}c\u{A0}d\u{3000}e", ["a", "b", "c", "d", "e"]), ("a\\\tb", ["a\tb"]),
        // Blanks at the end are taken away first, escaped or not.
        ("a b\\ ", ["a", "b"]), ("a b\\ # c", ["a", "b"]), ("a \"b c\" d", ["a", "\"b", "c\"", "d"]), ("\\", []),
    ]

    @Test("a line has the columns that opkssh sees", arguments: columns)
    func splits(line: String, columns: [Text]) throws {
        let row = try #require(OpksshTable(parsing: Array(line.utf8)).rows.first)
        #expect(row.content == .columns(columns))
    }

    @Test(
        "a line ends in LF or CR LF, the last one in nothing too",
        arguments: ["a b\nc d\n", "a b\r\nc d\r\n", "a b\nc d"])
    func lines(text: String) {
        let rows = OpksshTable(parsing: Array(text.utf8)).rows
        #expect(rows.map(\.number) == [1, 2])
        #expect(rows.map(\.content) == [.columns(["a", "b"]), .columns(["c", "d"])])
    }

    @Test(
        "a line with a comment alone, or with nothing, says nothing",
        arguments: ["# a b", " \t", "", "#", "##", " # a"])
    func blank(line: String) {
        #expect(OpksshTable(parsing: Array("\(line)\na".utf8)).rows.map(\.content) == [.blank, .columns(["a"])])
    }

    static let comments: [(String, Text?)] = [
        ("# a b", "a b"), ("a # b # c", "b # c"), ("a #", nil), ("a", nil), ("a #\tb\t", "b"),
    ]

    @Test("a comment is what stands behind the first #", arguments: comments)
    func comment(line: String, comment: Text?) {
        #expect(OpksshTable(parsing: Array(line.utf8)).rows.first?.comment == comment)
    }

    static let unreadable: [([UInt8], OpksshReason.Row)] = [
        ([0x61, 0xFF], .notUTF8), ([0xC3], .notUTF8), ([0xED, 0xA0, 0x80], .notUTF8),
        ([0xEF, 0xBB, 0xBF, 0x61], .byteOrderMark), ([0xEF, 0xBB, 0xBF, 0x23, 0x61], .byteOrderMark),
        ([UInt8](repeating: 0x61, count: 16_385), .tooLong(limit: 16_384)),
        ([UInt8](repeating: 0xFF, count: 1 << 20), .tooLong(limit: 16_384)),
    ]

    @Test("a line that opkssh reads otherwise than it looks is not taken", arguments: unreadable)
    func refuses(line: [UInt8], reason: OpksshReason.Row) {
        let rows = OpksshTable(parsing: line + [0x0A] + Array("a b c".utf8)).rows
        #expect(rows.map(\.content) == [.unreadable(reason), .columns(["a", "b", "c"])])
    }

    @Test("a line of just the length that is looked at is taken")
    func longest() {
        let line = [UInt8](repeating: 0x61, count: 16_384)
        #expect(
            OpksshTable(parsing: line).rows.map(\.content) == [.columns([Text(String(repeating: "a", count: 16_384))])])
    }
}
