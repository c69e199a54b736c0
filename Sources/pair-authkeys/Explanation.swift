import Decision
import Encodings
import Sandbox

extension Verdict {
    /// The status with which a person's or a program's run ends.
    var status: Int32 {
        switch decision.outcome {
        case .accepted: 0
        case .refused: 1
        case .faulted: 2
        }
    }

    /// Every check and what came of it, ending in the line or in what to do; for a person.
    func explanation(in sandbox: Sandbox, inColour: Bool) -> String {
        let style = Style(isOn: inColour)
        let width = decision.checks.map { $0.check.rawValue.count }.max() ?? 0
        var lines = decision.checks.map { result in
            let name = result.check.rawValue.padding(to: width)
            return switch result.outcome {
            case .pass: "\(style.green("pass"))  \(name)  \(result.detail)"
            case .fail: "\(style.red("FAIL"))  \(name)  \(result.detail)"
            case .skipped: style.faint("  --  \(name)")
            }
        }
        lines += [style.faint("sandbox: \(sandbox)"), ""]
        switch decision.outcome {
        case .accepted(let line):
            lines += ["\(style.green("accepted")) \(line.duration); sshd is told:", line.text]
        case .refused(let refusal):
            lines += ["\(style.red("refused: \(refusal.reason.rawValue)")): \(refusal.detail)", refusal.reason.advice]
        case .faulted(let fault):
            lines += ["\(style.red("fault: \(fault.code.rawValue)")): \(fault.detail)", "To mend it: \(fault.mend)"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The same for programs: one JSON object.
    func report(in sandbox: Sandbox) -> String {
        var report = JSON.Object()
        switch decision.outcome {
        case .accepted(let line):
            report.add("decision", "accept")
            report.add("reason", "accepted")
            report.add("detail", line.duration)
            report.add("line", line.text)
        case .refused(let refusal):
            report.add("decision", "refuse")
            report.add("reason", refusal.reason.rawValue)
            report.add("detail", refusal.detail)
            report.add("line", .null)
        case .faulted(let fault):
            report.add("decision", "fault")
            report.add("reason", fault.code.rawValue)
            report.add("detail", "\(fault.detail); to mend it: \(fault.mend)")
            report.add("line", .null)
        }
        let checks = decision.checks.map { result in
            var check = JSON.Object()
            check.add("name", result.check.rawValue)
            check.add("outcome", result.outcome.rawValue)
            check.add("detail", result.detail)
            return JSON.object(check)
        }
        report.add("checks", .array(checks))
        let parts = sandbox.parts.map { part in
            var object = JSON.Object()
            object.add("name", part.name)
            object.add("outcome", part.obstacle == nil ? "pass" : "skipped")
            object.add("detail", part.obstacle ?? part.version ?? "in force")
            return JSON.object(object)
        }
        report.add("sandbox", .array(parts))
        return String(decoding: JSON.object(report).encoded, as: UTF8.self) + "\n"
    }

    /// The outcome as a fixture expects it.
    var expectation: String {
        switch decision.outcome {
        case .accepted(let line): line.text
        case .refused(let refusal): "refused: \(refusal.reason.rawValue)"
        case .faulted(let fault): "fault: \(fault.code.rawValue)"
        }
    }
}

extension AuthorizedKeyLine {
    /// For how long it lets the key in.
    fileprivate var duration: String { end == .never ? "without an end" : "until \(end.rfc3339)" }
}

/// Colours of a terminal, or none.
struct Style {
    let isOn: Bool

    func green(_ text: String) -> String { wrapped(text, "32") }
    func red(_ text: String) -> String { wrapped(text, "31") }
    func faint(_ text: String) -> String { wrapped(text, "2") }

    private func wrapped(_ text: String, _ code: String) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
