import Encodings
import Upkeep

/// What became of opkssh's lines, for people.
struct OpksshReport {
    let findings: [OpksshFinding]

    /// Whether nothing that has effect in opkssh is without an equal.
    var isComplete: Bool { !findings.contains { $0.outcome == .missing } }

    /// A block for each file, what the numbers in brackets mean, and a line that counts.
    func text(style: Style) -> String {
        var notes: [String] = []
        var blocks: [String] = []
        for file in files {
            var lines = [style.bold(file)]
            for finding in findings where finding.file == file {
                let marks = finding.reasons.map { reason in
                    let note = "\(reason)" + (reason.advice.map { "\n     \($0)" } ?? "")
                    let index = notes.firstIndex { Text($0) == Text(note) } ?? notes.count
                    if index == notes.count { notes.append(note) }
                    return "[\(index + 1)]"
                }
                lines += rows(of: finding, marks: marks.joined(), style)
            }
            blocks.append(lines.joined(separator: "\n"))
        }
        if !notes.isEmpty {
            let numbered = notes.enumerated().map { index, note in
                let mark = "[\(index + 1)]"
                return mark + String(repeating: " ", count: max(5 - mark.count, 1)) + note
            }
            blocks.append(numbered.joined(separator: "\n"))
        }
        return (blocks + [summary]).joined(separator: "\n\n")
    }

    /// The files in the order of their first findings.
    private var files: [String] {
        var seen: Set<Text> = []
        return findings.map(\.file).filter { seen.insert(Text($0)).inserted }
    }

    private func rows(of finding: OpksshFinding, marks: String, _ style: Style) -> [String] {
        let place = finding.line.map(String.init) ?? "-"
        let outcome = finding.outcome
        let blanks = String(repeating: " ", count: max(11 - outcome.words.count, 1))
        let start = String(repeating: " ", count: max(6 - place.count, 0)) + place
        let row =
            "\(start)  \(outcome.coloured(style))\(blanks)"
            + [finding.source, marks].filter { !$0.isEmpty }.joined(separator: "  ")
        return [row] + finding.result.map { String(repeating: " ", count: 19) + style.faint("-> \($0)") }
    }

    private var summary: String {
        let counts = OpksshOutcome.allCases.compactMap { outcome in
            let count = findings.count { $0.outcome == outcome }
            return count == 0 ? nil : "\(count) \(outcome.words)"
        }
        return counts.isEmpty ? "Nothing to take over." : counts.joined(separator: ", ") + "."
    }
}

extension OpksshOutcome {
    /// For people.
    var words: String {
        switch self {
        case .equal: "equal"
        case .note: "note"
        case .void: "no effect"
        case .stricter: "stricter"
        case .looser: "looser"
        case .missing: "no equal"
        }
    }

    func coloured(_ style: Style) -> String {
        switch self {
        case .equal: style.green(words)
        case .note, .void: style.faint(words)
        case .stricter: style.yellow(words)
        case .looser, .missing: style.red(words)
        }
    }
}

extension OpksshFinding {
    /// For programs; what is not known is left out.
    var json: JSON.Object {
        var object = JSON.Object()
        object.add("file", file)
        if let line { object.add("line", .integer(Int64(line))) }
        object.add("outcome", outcome.rawValue)
        if !source.isEmpty { object.add("source", source) }
        object.add("result", .array(result.map { .string(Text($0)) }))
        let reasons = reasons.map { reason in
            var object = JSON.Object()
            object.add("code", reason.code)
            object.add("why", reason.description)
            object.add("advice", reason.advice)
            return JSON.object(object)
        }
        object.add("reasons", .array(reasons))
        return object
    }
}
