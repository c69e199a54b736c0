import Encodings
import TOML
import Testing

@Suite("TOML documents")
struct TOMLDocumentTests {
    @Test("members, tables and arrays of tables come in the order they stand, each with its place")
    func readsAll() throws {
        let document = try TOMLDocument(
            parsing: Array(
                """
                zeta = "z"
                alpha = ["a", "b"]
                [[provider]]
                name = "one"
                n = -7
                [log]
                syslog = true
                [[provider]]

                """.utf8))
        #expect(document.root.map(\.name) == ["zeta", "alpha"])
        #expect(document.root.map(\.position) == [.init(line: 1, column: 1), .init(line: 2, column: 1)])
        guard case .strings(let elements) = document.root[1].value else {
            Issue.record("alpha is no array of strings")
            return
        }
        #expect(elements.map(\.text) == ["a", "b"])
        #expect(elements.map(\.position) == [.init(line: 2, column: 10), .init(line: 2, column: 15)])
        #expect(document.tables.map(\.name) == ["provider", "log", "provider"])
        #expect(document.tables.map(\.isElement) == [true, false, true])
        #expect(document.tables.map(\.position.line) == [3, 6, 8])
        #expect(document.tables[0].members.map(\.value) == [.string("one"), .integer(-7)])
        #expect(document.tables[1].members.map(\.value) == [.bool(true)])
        #expect(document.tables[2].members.isEmpty)
    }

    @Test("an empty document has nothing in it")
    func readsNothing() throws {
        let document = try TOMLDocument(parsing: [])
        #expect(document.root.isEmpty)
        #expect(document.tables.isEmpty)
    }

    @Test("an escaped NUL stays in the text", arguments: ["a = \"x\\u0000y\""])
    func keepsNUL(source: String) throws {
        let document = try TOMLDocument(parsing: Array(source.utf8))
        #expect(document.root.map(\.value) == [.string("x\0y")])
    }

    @Test("what no setting is, is other", arguments: ["1.5", "1979-05-27", "[1]", "[\"a\", 1]", "[[\"a\"]]"])
    func readsOther(value: String) throws {
        let document = try TOMLDocument(parsing: Array("a = \(value)".utf8))
        #expect(document.root.map(\.value) == [.other])
    }

    @Test("a table inside a table is other")
    func doesNotNest() throws {
        let document = try TOMLDocument(parsing: Array("[a.b]\nc = 1\n".utf8))
        #expect(document.tables.map(\.name) == ["a"])
        #expect(document.tables[0].members.map(\.name) == ["b"])
        #expect(document.tables[0].members.map(\.value) == [.other])
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let source: [UInt8]
        let line: Int
        let column: Int
        var testDescription: String { quoted(source) }
    }

    static let rejected = [
        Rejected(source: Array("a = ".utf8), line: 1, column: 5),
        Rejected(source: Array("a = 1\na = 2\n".utf8), line: 2, column: 5),
        Rejected(source: Array("[t]\n[t]\n".utf8), line: 2, column: 1),
        Rejected(source: Array("x = \"\n".utf8), line: 1, column: 7),
        Rejected(source: Array("a = \"".utf8) + [0xFF] + Array("\"".utf8), line: 1, column: 5),
        Rejected(
            source: Array("a = ".utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 100_000), line: 1, column: 261),
    ]

    @Test("what is not TOML is refused at its place", arguments: rejected)
    func refuses(row: Rejected) {
        do {
            _ = try TOMLDocument(parsing: row.source)
            Issue.record("taken")
        } catch {
            guard case .syntax(_, let place) = error else { return }
            #expect(place == TOMLDocument.Position(line: row.line, column: row.column))
        }
    }

    @Test("every cut of a document is a document or a syntax error")
    func survivesCuts() {
        let source = Array("a = [\"x\", \"y\"]\n[[t]]\nb.c = 1979-05-27T07:32:00Z\nd = \"\"\"\nq\\u00e9\"\"\"\n".utf8)
        for count in 0...source.count { _ = try? TOMLDocument(parsing: Array(source.prefix(count))) }
    }
}
