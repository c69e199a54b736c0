internal import Encodings

/// How something of opkssh's fares here.
public enum OpksshOutcome: String, Sendable, CaseIterable {
    /// Taken over, and it means the same.
    case equal
    /// Taken over or not, nothing of it changes; something about it is to be known.
    case note
    /// opkssh itself gives it no effect, and so it has none here.
    case void
    /// Taken over; somebody who entered by it may be refused.
    case stricter
    /// Taken over; it lets somebody in, or stay, whom opkssh would not.
    case looser
    /// It has effect in opkssh and no equal here.
    case missing
}

/// What became of one line, one setting or one file.
public struct OpksshFinding: Equatable, Sendable {
    /// The file's path, as the caller named it.
    public let file: String
    /// From 1; `nil` where the whole file is meant.
    public let line: Int?
    /// What stands there, safe to show: as it is where it is printable ASCII, else quoted; empty for a whole file.
    public let source: String
    /// The lines that came of it, for `members` or the table's heading for `pair.toml`; empty where nothing did.
    public let result: [String]
    /// What is to be known about it; empty where it means the same.
    public let reasons: [OpksshReason]

    /// A finding about a place in a file.
    public init(file: String, line: Int?, source: String = "", result: [String] = [], reasons: [OpksshReason]) {
        self.file = file
        self.line = line
        self.source = source
        self.result = result
        self.reasons = reasons
    }

    /// The gravest outcome among the reasons.
    public var outcome: OpksshOutcome {
        let order = OpksshOutcome.allCases
        return order.last { outcome in reasons.contains { $0.outcome == outcome } } ?? .equal
    }
}

extension OpksshFinding {
    /// A finding about a line of a table.
    init(_ row: OpksshTable.Row, of file: OpksshFile, result: [String] = [], reasons: [OpksshReason]) {
        self.init(
            file: file.path, line: row.number, source: shown(row.bytes, limit: 160), result: result, reasons: reasons)
    }
}

/// `bytes` for a report: as they are where they are printable ASCII and short, else quoted.
func shown(_ bytes: some Collection<UInt8>, limit: Int) -> String {
    let isPlain = bytes.count <= limit && bytes.allSatisfy { (0x20..<0x7F).contains($0) }
    return isPlain ? String(decoding: bytes, as: UTF8.self) : quoted(bytes, limit: limit)
}
