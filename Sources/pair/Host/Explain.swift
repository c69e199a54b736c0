import AccessLog
import ArgumentParser
import Decision
import Encodings
import Foundation
import HostFiles
import Upkeep

extension Host {
    /// `pair host explain`: why somebody was refused, and what to change.
    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Explain the last refusal, and say what to change.",
            discussion: """
                Takes the last refusal, or fault, of the access log, or the last one of LOGIN; says what was refused and when, \
                decides again by today's members, accounts and revoked as far as the record tells, and names the command that \
                would let them in. A record does not keep everything: where groups or other claims matter, that is said, with \
                how to get the full answer. Nothing is changed. The status is 1 where there is no such record.
                """)

        @Argument(help: "The local user that was asked for.")
        var login: String?

        @Option(
            help: ArgumentHelp(
                "The host's pair.toml (default: \(HostFacts.standardConfiguration)).", valueName: "file"))
        var config: String?

        @Flag(help: "One JSON object: record, today, changes, full_answer.")
        var json = false

        func run() async throws {
            try await Terminal().reporting {
                let path = config ?? HostFacts.standardConfiguration
                let place = try LogPlace(file: nil, configuration: config) { Terminal().complain($0) }
                guard case .file(let log) = place else { return }
                let search: RefusalSearch
                do {
                    search = try RefusalSearch(in: log, login: login.map { Text($0) })
                } catch let missing as MissingFile {
                    throw Failure(
                        description: "\(missing)",
                        advice: "Nothing is on record then: see what `pair host doctor` says.")
                }
                guard let entry = search.refused else {
                    let whose = login.map { " of \(quoted($0))" } ?? ""
                    throw Failure(
                        description: "\(shown(log)): no refusal\(whose) is on record",
                        advice: """
                            A plain key never leaves a record, nor does a login that sshd turned away by itself: see its log, \
                            and run `pair host doctor`.
                            """)
                }
                let uid = entry.login.flatMap { name in
                    users(named: [name.string], by: SystemPrograms(timeout: Seconds(10)))[name.string]?.uid
                }
                let explanation = Explanation(
                    of: entry, by: try? TodaysPolicy(AdministeredHost(at: path)),
                    in: Explanation.Surroundings(
                        configurationPath: path, uid: uid, acceptedSince: search.acceptedSince, now: now()))
                if json {
                    print(String(decoding: explanation.json.encoded, as: UTF8.self))
                } else {
                    print(ExplanationReport(explanation, style: Style(for: STDOUT_FILENO), now: now()).text)
                }
            }
        }
    }
}

/// The last refusal, and whether the same person or key was let in since.
private struct RefusalSearch {
    private(set) var refused: AccessEntry?
    private(set) var acceptedSince: UnixTime?

    init(in log: String, login: Text?) throws {
        var last: AccessEntry?
        var accepted: UnixTime?
        var reading = LogReading(
            { entry in
                if let login, entry.login != login { return }
                switch entry.decision {
                case .refuse, .fault:
                    last = entry
                    accepted = nil
                case .accept:
                    guard let last, accepted == nil, entry.login == last.login else { return }
                    let isSamePerson = entry.subject != nil && entry.identity == last.identity
                    if isSamePerson || entry.key != nil && entry.key == last.key { accepted = entry.time }
                }
            }, since: nil, complain: { _ in })
        _ = try reading.readFamily(of: log, isGoingOn: false)
        refused = last
        acceptedSince = accepted
    }
}

/// An explanation for people.
struct ExplanationReport {
    private let explanation: Explanation
    private let style: Style
    private let now: UnixTime

    init(_ explanation: Explanation, style: Style, now: UnixTime) {
        self.explanation = explanation
        self.style = style
        self.now = now
    }

    /// Lines, without a line feed at the end.
    var text: String {
        let entry = explanation.entry
        let when = "\(WallClock.local.shown(entry.time)) (\(now.since(entry.time)) ago)"
        let what = "\(entry.reason.word), \(when), as \(entry.login?.word ?? "a login that was not named")"
        var lines = [entry.decision == .fault ? row("fault", what, style.red) : row("refused", what, style.yellow)]
        if let who { lines.append(row("who", who)) }
        lines.append(row("today", today))
        if let time = explanation.acceptedSince {
            lines.append(row("since then", "let in as \(entry.login?.word ?? "-"), at \(WallClock.local.shown(time))"))
        }
        for (index, change) in explanation.changes.enumerated() {
            lines.append(row(index == 0 ? "change" : "", change.text))
            if let command = change.command { lines.append(row("", "→ \(style.bold(command))")) }
        }
        lines.append(row("more", "every check, with the key or certificate as FILE:"))
        lines.append(row("", "→ \(style.bold(explanation.fullAnswer))"))
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, _ text: String, _ coloured: ((String) -> String)? = nil) -> String {
        (coloured ?? style.faint)(name) + String(repeating: " ", count: max(0, 12 - name.count)) + text
    }

    private var who: String? {
        let entry = explanation.entry
        var words: [String] = []
        if let email = entry.email { words.append(email.word) }
        if let subject = entry.subject { words.append("sub \(subject.word)") }
        if let provider = entry.provider { words.append("provider \(provider.word)") }
        if let account = entry.account { words.append("account \(account.word)") }
        if let keyID = entry.keyID { words.append("key id \(keyID.word)") }
        if words.isEmpty, let key = entry.key { words.append("nobody vouched for; key \(key.word)") }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    private var today: String {
        switch explanation.standing {
        case .letIn(let by): "would be let in, by \(by), if the key or certificate is good"
        case .refused(let reason, let detail): "would be refused: \(reason.rawValue), \(detail)"
        case .uncertain(let detail): "cannot be told: \(detail)"
        case .nobody: "cannot be told: the record does not say who it was"
        case nil: "cannot be told: members, accounts or revoked cannot be read (pair spaces check)"
        }
    }
}
