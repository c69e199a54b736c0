import ArgumentParser
import Encodings
import Foundation
import HostFiles
import Upkeep

extension Host {
    /// `pair host doctor`: whether logins work on this host, and why not.
    struct Doctor: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look whether logins work here, and what to mend.",
            discussion: """
                Looks at sshd, files, users, providers, clock, log and open sessions, and changes nothing. A line for each: ok; \
                warning: logins work, and something should be done; wrong: somebody cannot log in who should, or could who \
                should not; unseen: it could not be looked at, as a rule because root alone can. Below it, what to do.

                The status is 2 where something is wrong, 1 with warnings or something unseen and --strict, else 0. With --json \
                there is one object: time, verdict, counts, and lines with check, code, verdict, text, details, mend. docs/doctor.md \
                explains each code.
                """)

        @Option(
            help: ArgumentHelp(
                "The host's pair.toml (default: \(HostFacts.standardConfiguration)).", valueName: "file"))
        var config: String?

        @Option(help: ArgumentHelp("sshd's configuration.", valueName: "file"))
        var sshdConfig = SSHD.standardConfiguration

        @Option(
            help: ArgumentHelp(
                "Look at this login, and not at all that are granted; may be repeated.", valueName: "name"))
        var login: [String] = []

        @Flag(help: "Ask no provider.")
        var offline = false

        @Flag(help: "Let warnings, and what could not be looked at, fail, too.")
        var strict = false

        @Flag(help: "Only what is short of ok.")
        var quiet = false

        @Flag(help: "One JSON object with all that was found.")
        var json = false

        @Option(
            help: ArgumentHelp("Keep that object in this file, too: for `pair host watch --doctor`.", valueName: "file")
        )
        var keep: String?

        func run() async throws {
            let terminal = Terminal(isQuiet: json)
            terminal.wait(for: "Looking")
            let moment = now()
            let examination = HostExamination(
                configurationPath: config ?? HostFacts.standardConfiguration, sshdConfiguration: sshdConfig,
                wantedLogins: login, isOffline: offline, now: moment)
            let diagnosis = Diagnosis(of: await examination.facts())
            terminal.wait(for: nil)
            let object = diagnosis.json(foundAt: moment).encoded
            if let keep {
                try await terminal.reporting { try replaceFile(at: keep, with: object + [0x0A], mode: 0o644) }
            }
            if json {
                print(String(decoding: object, as: UTF8.self))
            } else {
                let report = DiagnosisReport(diagnosis, style: Style(for: STDOUT_FILENO))
                print(report.text(isQuiet: quiet), terminator: "")
            }
            let status = diagnosis.status(isStrict: strict)
            if status != 0 { throw ExitCode(status) }
        }
    }
}

/// A diagnosis on one screen.
struct DiagnosisReport {
    private let diagnosis: Diagnosis
    private let style: Style

    init(_ diagnosis: Diagnosis, style: Style) {
        self.diagnosis = diagnosis
        self.style = style
    }

    private static let widthOfVerdict = DoctorLine.Verdict.allCases.map(\.rawValue.count).max() ?? 0
    private static let widthOfCheck = DoctorLine.Check.allCases.map(\.rawValue.count).max() ?? 0

    /// Whole lines.
    func text(isQuiet: Bool) -> String {
        let lines = diagnosis.lines.filter { !isQuiet || $0.verdict != .ok }.flatMap(rows)
        return (lines + ["", summary].dropFirst(isQuiet && lines.isEmpty ? 2 : 0)).map { $0 + "\n" }.joined()
    }

    private func rows(_ line: DoctorLine) -> [String] {
        let verdict = coloured(padded(line.verdict.rawValue, Self.widthOfVerdict), line.verdict)
        let indent = String(repeating: " ", count: Self.widthOfVerdict + Self.widthOfCheck + 4)
        let first = "\(verdict)  \(style.faint(padded(line.check.rawValue, Self.widthOfCheck)))  \(line.text)"
        return [first] + line.details.map { "\(indent)\($0)" }
            + (line.mend.map { ["\(indent)→ \(style.bold($0))"] } ?? [])
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func coloured(_ text: String, _ verdict: DoctorLine.Verdict) -> String {
        switch verdict {
        case .ok: style.green(text)
        case .unseen: style.faint(text)
        case .warning: style.yellow(text)
        case .wrong: style.red(text)
        }
    }

    private var summary: String {
        if diagnosis.verdict == .ok { return style.green("all ok") }
        let counts = DoctorLine.Verdict.allCases.reversed().filter { diagnosis.count(of: $0) > 0 }
        return counts.map { coloured("\(diagnosis.count(of: $0)) \($0.rawValue)", $0) }.joined(separator: ", ")
    }
}
