import AccessLog
import Encodings
import Testing

/// What counts as one.
@Suite struct FoldingTests {
    /// Seconds after noon and a login of each entry; what comes of them is `seconds login count`.
    struct Row: Sendable, CustomStringConvertible {
        let description: String
        let entries: [(Int64, String)]
        let folded: [String]

        init(_ description: String, _ entries: [(Int64, String)], _ folded: [String]) {
            self.description = description
            self.entries = entries
            self.folded = folded
        }
    }

    private static let rows = [
        Row("nothing", [], []),
        Row("one", [(0, "a")], ["0 a 1"]),
        Row("two at the same time", [(0, "a"), (0, "a")], ["0 a 2"]),
        Row("three within ten seconds", [(0, "a"), (1, "a"), (10, "a")], ["0 a 3"]),
        Row("one that is a second too late", [(0, "a"), (11, "a")], ["0 a 1", "11 a 1"]),
        Row("one that is too late, and one more", [(0, "a"), (11, "a"), (12, "a")], ["0 a 1", "11 a 2"]),
        Row("ten seconds from the first, not from the last", [(0, "a"), (9, "a"), (18, "a")], ["0 a 2", "18 a 1"]),
        Row("another one in between", [(0, "a"), (1, "b"), (2, "a")], ["0 a 2", "1 b 1"]),
        Row(
            "two that take turns", [(0, "a"), (0, "b"), (5, "b"), (5, "a"), (11, "a"), (11, "b")],
            ["0 a 2", "0 b 2", "11 a 1", "11 b 1"]),
        Row("recorded in the wrong order", [(5, "a"), (4, "a"), (6, "b")], ["5 a 2", "6 b 1"]),
        Row("ten seconds too early", [(20, "a"), (10, "a"), (9, "a")], ["20 a 2", "9 a 1"]),
        Row(
            "a clock that jumps and comes back", [(0, "a"), (1_000_000, "b"), (1, "a"), (2, "a")],
            ["0 a 1", "1000000 b 1", "1 a 2"]),
    ]

    private func shown(_ folded: FoldedEntry) -> String {
        "\(folded.first.time.since(noon).count) \(folded.first.login?.string ?? "-") \(folded.count)"
    }

    @Test("entries with the same members within ten seconds of the first are one", arguments: rows)
    func folds(_ row: Row) throws {
        var folding = Folding()
        var folded: [FoldedEntry] = []
        for (seconds, login) in row.entries {
            _ = folding.take(try entry(seconds, "accept", "accepted", ("login", login)))
            folded += folding.takeComplete()
        }
        folded += folding.stillOpen
        #expect(folded.map(shown) == row.folded)
        #expect(folded.map(\.number) == Array(folded.indices))
    }

    struct Difference: Sendable, CustomStringConvertible {
        let description: String
        let left: String
        let right: String
        let isOne: Bool
    }

    private static let differences = [
        Difference(description: "nothing", left: #""key":"a""#, right: #""key":"a""#, isOne: true),
        Difference(description: "the key", left: #""key":"a""#, right: #""key":"b""#, isOne: false),
        Difference(description: "a member that is missing", left: #""key":"a""#, right: #""sub":"4""#, isOne: false),
        Difference(
            description: "one member more", left: #""key":"a""#, right: #""key":"a","ca":"b""#, isOne: false),
        Difference(description: "a member not known", left: #""new":1"#, right: #""new":2"#, isOne: false),
        Difference(
            description: "letters that Unicode takes for the same", left: #""sub":"\u212a""#, right: #""sub":"K""#,
            isOne: false),
        Difference(description: "an escape in the text", left: #""sub":"A""#, right: #""sub":"\u0041""#, isOne: true),
    ]

    @Test("entries that differ in any member but time are two", arguments: differences)
    func differs(_ row: Difference) throws {
        var folding = Folding()
        for others in [row.left, row.right] {
            let line = #"{"time":"2026-11-22T12:00:00Z","decision":"refuse","reason":"denied",\#(others)}"#
            _ = folding.take(try AccessEntry(line: Array(line.utf8)))
        }
        #expect(folding.stillOpen.map(\.count) == (row.isOne ? [2] : [1, 1]))
    }

    @Test("each entry tells at once what it belongs to")
    func atOnce() throws {
        var folding = Folding()
        let entries: [(Int64, String)] = [(0, "a"), (1, "b"), (2, "a"), (30, "a")]
        let taken = try entries.map { seconds, login in
            let folded = folding.take(try entry(seconds, "accept", "accepted", ("login", login)))
            _ = folding.takeComplete()
            return folded
        }
        #expect(taken.map(\.number) == [0, 1, 0, 2])
        #expect(taken.map(\.count) == [1, 1, 2, 1])
    }

    @Test("switched off, each entry is its own and complete at once")
    func off() throws {
        var folding = Folding(isOn: false)
        var folded: [FoldedEntry] = []
        for _ in 0..<3 {
            _ = folding.take(try entry())
            folded += folding.takeComplete()
        }
        #expect(folded.map(\.count) == [1, 1, 1])
        #expect(folding.stillOpen.isEmpty)
    }

    @Test("however many differ within ten seconds, no more than the limit are open, and none is lost")
    func bounded() throws {
        var folding = Folding()
        var complete = 0
        let count = Folding.maximumOpen * 3
        for number in 0..<count {
            _ = folding.take(try entry(0, "refuse", "denied", ("login", String(number))))
            let done = folding.takeComplete()
            #expect(done.allSatisfy { $0.count == 1 })
            complete += done.count
            #expect(folding.stillOpen.count <= Folding.maximumOpen)
        }
        #expect(complete + folding.stillOpen.count == count)
        // The youngest are open still, and the oldest are not.
        #expect(folding.take(try entry(0, "refuse", "denied", ("login", String(count - 1)))).count == 2)
        #expect(folding.take(try entry(0, "refuse", "denied", ("login", "0"))).count == 1)
    }
}
