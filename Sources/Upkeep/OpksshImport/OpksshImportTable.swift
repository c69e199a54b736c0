internal import Encodings

/// The rows of one of opkssh's files as opkssh itself takes them apart, mistakes included.
///
/// A line ends at its first `#`, escaped or not; columns stand between white space of any kind; a backslash takes the
/// next character as it is; quotes mean nothing.
/// Source: opkssh policy/files/table.go.
struct OpksshTable {
    /// A longer line is not looked at; what comes of a shorter one fits a line of `members`.
    static let lineLimit = 16_384

    /// One line of the file.
    struct Row {
        /// From 1.
        let number: Int
        let bytes: ArraySlice<UInt8>
        let content: Content
        /// What stands behind the first `#`, trimmed; `nil` where there is none, or nothing behind it.
        let comment: Text?
    }

    enum Content: Equatable {
        /// Nothing but a comment, or nothing at all.
        case blank
        case columns([Text])
        case unreadable(OpksshReason.Row)
    }

    let rows: [Row]

    init(parsing bytes: [UInt8]) {
        var rows: [Row] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = line.last == 0x0D ? line.dropLast() : line
            rows.append(Row(number: index + 1, line: line))
        }
        // What stands behind the last line feed is no line.
        if rows.last?.bytes.isEmpty == true { rows.removeLast() }
        self.rows = rows
    }
}

extension OpksshTable.Row {
    fileprivate init(number: Int, line: ArraySlice<UInt8>) {
        self.number = number
        bytes = line
        guard line.count <= OpksshTable.lineLimit else {
            content = .unreadable(.tooLong(limit: OpksshTable.lineLimit))
            comment = nil
            return
        }
        guard let text = Text(validating: line) else {
            content = .unreadable(.notUTF8)
            comment = nil
            return
        }
        guard number > 1 || !line.starts(with: [0xEF, 0xBB, 0xBF]) else {
            content = .unreadable(.byteOrderMark)
            comment = nil
            return
        }
        let scalars = text.string.unicodeScalars
        let end = scalars.firstIndex(of: "#") ?? scalars.endIndex
        // opkssh takes blanks away at both ends first, so that a backslash before the last of them escapes nothing.
        let filled = withoutBlanks(scalars[..<end])
        content = filled.isEmpty ? .blank : .columns(unescaped(filled))
        let behind = withoutBlanks(scalars[end...].dropFirst())
        comment = behind.isEmpty ? nil : Text(String(behind))
    }
}

/// The columns of a line without its comment and without blanks at its ends.
private func unescaped(_ line: Substring.UnicodeScalarView) -> [Text] {
    var columns: [Text] = []
    var column = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in line {
        if isEscaped {
            column.append(scalar)
            isEscaped = false
        } else if scalar == "\\" {
            isEscaped = true
        } else if !scalar.properties.isWhitespace {
            column.append(scalar)
        } else if !column.isEmpty {
            columns.append(Text(String(column)))
            column = String.UnicodeScalarView()
        }
    }
    if !column.isEmpty { columns.append(Text(String(column))) }
    return columns
}

private func withoutBlanks(_ scalars: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
    var rest = scalars.drop { $0.properties.isWhitespace }
    while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
    return rest
}

/// A comment of opkssh's files for ours: as it is where it cannot do anything to a terminal or an editor.
func commentText(_ comment: Text) -> String {
    let text = Text(String(String.UnicodeScalarView(comment.string.unicodeScalars.map { $0 == "\t" ? " " : $0 })))
    return text.hasControls || text.utf8.count > 400 ? quoted(comment, limit: 400) : text.string
}

/// The comment that stands for what was not taken over.
func commentOnAbsence(of source: String, at place: String, _ reason: OpksshReason) -> String {
    "not taken over (\(place), \(reason.code)): \(source)"
}
