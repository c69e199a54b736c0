import AccessLog
import Decision
import Encodings
import SSHKeys
import Testing

@testable import TestSupport

/// Reading records back.
@Suite struct AccessEntryTests {
    /// 2026-11-22T12:00:07Z.
    private static let now = UnixTime(seconds: 1_795_348_807)

    @Test("a record is read back as it was written", arguments: Decided.all)
    func roundTrip(_ decided: Decided) throws {
        guard let record = AccessRecord(of: decided.decision, login: "alice", space: "build-box", at: Self.now) else {
            return
        }
        let entry = try AccessEntry(line: record.json)
        let facts = decided.decision.facts
        #expect(entry.time == Self.now)
        #expect(entry.login == "alice")
        #expect(entry.space == "build-box")
        #expect(entry.provider == facts.provider.map { Text($0) })
        #expect(entry.subject == facts.subject)
        #expect(entry.email == facts.email)
        #expect(entry.key == facts.key.map { Text($0.description) })
        #expect(entry.ca == facts.ca.map { Text($0.description) })
        #expect(entry.expires == facts.expires)
        #expect(JSON.object(entry.members).encoded == record.json)
        switch decided.decision.outcome {
        case .accepted: #expect((entry.decision, entry.reason) == (.accept, "accepted"))
        case .refused(let refusal):
            #expect((entry.decision, entry.reason) == (.refuse, Text(refusal.reason.rawValue)))
        case .faulted(let fault): #expect((entry.decision, entry.reason) == (.fault, Text(fault.code.rawValue)))
        }
    }

    private static let certificate = #"""
        {"time":"2026-11-22T12:00:07Z","decision":"accept","reason":"accepted","login":"pgs","space":"build-box",\#
        "path":"certificate","account":"ci","services":["pgs","admin"],"key_id":"deploy 42","serial":9007199254740993,\#
        "key":"SHA256:a","ca":"SHA256:b"}
        """#

    @Test("a certificate's record has its account, services, key id and CA")
    func certificate() throws {
        let entry = try AccessEntry(line: Array(Self.certificate.utf8))
        #expect(entry.account == "ci")
        #expect(entry.services == ["pgs", "admin"])
        #expect(entry.keyID == "deploy 42")
        #expect(entry.ca == "SHA256:b")
        #expect(entry.expires == nil)
        #expect(entry.identity.account == "ci")
        #expect(entry.identity.subject == nil)
        #expect(JSON.object(entry.members).encoded == Array(Self.certificate.utf8))
    }

    @Test("a member that is not known is kept where it stood, and one of another type counts as not there")
    func unknownMembers() throws {
        let line = #"""
            {"time":"2026-11-22T12:00:07Z","new":{"a":[1]},"decision":"refuse","reason":"brand-new","login":5,\#
            "services":"x"}
            """#
        let entry = try AccessEntry(line: Array(line.utf8))
        #expect(entry.reason == "brand-new")
        #expect(entry.login == nil)
        #expect(entry.services.isEmpty)
        #expect(JSON.object(entry.members).encoded == Array(line.utf8))
    }

    @Test("never is a time in expires")
    func never() throws {
        let line = #"{"time":"2026-11-22T12:00:07Z","decision":"accept","reason":"accepted","expires":"never"}"#
        #expect(try AccessEntry(line: Array(line.utf8)).expires == .never)
    }

    struct Rejected: Sendable, CustomStringConvertible {
        let line: String
        let defect: EntryDefect
        let words: String

        var description: String { line }
    }

    private static let rejected = [
        Rejected(line: "", defect: .notJSON(.unexpected(at: 0)), words: "byte 0: not JSON here"),
        Rejected(line: #"{"time":"2026"#, defect: .notJSON(.unexpected(at: 13)), words: "byte 13: not JSON here"),
        Rejected(line: "[]", defect: .notObject, words: "not a JSON object"),
        Rejected(line: "{}", defect: .memberMissing(.time), words: "time is missing: YYYY-MM-DDTHH:MM:SSZ"),
        Rejected(
            line: #"{"time":"2026-11-22 12:00:07"}"#,
            defect: .memberValue(.time, found: .string("2026-11-22 12:00:07")),
            words: #"time: YYYY-MM-DDTHH:MM:SSZ expected, "2026-11-22 12:00:07" found"#),
        Rejected(
            line: #"{"time":1795348807}"#, defect: .memberValue(.time, found: .integer(1_795_348_807)),
            words: #"time: YYYY-MM-DDTHH:MM:SSZ expected, "1795348807" found"#),
        Rejected(
            line: #"{"time":"2026-11-22T12:00:07Z","decision":"acc\u001b[2Jept","reason":"accepted"}"#,
            defect: .memberValue(.decision, found: .string("acc\u{1B}[2Jept")),
            words: #"decision: accept, refuse or fault expected, "acc\x1b[2Jept" found"#),
        Rejected(
            line: #"{"time":"2026-11-22T12:00:07Z","decision":"accept"}"#, defect: .memberMissing(.reason),
            words: "reason is missing: a code"),
        Rejected(
            line: #"{"time":"2026-11-22T12:00:07Z","decision":"accept","reason":""}"#,
            defect: .memberValue(.reason, found: .string("")), words: #"reason: a code expected, "" found"#),
        Rejected(
            line: #"{"time":"2026-11-22T12:00:07Z","time":"2026-11-22T12:00:07Z"}"#,
            defect: .notJSON(.duplicateMember("time", at: 31)), words: #"byte 31: a second member "time""#),
    ]

    @Test("a line that is no record says why", arguments: rejected)
    func rejects(_ row: Rejected) {
        #expect(throws: row.defect) { try AccessEntry(line: Array(row.line.utf8)) }
        #expect(row.defect.description == row.words)
    }

    @Test("no beginning of a record is a record")
    func truncations() {
        let line = Array(Self.certificate.utf8)
        for count in 0..<line.count {
            #expect(throws: EntryDefect.self) { try AccessEntry(line: Array(line.prefix(count))) }
        }
    }
}
