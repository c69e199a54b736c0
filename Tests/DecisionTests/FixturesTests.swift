import Decision
import Encodings
import SSHKeys
import Testing

@testable import TestSupport

/// The decision over every fixture: what the replay checks from outside, and that it depends on nothing else.
@Suite struct FixturesTests {
    @Test("there are fixtures to test with, and each can be decided")
    func some() {
        #expect(Fixture.all.count > 700)
        #expect(Decided.all.count == Fixture.all.count)
    }

    @Test("every fixture is decided as it expects", arguments: Decided.all)
    func expected(_ decided: Decided) {
        #expect(decided.decision.expectation == decided.fixture.expected)
    }

    @Test("the decision is the same a second time, explained or not", arguments: Decided.all)
    func twice(_ decided: Decided) throws {
        let (first, explained) = (decided.decision, decided.explained)
        let login = try decided.fixture.load()
        let (second, again) = (login.decided(), login.decided(isExplained: true))
        #expect(first.outcome == second.outcome)
        #expect(first.outcome == explained.outcome)
        #expect(explained.checks == again.checks)
        #expect(Record(first.facts) == Record(second.facts))
        // A stray key's fingerprint is only made where somebody reads it.
        #expect(Record(first.facts) == Record(explained.facts) || first.facts.path == .key)
    }

    @Test("decisions made at the same time do not mix")
    func concurrent() async throws {
        var logins: [(Fixture, Case)] = []
        for (index, fixture) in Fixture.all.enumerated() where index.isMultiple(of: 5) {
            logins.append((fixture, try fixture.load()))
        }
        let wrong = await withTaskGroup(of: [String].self) { group in
            for shift in 0..<4 {
                // Each task begins elsewhere, so that different logins meet.
                let order = logins[(shift * 30)...] + logins[..<(shift * 30)]
                group.addTask {
                    order.filter { $1.decided(isExplained: true).expectation != $0.expected }.map(\.0.name)
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(wrong.isEmpty)
    }
}

/// `Facts`, to be compared.
private struct Record: Equatable {
    let parts: [String?]

    init(_ facts: Facts) {
        parts = [
            facts.path?.rawValue, facts.key?.description, facts.ca?.description, facts.provider, facts.issuer?.string,
            facts.subject?.string, facts.email?.string, facts.role?.string, facts.expires?.rfc3339,
            facts.account, facts.services.joined(separator: ","), facts.keyID?.string, facts.serial.map { "\($0)" },
            "\(facts.isVouchedFor)",
        ]
    }
}
