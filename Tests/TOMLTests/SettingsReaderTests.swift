import Encodings
import TOML
import Testing

/// A word of a closed set.
private enum Style: String {
    case utc
    case local
}

@Suite("Settings")
struct SettingsReaderTests {
    /// The reader of what stands above the first header.
    private static func root(_ toml: String) throws(SettingsError) -> SettingsReader {
        try SettingsReader.readers(parsing: Array(toml.utf8), file: "f.toml").root
    }

    private static func tables(_ toml: String) throws(SettingsError) -> [SettingsReader] {
        try SettingsReader.readers(parsing: Array(toml.utf8), file: "f.toml").tables
    }

    @Test("every kind of member is taken once, and then nothing is left")
    func takesAll() throws {
        var reader = try Self.root(
            """
            name = "a-b"
            text = "x y"
            yes = true
            count = 7
            list = ["1", "2"]
            none = []
            style = "local"
            time = "5m"
            zero = "0s"
            size = "64KiB"
            """)
        #expect(try reader.name() == "a-b")
        #expect(try reader.text("text", where: { !$0.isEmpty }, "") == "x y")
        #expect(try reader.bool("yes") == true)
        #expect(try reader.integer("count", in: 7...7) == 7)
        #expect(try reader.list("list", "numbers") { Int($0.string) } == [1, 2])
        #expect(try reader.list("none", "numbers", mayBeEmpty: true) { Int($0.string) } == [])
        #expect(try reader.word("style", Style.self, "") == .local)
        #expect(try reader.duration("time") == Seconds(300))
        #expect(try reader.duration("zero", mayBeZero: true) == Seconds(0))
        #expect(try reader.size("size") == 65_536)
        try reader.end()
        #expect(try reader.bool("yes") == nil)
    }

    @Test("a member that is absent is nil")
    func takesNothing() throws {
        var reader = try Self.root("")
        #expect(try reader.text("a", where: { _ in true }, "") == nil)
        #expect(try reader.bool("a") == nil)
        #expect(try reader.integer("a", in: 0...1) == nil)
        #expect(try reader.list("a", "") { $0 } == nil)
        #expect(try reader.word("a", Style.self, "") == nil)
        #expect(try reader.duration("a") == nil)
        #expect(try reader.size("a") == nil)
        try reader.end()
    }

    @Test("tables come in the order they stand, each with its name and its own members")
    func readsTables() throws {
        var tables = try Self.tables("[[p]]\nname = \"one\"\n[log]\non = true\n[[p]]\nname = \"two\"")
        #expect(tables.map(\.table) == ["p", "log", "p"])
        #expect(tables.map(\.position?.line) == [1, 3, 5])
        #expect(try tables[0].name() == "one")
        #expect(try tables[1].bool("on") == true)
        #expect(try tables[2].name() == "two")
        try tables[0].checkShape(isList: true)
        try tables[1].checkShape(isList: false)
    }

    /// One fault, and how it is met.
    struct Rejected: Sendable, CustomTestStringConvertible {
        let toml: String
        let line: Int?
        let column: Int?
        let reason: SettingsError.Reason
        let text: String
        fileprivate let read: @Sendable (inout SettingsReader) throws(SettingsError) -> Void
        var testDescription: String { text }
    }

