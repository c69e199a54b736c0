import AccessLog
import Encodings

extension AccessSummary {
    /// One object for programs.
    var json: JSON.Object {
        var object = JSON.Object()
        object.add("first", period?.lowerBound.rfc3339)
        object.add("last", period?.upperBound.rfc3339)
        object.add("accepted", .array(accepted.map { .object($0.json) }))
        object.add("refused", .array(refused.map { .object($0.json) }))
        object.add("faults", .array(faults.map { .object($0.json) }))
        return object
    }

    /// Bars for people, at most `width` columns wide; the longest list is cut after `limit`.
    func chart(width: Int, clock: WallClock, style: Style, limit: Int = 30) -> [String] {
        guard let period else { return [] }
        var lines = [style.faint("\(clock.shown(period.lowerBound)) to \(clock.shown(period.upperBound))")]
        func add(_ title: String, _ bars: [Bar], _ colour: (String) -> String) {
            guard !bars.isEmpty else { return }
            let all = bars.reduce(0) { $0 + $1.count }
            lines += ["", "\(style.bold(title))  \(all)"]
            lines += Bar.lines(of: Array(bars.prefix(limit)), width: width, colour)
            let others = bars.dropFirst(limit)
            if !others.isEmpty {
                lines.append("and \(others.count) more, \(others.reduce(0) { $0 + $1.count }) together; --json has all")
            }
        }
        add("Accepted, by identity", accepted.map { Bar($0, clock) }, style.green)
        add("Refused, by reason", refused.map { Bar(label: $0.reason.word, count: $0.count) }, style.yellow)
        add("Faults, by reason", faults.map { Bar(label: $0.reason.word, count: $0.count) }, style.red)
        return lines
    }
}

/// One line of a chart.
private struct Bar {
    let label: String
    let count: Int
    var note = ""

    init(label: String, count: Int) {
        self.label = label
        self.count = count
    }

    init(_ person: AccessSummary.Person, _ clock: WallClock) {
        let provider = person.identity.provider.map { " at " + $0.word } ?? ""
        label = person.identity.name(email: person.email) + provider
        count = person.count
        note = "last " + clock.shown(person.last)
    }

    /// The label, the bar as long as the count is beside the largest, the count, the note.
    static func lines(of bars: [Bar], width: Int, _ colour: (String) -> String) -> [String] {
        let largest = bars.map(\.count).max() ?? 1
        let digits = String(largest).count
        let note = bars.map(\.note.count).max() ?? 0
        // Half of the line at most is for labels: a bar of a few columns still tells.
        let label = min(bars.map(\.label.count).max() ?? 0, max(width / 2, 10))
        let room = max(4, width - label - digits - (note > 0 ? note + 2 : 0) - 4)
        return bars.map { bar in
            let name = bar.label.count > label ? bar.label.prefix(label - 1) + "…" : bar.label[...]
            let columns = blocks(bar.count, of: largest, columns: room)
            let number = String(bar.count)
            return name + String(repeating: " ", count: label - name.count) + "  " + colour(columns)
                + String(repeating: " ", count: room - columns.count + 2 + digits - number.count) + number
                + (bar.note.isEmpty ? "" : "  " + bar.note)
        }
    }

    /// `columns` for the largest, in eighths; no count is without a mark.
    private static func blocks(_ count: Int, of largest: Int, columns: Int) -> String {
        let eighths = max(1, Int((Double(count) / Double(largest) * Double(columns * 8)).rounded()))
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }
}

extension AccessSummary.Person {
    fileprivate var json: JSON.Object {
        var object = JSON.Object()
        object.add("provider", identity.provider?.string)
        object.add("sub", identity.subject?.string)
        object.add("email", email?.string)
        object.add("account", identity.account?.string)
        object.add("key_id", identity.keyID?.string)
        object.add("count", .integer(Int64(count)))
        object.add("last", last.rfc3339)
        return object
    }
}

extension AccessSummary.Tally {
    fileprivate var json: JSON.Object {
        var object = JSON.Object()
        object.add("reason", reason.string)
        object.add("count", .integer(Int64(count)))
        return object
    }
}
