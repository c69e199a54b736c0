// What a doctor says of a host's facts: all is well, and one fault at a time.

import Administration
import Discovery
import Encodings
import Etcd
import Foundation
import HTTP
import HostFiles
import IdentityToken
import Policy
import Testing

@testable import Upkeep

@Suite("a diagnosis")
struct DoctorTests {
    /// One thing that is not as it should be, and the line that names it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let check: DoctorLine.Check
        let code: DoctorLine.Code
        /// What the line's text has in it, and the mend.
        let text: String
        let mend: String
        let change: @Sendable (inout HostFacts) -> Void

        var testDescription: String { name }

        init(
            _ name: String, _ check: DoctorLine.Check, _ code: DoctorLine.Code, _ text: String, _ mend: String,
            _ change: @escaping @Sendable (inout HostFacts) -> Void
        ) {
            (self.name, self.check, self.code, self.text, self.mend, self.change) = (
                name, check, code, text, mend, change
            )
        }
    }

    @Test("a host that is in order is all ok, with a line for each check")
    func wellHost() throws {
        let diagnosis = Diagnosis(of: try SampleHost.facts())
        #expect(diagnosis.lines.filter { $0.verdict != .ok } == [])
        #expect(diagnosis.lines.map(\.check) == DoctorLine.Check.allCases)
        #expect(diagnosis.lines.allSatisfy { $0.mend == nil && $0.code == .ok })
        #expect(diagnosis.status(isStrict: true) == 0)
    }

    @Test("a fault is named by its own line and no other, with what mends it", arguments: faults)
    func named(_ fault: Fault) throws {
        var facts = try SampleHost.facts()
        fault.change(&facts)
        let diagnosis = Diagnosis(of: facts)
        let found = diagnosis.lines.filter { $0.verdict != .ok }
        let line = try #require(found.first)
        #expect(found.count == 1, "\(found)")
        #expect(line.check == fault.check)
        #expect(line.code == fault.code)
        #expect(line.text.contains(fault.text), "\(line.text)")
        #expect(line.mend?.contains(fault.mend) == true, "\(line.mend ?? "")")
        #expect(diagnosis.status(isStrict: true) == (line.verdict == .wrong ? 2 : 1))
        #expect(diagnosis.status(isStrict: false) == (line.verdict == .wrong ? 2 : 0))
    }

    @Test("each code but ok is the outcome of some fault here, or of a test of its own")
    func complete() {
        let elsewhere: Set<DoctorLine.Code> = [.ok, .configurationUnusable]
        let missing = DoctorLine.Code.allCases.filter { code in
            !elsewhere.contains(code) && !Self.faults.contains { $0.code == code }
        }
        #expect(missing == [])
    }

    @Test("docs/doctor.md has a row for each code, with its verdict, and for no other")
    func documented() throws {
        let text = try String(contentsOfFile: "\(Program.repository)/docs/doctor.md", encoding: .utf8)
        let rows = text.split(separator: "\n").compactMap { line -> [String]? in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 4, cells[0].hasPrefix("`") else { return nil }
            return [cells[0].filter { $0 != "`" }, cells[1]]
        }
        let codes = DoctorLine.Code.allCases.filter { $0 != .ok && $0 != .unseen }
        #expect(Set(rows) == Set(codes.map { [$0.rawValue, $0.verdict.rawValue] }))
        #expect(rows.count == codes.count)
        for check in DoctorLine.Check.allCases {
            let isNamed = text.split(separator: "\n").contains { $0.hasPrefix("#### ") && $0.contains(check.rawValue) }
            #expect(isNamed, "\(check)")
        }
    }

    @Test("keys in a folder that root alone can write are told, and are no fault")
    func breakGlass() throws {
        var facts = try SampleHost.facts()
        facts.sshd = SampleHost.sshd(["authorizedkeysfile": "/etc/pair/break-glass/%u"])
        let file = SampleHost.path("/etc/pair/break-glass/root")
        facts.logins[1] = SampleHost.login(SampleHost.root, name: "root", keysFiles: [file])
        let none = SampleHost.path("/etc/pair/break-glass/alice", end: .missing)
        facts.logins[0] = SampleHost.login(SampleHost.alice, keysFiles: [none])
        let line = try #require(Diagnosis(of: facts).lines.first { $0.check == .keysFile })
        #expect(line.code == .ok)
        #expect(line.text == "keys beside pair are in files of root's alone: /etc/pair/break-glass/root")
    }

    @Test("without a pair.toml that can be used only what does not need it is told")
    func withoutConfiguration() throws {
        var facts = try SampleHost.facts()
        facts.configuration = .failure(.file(.missing("/etc/pair/pair.toml")))
        facts.files = []
        facts.providers = []
        facts.answer = nil
        let lines = Diagnosis(of: facts).lines
        #expect(lines.filter { $0.verdict != .ok }.map(\.code) == [.configurationUnusable])
        #expect(lines.first?.text == "/etc/pair/pair.toml: no such file: nobody is let in")
    }

    @Test("what root alone can see is unseen for others, not wrong, and said so")
    func notRoot() throws {
        var facts = try SampleHost.facts()
        facts.isRoot = false
        facts.sshd.state = .unseen("sshd tells its settings to root alone")
        facts.record.unseen = "permission denied"
        facts.sessionsUnseen = "the processes of sessions are shown to root alone"
        let diagnosis = Diagnosis(of: facts)
        let found = diagnosis.lines.filter { $0.verdict != .ok }
        #expect(found.map(\.check) == [.sshd, .refusals, .sessions])
        #expect(found.allSatisfy { $0.code == .unseen && $0.mend == "Run it as root." })
        #expect(diagnosis.status(isStrict: false) == 0)
        #expect(diagnosis.status(isStrict: true) == 1)
    }

    @Test("offline, nothing is said of providers and of the clock")
    func offline() throws {
        var facts = try SampleHost.facts()
        facts.providers = facts.providers.map { $0.with(probe: nil) }
        let checks = Diagnosis(of: facts).lines.map(\.check)
        #expect(!checks.contains(.provider) && !checks.contains(.clock) && checks.contains(.keySet))
    }

    @Test("the JSON has a verdict, the counts, and each line with its code")
    func json() throws {
        var facts = try SampleHost.facts()
        facts.commandUsers = ["_pair": nil]
        let text = String(decoding: Diagnosis(of: facts).json(foundAt: SampleHost.now).encoded, as: UTF8.self)
        #expect(
            text.hasPrefix(
                #"{"time":"\#(SampleHost.now.rfc3339)","verdict":"wrong","counts":{"ok":18,"unseen":0,"warning":0,"wrong":1},"lines":[{"check":"configuration","code":"ok","verdict":"ok""#
            ), "\(text)")
        #expect(text.contains(#"{"check":"user","code":"user-missing","verdict":"wrong","text":"there is no user"#))
    }

    @Test("what it found is told in brief, also out of what was kept of it, for as long as it is new")
    func brief() throws {
        var facts = try SampleHost.facts()
        facts.commandUsers = ["_pair": nil]
        let found = Diagnosis(of: facts)
        let worst = try #require(found.lines.first { $0.verdict == .wrong })
        #expect(found.brief == HostReport.Doctor(failures: 1, warnings: 0, first: worst.text))
        let kept = found.json(foundAt: SampleHost.now).encoded
        let hour = Seconds(3600)
        let last = UnixTime(seconds: SampleHost.now.seconds + 3599)
        for now in [SampleHost.now, last] {
            #expect(HostReport.Doctor(kept: kept, atMost: hour, at: now) == found.brief)
        }
        #expect(HostReport.Doctor(kept: kept, atMost: hour, at: SampleHost.now + hour) == nil)
        // Found later than now.
        #expect(HostReport.Doctor(kept: kept, atMost: hour, at: UnixTime(seconds: SampleHost.now.seconds - 1)) == nil)
        #expect(HostReport.Doctor(kept: Array(kept.dropLast()), atMost: hour, at: SampleHost.now) == nil)
        let well = Diagnosis(of: try SampleHost.facts())
        #expect(
            HostReport.Doctor(kept: well.json(foundAt: SampleHost.now).encoded, atMost: hour, at: SampleHost.now)
                == HostReport.Doctor(failures: 0, warnings: 0))
    }

    @Test("a name from outside cannot draw on the terminal, nor leave its word in a command")
    func hostileNames() throws {
        var facts = try SampleHost.facts()
        facts.commandUsers = ["x\u{1B}[2J; rm -rf '": nil]
        let line = try #require(Diagnosis(of: facts).lines.first { $0.check == .user })
        #expect(!line.text.contains("\u{1B}"))
        #expect(line.mend?.hasSuffix(#" $'x\x1b[2J; rm -rf \x27'"#) == true, "\(line.mend ?? "")")
    }

    @Test(
        "a word for a shell comes back as it was",
        arguments: ["plain", "", "two words", "it's", "$(id)", "a\"b", "\u{1B}[2J", "é'\\", "-x", "a\nb"])
    func words(_ word: String) async throws {
        let run = try await Program.run(["bash", "-c", "printf %s \(shellQuoted(word)) | od -An -tx1 | tr -d ' \\n'"])
        #expect(run.output == hex(word.utf8), "\(shellQuoted(word))")
    }

    @Test("sessions of people who are in, or may be, are not told", arguments: quietSessions)
    func sessions(_ standings: [Standing]) throws {
        var facts = try SampleHost.facts()
        facts.sessionCount = 1
        let people = standings.map { SessionFacts.Person(name: "p@example.com", standing: $0) }
        facts.sessions = [SessionFacts(process: 1, login: "alice", began: SampleHost.now, people: people)]
        #expect(Diagnosis(of: facts).lines.last?.code == .ok)
    }
}
