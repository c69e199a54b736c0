import Administration
import ArgumentParser
import Encodings
import Foundation
import HostFiles
import Policy

extension Spaces {
    /// `pair spaces check`: everything that the host decides by.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look over pair.toml, members, accounts and revoked.",
            discussion: """
                An error means that nobody enters, or that a line does not hold; a warning, that it is probably not what was \
                meant; a note is worth knowing. The status is 2 with errors, 1 with warnings and --strict, else 0. With --json \
                there is one object a line: severity, code, file, line, column, text, advice.
                """)

        @OptionGroup var options: SpaceOptions

        @Flag(help: "Let warnings fail, too.")
        var strict = false

        @Flag(help: "One JSON object for each finding, on a line of its own.")
        var json = false

        func run() throws {
            let findings = findings()
            let style = Style(for: STDOUT_FILENO)
            for finding in findings {
                let report = FindingReport(finding, style)
                print(json ? String(decoding: JSON.object(report.json).encoded, as: UTF8.self) : report.text)
            }
            let counts = Finding.Severity.allCases.map { severity in
                (severity, findings.count { $0.severity == severity })
            }
            if !json {
                let words = counts.map { "\($1) \($0.rawValue)\($1 == 1 ? "" : "s")" }
                print((findings.isEmpty ? "" : "\n") + words.joined(separator: ", "))
            }
            if counts[0].1 > 0 { throw ExitCode(2) }
            if strict, counts[1].1 > 0 { throw ExitCode(1) }
        }

        private func findings() -> [Finding] {
            let path = options.host.config
            let files = FileFindings()
            do {
                let host = try AdministeredHost(options.host)
                var check = HostCheck(of: host, space: options.space ?? host.configuration.space)
                for finding in files.findings(about: host) { check.add(finding) }
                return check.findings
            } catch let error as PolicyError {
                return files.findings(path, isNamed: true) + [
                    Finding(file: path, line: error.line, column: error.column, reason: .fault("\(error.reason)"))
                ]
            } catch let fault as FileFault {
                return [Finding(file: path, line: nil, reason: .file("\(fault)", mend: fault.mend))]
            } catch {
                return [Finding(file: path, line: nil, reason: .fault("\(error)"))]
            }
        }
    }
}

extension HostCheck {
    /// Looks through a host's files; through pair.toml only where `kinds` is all of them.
    ///
    /// What cannot be read counts as empty: that is a finding of the files' own.
    init(of host: AdministeredHost, space: String, only kinds: [HostFileKind] = HostFileKind.allCases) {
        self.init(
            of: host.configuration, parsed: host.bytes, file: host.path, space: space, now: now(), users: LocalUsers())
        let contents = { (kind: HostFileKind) in ((try? host.contents(of: kind)) ?? nil) ?? [] }
        if kinds.contains(.members) { checkMembers(contents(.members), path: host.path(of: .members)) }
        if kinds.contains(.accounts) { checkAccounts(contents(.accounts), path: host.path(of: .accounts)) }
        if kinds.contains(.revoked) {
            checkRevoked(
                contents(.revoked), path: host.path(of: .revoked), accountsPath: host.path(of: .accounts))
        }
        if kinds.count == HostFileKind.allCases.count { checkConfiguration() }
    }
}

/// A finding as it is shown.
struct FindingReport {
    private let finding: Finding
    private let style: Style

    init(_ finding: Finding, _ style: Style) {
        self.finding = finding
        self.style = style
    }

    var text: String {
        let place = ([shown(finding.file)] + [finding.line, finding.column].compactMap { $0.map(String.init) })
            .joined(separator: ":")
        let name = finding.severity.rawValue
        let severity: String =
            switch finding.severity {
            case .error: style.red(name)
            case .warning: style.yellow(name)
            case .note: style.faint(name)
            }
        return "\(place): \(severity): \(finding.reason)\n    \(finding.reason.advice)"
    }

    var json: JSON.Object {
        var object = JSON.Object()
        object.add("severity", finding.severity.rawValue)
        object.add("code", finding.reason.code)
        object.add("file", finding.file)
        if let line = finding.line { object.add("line", .integer(Int64(line))) }
        if let column = finding.column { object.add("column", .integer(Int64(column))) }
        object.add("text", "\(finding.reason)")
        object.add("advice", finding.reason.advice)
        return object
    }
}
