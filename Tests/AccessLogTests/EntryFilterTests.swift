import AccessLog
import Encodings
import Testing

/// Which entries are asked for.
@Suite struct EntryFilterTests {
    private static let line = #"""
        {"time":"2026-11-22T12:00:00Z","decision":"accept","reason":"accepted","login":"pgs","space":"build-box",\#
        "provider":"idp","sub":"4711","email":"Alice@Example.com","account":"ci","services":["pgs","admin"],\#
        "key_id":"deploy-42","key":"SHA256:key","ca":"SHA256:ca"}
        """#

    struct Row: Sendable, CustomStringConvertible {
        let description: String
        let matches: Bool
        let set: @Sendable (inout EntryFilter) -> Void

        init(_ description: String, _ matches: Bool, _ set: @escaping @Sendable (inout EntryFilter) -> Void) {
            self.description = description
            self.matches = matches
            self.set = set
        }
    }

    private static let rows = [
        Row("nothing", true) { _ in },
        Row("since then", true) { $0.since = noon },
        Row("since a second later", false) { $0.since = noon + Seconds(1) },
        Row("until then", false) { $0.until = noon },
        Row("until a second later", true) { $0.until = noon + Seconds(1) },
        Row("accepted", true) { $0.decisions = [.accept] },
        Row("refused", false) { $0.decisions = [.refuse] },
        Row("refused or accepted", true) { $0.decisions = [.refuse, .accept] },
        Row("its reason", true) { $0.reasons = ["accepted"] },
        Row("another reason", false) { $0.reasons = ["denied"] },
        Row("its login", true) { $0.logins = ["root", "pgs"] },
        Row("its login, in upper case", false) { $0.logins = ["PGS"] },
        Row("its e-mail, in another case", true) { $0.identities = ["alice@example.COM"] },
        Row("the beginning of its e-mail", false) { $0.identities = ["alice"] },
        Row("its sub", true) { $0.identities = ["4711"] },
        Row("its key id", true) { $0.identities = ["deploy-42"] },
        Row("its key id, in another case", false) { $0.identities = ["Deploy-42"] },
        Row("its account as an identity", false) { $0.identities = ["ci"] },
        Row("its provider", true) { $0.providers = ["idp"] },
        Row("another provider", false) { $0.providers = ["google"] },
        Row("its account", true) { $0.accounts = ["ci"] },
        Row("another account", false) { $0.accounts = ["team"] },
        Row("one of its services", true) { $0.services = ["admin"] },
        Row("another service", false) { $0.services = ["prose"] },
        Row("its Space", true) { $0.spaces = ["build-box"] },
        Row("another Space", false) { $0.spaces = ["box"] },
        Row("its key", true) { $0.keys = ["SHA256:key"] },
        Row("its CA", true) { $0.keys = ["SHA256:other", "SHA256:ca"] },
        Row("another key", false) { $0.keys = ["SHA256:other"] },
        Row("its login and its account", true) {
            $0.logins = ["pgs"]
            $0.accounts = ["ci"]
        },
        Row("its login and another account", false) {
            $0.logins = ["pgs"]
            $0.accounts = ["team"]
        },
    ]

    @Test("an entry is found by what it holds and by nothing else", arguments: rows)
    func matches(_ row: Row) throws {
        var filter = EntryFilter()
        row.set(&filter)
        #expect(filter.matches(try AccessEntry(line: Array(Self.line.utf8))) == row.matches)
    }

    @Test("an entry without a member is not found by it")
    func missing() throws {
        let bare = try entry()
        for row in Self.rows.dropFirst(9) {
            var filter = EntryFilter()
            row.set(&filter)
            #expect(!filter.matches(bare), "\(row)")
        }
    }
}