    static let rejected: [Rejected] = [
        Rejected(
            toml: "", line: nil, column: nil, reason: .memberMissing("name", table: ""),
            text: "f.toml: name is missing at the top",
            read: { (reader) throws(SettingsError) in _ = try reader.name() }),
        Rejected(
            toml: "a = 1\nb = 2", line: 1, column: 1, reason: .memberUnknown("a", table: ""),
            text: "f.toml:1:1: unknown member \"a\" at the top",
            read: { (reader) throws(SettingsError) in try reader.end() }),
        Rejected(
            toml: "  \"a\\nb\" = 1", line: 1, column: 3, reason: .memberUnknown("a\nb", table: ""),
            text: "f.toml:1:3: unknown member \"a\\x0ab\" at the top",
            read: { (reader) throws(SettingsError) in try reader.end() }),
        Rejected(
            toml: "\nname = 1", line: 2, column: 1, reason: .memberType("name", table: "", expected: "a text"),
            text: "f.toml:2:1: name at the top: a text expected",
            read: { (reader) throws(SettingsError) in _ = try reader.name() }),
        Rejected(
            toml: "on = \"true\"", line: 1, column: 1,
            reason: .memberType("on", table: "", expected: "true or false"),
            text: "f.toml:1:1: on at the top: true or false expected",
            read: { (reader) throws(SettingsError) in _ = try reader.bool("on") }),
        Rejected(
            toml: "n = 8", line: 1, column: 1,
            reason: .memberValue("n", table: "", found: "8", expected: "1 to 7"),
            text: "f.toml:1:1: n at the top: 1 to 7 expected, \"8\" found",
            read: { (reader) throws(SettingsError) in _ = try reader.integer("n", in: 1...7) }),
        Rejected(
            toml: "n = 1.0", line: 1, column: 1,
            reason: .memberType("n", table: "", expected: "a whole number"),
            text: "f.toml:1:1: n at the top: a whole number expected",
            read: { (reader) throws(SettingsError) in _ = try reader.integer("n", in: 1...7) }),
        Rejected(
            toml: "l = [\"x\", \"x\"]", line: 1, column: 11,
            reason: .memberValue("l", table: "", found: "x", expected: "words, each once"),
            text: "f.toml:1:11: l at the top: words, each once expected, \"x\" found",
            read: { (reader) throws(SettingsError) in _ = try reader.list("l", "words") { $0 } }),
        Rejected(
            toml: "l = []", line: 1, column: 1,
            reason: .memberType("l", table: "", expected: "an array of texts, not empty"),
            text: "f.toml:1:1: l at the top: an array of texts, not empty expected",
            read: { (reader) throws(SettingsError) in _ = try reader.list("l", "words") { $0 } }),
        Rejected(
            toml: "s = \"UTC\"", line: 1, column: 1,
            reason: .memberValue("s", table: "", found: "UTC", expected: "utc or local"),
            text: "f.toml:1:1: s at the top: utc or local expected, \"UTC\" found",
            read: { (reader) throws(SettingsError) in _ = try reader.word("s", Style.self, "utc or local") }),
        Rejected(
            toml: "t = \"0s\"", line: 1, column: 1,
            reason: .memberValue("t", table: "", found: "0s", expected: duration),
            text: "f.toml:1:1: t at the top: \(duration) expected, \"0s\" found",
            read: { (reader) throws(SettingsError) in _ = try reader.duration("t") }),
        Rejected(
            toml: "t = \"64\"", line: 1, column: 1,
            reason: .memberValue("t", table: "", found: "64", expected: "a size such as \"64KiB\" or \"16MiB\""),
            text: "f.toml:1:1: t at the top: a size such as \"64KiB\" or \"16MiB\" expected, \"64\" found",
            read: { (reader) throws(SettingsError) in _ = try reader.size("t") }),
    ]

    static let duration = "a duration such as \"30s\", \"5m\", \"12h\" or \"7d\""

    @Test("a member that cannot be is refused where it stands", arguments: rejected)
    func refuses(row: Rejected) throws {
        var reader = try Self.root(row.toml)
        let expected = SettingsError(file: "f.toml", line: row.line, column: row.column, reason: row.reason)
        #expect(throws: expected) { try row.read(&reader) }
        #expect(expected.description == row.text)
    }

    @Test("a fault of a table is at its header and names it")
    func refusesTables() throws {
        let tables = try Self.tables("a = 1\n[log]\n[[p]]")
        let place = { SettingsError(file: "f.toml", line: $0, column: 1, reason: $1) }
        #expect(throws: place(2, .tableNotArray("log"))) { try tables[0].checkShape(isList: true) }
        #expect(throws: place(3, .tableIsArray("p"))) { try tables[1].checkShape(isList: false) }
        #expect("\(tables[0].error(.tableUnknown("log")))" == "f.toml:2:1: unknown table \"log\"")
        #expect("\(tables[0].error(.tableNotArray("log")))" == "f.toml:2:1: [[log]] expected, with two brackets")
        #expect("\(tables[1].error(.tableIsArray("p")))" == "f.toml:3:1: [p] expected, with one bracket")
        #expect("\(tables[1].error(.nameTwice("x", table: "p")))" == "f.toml:3:1: a second p called \"x\"")
        var reader = tables[1]
        #expect(throws: place(3, .memberMissing("name", table: "p"))) { try reader.name() }
        #expect("\(tables[1].error(.memberMissing("n", table: "p")))" == "f.toml:3:1: n is missing in [p]")
    }

    @Test("what is no TOML has its place")
    func refusesSyntax() {
        do {
            _ = try Self.root("a = 1\nb = ")
            Issue.record("taken")
        } catch {
            #expect(error.line == 2)
            #expect(error.column == 5)
            guard case .notTOML = error.reason else {
                Issue.record("\(error)")
                return
            }
            #expect(error.description.hasPrefix("f.toml:2:5: not TOML here: \""))
        }
    }

    static let places: [(String, Int?, Int?, String)] = [
        ("f.toml", nil, nil, "f.toml"), ("f.toml", 3, nil, "f.toml:3"), ("f.toml", 3, 4, "f.toml:3:4"),
        ("a b", 3, nil, "\"a b\":3"), ("a\nb", nil, nil, "\"a\\x0ab\""), ("a\"", 1, 2, "\"a\\\"\":1:2"),
    ]

    @Test("a place is one plain word", arguments: places)
    func showsPlace(file: String, line: Int?, column: Int?, text: String) {
        #expect(settingsPlace(file, line: line, column: column) == text)
    }
}
