import AccessLog
import Encodings

/// Entries for people, a row each.
struct EntryTable {
    /// The last column, how many records a row is of, has none.
    private static let headings = ["TIME", "DECISION", "REASON", "LOGIN", "WHO", "SERVICE", "UNTIL", ""]
    private static let decisionColumn = 1

    let clock: WallClock
    let style: Style
    private var widths = Self.headings.map(\.count)
    private var isBegun = false

    init(clock: WallClock, style: Style) {
        self.clock = clock
        self.style = style
    }

    /// The rows of `entries`, no narrower than those before, below the headings where they are the first.
    mutating func rows(of entries: [FoldedEntry]) -> [String] {
        let cells = entries.map(cells)
        for row in cells { widths = zip(widths, row).map { max($0, $1.count) } }
        var rows = zip(entries, cells).map { entry, cells in
            line(cells) { column, text in
                column == Self.decisionColumn ? coloured(text, entry.first.decision) : text
            }
        }
        if !isBegun {
            rows.insert(line(Self.headings) { _, text in style.faint(text) }, at: 0)
            isBegun = true
        }
        return rows
    }

    /// How many columns of a terminal the row of `entry` takes.
    func width(of entry: FoldedEntry) -> Int { line(cells(entry)) { _, text in text }.count }

    private func line(_ cells: [String], _ coloured: (Int, String) -> String) -> String {
        let last = cells.lastIndex { !$0.isEmpty } ?? 0
        return cells[...last].enumerated().map { column, text in
            let width = column < last ? widths[column] : 0
            return coloured(column, text) + String(repeating: " ", count: max(0, width - text.count))
        }.joined(separator: "  ")
    }

    private func cells(_ folded: FoldedEntry) -> [String] {
        let entry = folded.first
        return [
            clock.shown(entry.time), entry.decision.rawValue, entry.reason.word, entry.login?.word ?? "-",
            entry.identity.name(email: entry.email),
            entry.services.isEmpty ? "-" : entry.services.map(\.word).joined(separator: ","),
            entry.expires.map { clock.shown($0, after: entry.time) } ?? "-",
            folded.count > 1 ? "×\(folded.count)" : "",
        ]
    }

    private func coloured(_ text: String, _ decision: AccessEntry.Answer) -> String {
        switch decision {
        case .accept: style.green(text)
        case .refuse: style.yellow(text)
        case .fault: style.red(text)
        }
    }
}

extension AccessEntry.Identity {
    /// Who that is, as people know them: the e-mail, else the sub; the key id with its account; the account.
    func name(email: Text?) -> String {
        if let name = email ?? subject { return name.word }
        let account = account?.word
        guard let keyID else { return account ?? "-" }
        return keyID.word + (account.map { " (\($0))" } ?? "")
    }
}

extension Text {
    /// As it stands where that is one plain word, else quoted: a record must not draw on the terminal or fake a column.
    var word: String {
        let isPlain = !isEmpty && utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
        return isPlain ? string : quoted(self)
    }
}
