import AccessLog
import Encodings
import Foundation

/// Takes the entries of a log one after another, and shows those that are asked for.
final class EntryReport {
    /// As what they are shown.
    enum Form {
        case table(EntryTable)
        case json
    }

    /// Rows that are held back at first, so that the columns fit.
    private static let heldRows = 200

    private let filter: EntryFilter
    private let stream = ResultStream()
    private let isFolding: Bool
    /// How many of the past are shown, the last ones; `nil` for all.
    private let limit: Int?
    /// Whether more is to come as it happens: no count is known then.
    private let isFollowing: Bool
    /// How wide the terminal is on which a row can be drawn anew, `nil` where none can.
    private let width: Int?
    private var form: Form
    private var folding: Folding
    /// Not shown yet: the first rows, or the last of the past.
    private var held: [FoldedEntry] = []
    private var hasBegun = false
    /// The row above the cursor.
    private var lastRow: FoldedEntry?

    init(
        _ form: Form, of filter: EntryFilter, isFolding: Bool, limit: Int?, isFollowing: Bool, width: Int?
    ) {
        self.form = form
        self.filter = filter
        self.isFolding = isFolding
        self.limit = limit
        self.isFollowing = isFollowing
        self.width = width
        folding = Folding(isOn: isFolding)
    }

    /// Whether as many were found as were asked for.
    var isFull: Bool { limit.map { held.count >= $0 } ?? false }

    /// Takes an entry of the past.
    func take(_ entry: AccessEntry) throws {
        guard filter.matches(entry) else { return }
        _ = folding.take(entry)
        try hold(folding.takeComplete())
    }

    private func hold(_ entries: [FoldedEntry]) throws {
        held += entries
        if let limit {
            // Half of them at a time: each removal moves all that stay.
            let excess = held.count - min(limit, held.count)
            if excess > max(1024, held.count / 2) { held.removeFirst(excess) }
        } else if held.count > Self.heldRows || hasBegun {
            try show(held)
            held = []
        }
    }

    /// All of the past has been taken: shows what is not shown yet.
    /// - Returns: Whether anything was found.
    func endPast() throws -> Bool {
        held += folding.stillOpen
        if let limit { held.removeFirst(max(0, held.count - limit)) }
        try show(held)
        held = []
        try stream.flush()
        return hasBegun
    }

    /// Takes an entry as it happens: shows its row at once, or draws the row above anew where it belongs to that.
    func takeNew(_ entry: AccessEntry) throws {
        guard filter.matches(entry) else { return }
        let folded = folding.take(entry)
        _ = folding.takeComplete()
        if folded.count == 1 {
            try show([folded])
        } else if folded.number == lastRow?.number {
            try redraw(folded)
        }
    }

    /// Writes what has been held back in order to write much at once.
    func flush() throws { try stream.flush() }

    /// Something else was said below the last row.
    func forgetLastRow() { lastRow = nil }

    private func show(_ entries: [FoldedEntry]) throws {
        guard let last = entries.last else { return }
        hasBegun = true
        lastRow = last
        switch form {
        case .table(var table):
            for row in table.rows(of: entries) { try stream.write(row) }
            form = .table(table)
        case .json:
            for entry in entries { try stream.write(json(of: entry)) }
        }
    }

    private func redraw(_ entry: FoldedEntry) throws {
        guard case .table(var table) = form, let width, let lastRow else { return }
        // A row that took two lines of the terminal cannot be drawn over.
        guard max(table.width(of: entry), table.width(of: lastRow)) < width else { return }
        let row = table.rows(of: [entry]).joined()
        form = .table(table)
        try stream.flush("\u{1B}[1A\r\u{1B}[K")
        try stream.write(row)
        self.lastRow = entry
    }

    /// The record as it stood, and how many there were where that is known.
    private func json(of entry: FoldedEntry) -> [UInt8] {
        var members = entry.first.members
        if isFolding, !isFollowing, members["count"] == nil { members.add("count", .integer(Int64(entry.count))) }
        return JSON.object(members).encoded
    }
}

/// The lines of a log that are no records.
struct MalformedLines {
    /// How many are named.
    private static let namedCount = 10

    private var named: [MalformedLine] = []
    private var count = 0

    mutating func add(_ line: MalformedLine) {
        count += 1
        if named.count < Self.namedCount { named.append(line) }
    }

    /// What to say of them, `nil` where there are none.
    var text: String? {
        guard count > 0 else { return nil }
        let others = count > named.count ? ["and \(count - named.count) more"] : []
        let heading = "pair: \(count) line\(count == 1 ? " is" : "s are") no record of ours and left out:"
        return ([heading] + (named.map(\.description) + others).map { "  " + $0 }).joined(separator: "\n")
    }
}
