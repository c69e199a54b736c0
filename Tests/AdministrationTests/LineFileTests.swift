import Encodings
import Testing

@testable import Administration

@Suite("A file's lines")
struct LineFileTests {
    @Test(
        "what is not edited stays byte for byte",
        arguments: [
            "", "\n", "a\n", "a\n\n\nb\n", "\u{FEFF}a\n", "a\r\nb\r\n", " \t# é\n", "a\n#\u{0}\n",
        ])
    func keeps(text: String) throws {
        #expect(try LineFile(Array(text.utf8), path: "f").bytes == Array(text.utf8))
    }

    @Test("bytes that are not UTF-8 stay, too")
    func keepsAnyBytes() throws {
        let bytes: [UInt8] = [0xFF, 0x0A, 0xC3, 0x28, 0x0A]
        #expect(try LineFile(bytes, path: "f").bytes == bytes)
    }

    @Test("a file without its last newline is not edited", arguments: ["a", "a\nb", " "])
    func refusesTorn(text: String) {
        #expect(throws: EditError.torn("f")) { try LineFile(Array(text.utf8), path: "f") }
    }

    @Test("lines go, change and come, and are numbered as they stand then")
    func edits() throws {
        let file = try LineFile(Array("1\n2\n3\n4\n5\n".utf8), path: "f")
        let plan = LinePlan(
            removed: [2, 5], rewritten: [3: Array("drei".utf8)],
            inserted: (4, [Array("neu".utf8), Array("neuer".utf8)]))
        let edit = try LineEdit(plan, of: file)
        #expect(edit.text == "1\ndrei\nneu\nneuer\n4\n")
        #expect(
            edit.changes == [
                .removed(line: 2, "2"), .rewritten(line: 2, from: "3", to: "drei"), .added(line: 3, "neu"),
                .added(line: 4, "neuer"), .removed(line: 5, "5"),
            ])
    }

    @Test("a new line may be the first, and the last")
    func insertsAtEnds() throws {
        let empty = try LineFile([], path: "f")
        #expect(try LineEdit(LinePlan(inserted: (1, [[0x61]])), of: empty).text == "a\n")
        let file = try LineFile(Array("1\n2\n".utf8), path: "f")
        #expect(try LineEdit(LinePlan(inserted: (1, [[0x61]])), of: file).text == "a\n1\n2\n")
        #expect(try LineEdit(LinePlan(inserted: (3, [[0x61]])), of: file).text == "1\n2\na\n")
        // Also where the line in front of which it was to stand goes.
        #expect(try LineEdit(LinePlan(removed: [2], inserted: (2, [[0x61]])), of: file).text == "1\na\n")
    }

    @Test("a line may be as long as a host reads, and no longer")
    func boundsLines() throws {
        let file = try LineFile([], path: "f")
        let longest = [UInt8](repeating: 0x61, count: 65_536)
        #expect(try LineEdit(LinePlan(inserted: (1, [longest])), of: file).file.bytes.count == 65_537)
        #expect(throws: EditError.lineTooLong) { try LineEdit(LinePlan(inserted: (1, [longest + [0x61]])), of: file) }
    }
}
