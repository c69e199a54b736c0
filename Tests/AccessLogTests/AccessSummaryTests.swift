import AccessLog
import Encodings
import Testing

/// Who was accepted how often, and why others were not.
@Suite struct AccessSummaryTests {
    private func summary(of entries: [AccessEntry]) -> AccessSummary {
        var folding = Folding()
        for entry in entries { _ = folding.take(entry) }
        var summary = AccessSummary()
        for folded in folding.stillOpen { summary.count(folded) }
        return summary
    }

    @Test("what was folded counts once, and the most frequent is first")
    func counts() throws {
        let summary = summary(of: [
            try entry(0, "accept", "accepted", ("provider", "idp"), ("sub", "1"), ("key", "a")),
            try entry(1, "accept", "accepted", ("provider", "idp"), ("sub", "1"), ("key", "a")),
            try entry(2, "accept", "accepted", ("provider", "idp"), ("sub", "2"), ("key", "b")),
            try entry(20, "accept", "accepted", ("provider", "idp"), ("sub", "2"), ("key", "b")),
            try entry(21, "refuse", "denied"), try entry(50, "refuse", "audience"), try entry(80, "refuse", "denied"),
            try entry(99, "fault", "config-syntax"),
        ])
        #expect(summary.accepted.map(\.identity.subject) == ["2", "1"])
        #expect(summary.accepted.map(\.count) == [2, 1])
        #expect(summary.accepted.map(\.last) == [noon + Seconds(20), noon])
        #expect(summary.refused.map(\.reason) == ["denied", "audience"])
        #expect(summary.refused.map(\.count) == [2, 1])
        #expect(summary.faults.map(\.reason) == ["config-syntax"])
        #expect(summary.period == noon...(noon + Seconds(99)))
    }

    @Test("a person whose e-mail changes stays one, under the latest")
    func emailChanges() throws {
        let person = [("provider", "idp"), ("sub", "1")]
        let summary = summary(of: [
            try entry(0, "accept", "accepted", person[0], person[1], ("email", "old@example.com")),
            try entry(60, "accept", "accepted", person[0], person[1], ("email", "new@example.com")),
            try entry(30, "accept", "accepted", person[0], person[1], ("email", "between@example.com")),
        ])
        #expect(summary.accepted.map(\.email) == ["new@example.com"])
        #expect(summary.accepted.map(\.count) == [3])
    }

    @Test("the same sub at two providers is two, and so are two key ids of one account")
    func apart() throws {
        let summary = summary(of: [
            try entry(0, "accept", "accepted", ("provider", "a"), ("sub", "1")),
            try entry(0, "accept", "accepted", ("provider", "b"), ("sub", "1")),
            try entry(0, "accept", "accepted", ("account", "ci"), ("key_id", "x")),
            try entry(0, "accept", "accepted", ("account", "ci"), ("key_id", "y")),
            try entry(0, "accept", "accepted", ("account", "ci")),
        ])
        #expect(summary.accepted.count == 5)
    }

    @Test("as many of two are in the order of their names")
    func order() throws {
        let summary = summary(of: try ["b", "a", "c"].map { try entry(0, "refuse", $0) })
        #expect(summary.refused.map(\.reason) == ["a", "b", "c"])
    }

    @Test("of nothing there is no period")
    func nothing() {
        #expect(AccessSummary().period == nil)
        #expect(AccessSummary().accepted.isEmpty)
    }
}
