/// Lines of cells, aligned under headings.
struct Table {
    private let style: Style
    private var rows: [[Cell]]

    /// A text and how it is coloured, which takes no room.
    struct Cell {
        let text: String
        let coloured: (String) -> String

        init(_ text: String, _ coloured: @escaping (String) -> String = { $0 }) {
            self.text = text
            self.coloured = coloured
        }
    }

    init(_ headings: [String], style: Style) {
        self.style = style
        rows = [headings.map { Cell($0, style.faint) }]
    }

    mutating func add(_ row: [Cell]) { rows.append(row) }

    /// Whole lines but for the last line feed.
    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].text.count }.max() ?? 0 }
        return rows.map { row in
            let last = row.lastIndex { !$0.text.isEmpty } ?? 0
            return row[...last].enumerated().map { column, cell in
                // What has nothing behind it needs not be aligned.
                let room = column == last ? 0 : widths[column] - cell.text.count
                return cell.coloured(cell.text) + String(repeating: " ", count: room)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
