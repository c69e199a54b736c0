public import Encodings

/// A file of the admin's as lines, of which every one that is not edited stays byte for byte.
public struct LineFile: Sendable, Equatable {
    /// The longest line that a host reads, without its LF.
    public static let maximumLine = 65_536

    /// As the caller named it: for messages.
    public let path: String

    /// Without their LFs.
    public let lines: [ArraySlice<UInt8>]

    /// The lines of `bytes`.
    /// - Throws: `.torn` where the last line does not end in LF.
    public init(_ bytes: [UInt8], path: String) throws(EditError) {
        guard bytes.isEmpty || bytes.last == 0x0A else { throw .torn(path) }
        self.path = path
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            lines.append(bytes[start..<end])
            start = end + 1
        }
        self.lines = lines
    }

    /// The whole file.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.reduce(0) { $0 + $1.count + 1 })
        for line in lines {
            bytes += line
            bytes.append(0x0A)
        }
        return bytes
    }

    /// Hands each line to `body`, with its number from 1.
    func forEachLine<Failure: Error>(
        _ body: (Span<UInt8>, Int) throws(Failure) -> Void
    ) throws(Failure) {
        for (index, line) in lines.enumerated() { try body(line.span, index + 1) }
    }
}

/// What is to become of some lines of a file.
struct LinePlan {
    /// The numbers of lines that go.
    var removed: Set<Int> = []
    /// What lines with these numbers become.
    var rewritten: [Int: [UInt8]] = [:]
    /// Lines that come, in front of the line with that number; behind the last one where there is none such.
    var inserted: (before: Int, lines: [[UInt8]]) = (1, [])
}

/// A file with some lines changed, and which.
public struct LineEdit: Sendable, Equatable {
    /// One line's fate.
    public enum Change: Sendable, Equatable {
        /// A new line, with the number that it has now.
        case added(line: Int, Text)
        /// A line that is gone, with the number that it had.
        case removed(line: Int, Text)
        /// A line that reads otherwise, with the number that it has now.
        case rewritten(line: Int, from: Text, to: Text)
    }

    /// The file as it is to be.
    public let file: LineFile
    /// In the order of the lines.
    public let changes: [Change]

    /// Nothing changes.
    init(unchanged file: LineFile) {
        self.file = file
        changes = []
    }

    /// `file` after `plan`.
    init(_ plan: LinePlan, of file: LineFile) throws(EditError) {
        var lines: [ArraySlice<UInt8>] = []
        var changes: [Change] = []
        func insert() {
            for line in plan.inserted.lines {
                lines.append(line[...])
                changes.append(.added(line: lines.count, LineEdit.text(line[...])))
            }
        }
        for (index, line) in file.lines.enumerated() {
            if index + 1 == plan.inserted.before { insert() }
            if plan.removed.contains(index + 1) {
                changes.append(.removed(line: index + 1, LineEdit.text(line)))
            } else if let new = plan.rewritten[index + 1] {
                lines.append(new[...])
                changes.append(
                    .rewritten(line: lines.count, from: LineEdit.text(line), to: LineEdit.text(new[...])))
            } else {
                lines.append(line)
            }
        }
        if plan.inserted.before > file.lines.count { insert() }
        for line in plan.inserted.lines + Array(plan.rewritten.values) where line.count > LineFile.maximumLine {
            throw .lineTooLong
        }
        self.file = LineFile(path: file.path, lines: lines)
        self.changes = changes
    }

    private static func text(_ line: ArraySlice<UInt8>) -> Text { Text(String(decoding: line, as: UTF8.self)) }
}

extension LineFile {
    fileprivate init(path: String, lines: [ArraySlice<UInt8>]) {
        self.path = path
        self.lines = lines
    }
}
