public import Encodings
internal import HostFiles

/// A line that is no record, and where it stands.
public struct MalformedLine: Error, Sendable, Equatable {
    /// The file's name as the reader was told.
    public let file: String
    /// From 1.
    public let line: Int
    /// Why it is none.
    public let defect: EntryDefect

    /// Line `line` of `file`, which is no record.
    public init(file: String, line: Int, defect: EntryDefect) {
        self.file = file
        self.line = line
        self.defect = defect
    }
}

extension MalformedLine: CustomStringConvertible {
    /// `file:line: why`, without a full stop.
    public var description: String { "\(shown(file)):\(line): \(defect)" }
}

/// Makes entries of a log's bytes, in whatever pieces they come; memory stays flat, and nothing stops it.
public struct LogReader: Sendable {
    /// The longest line that is looked at, without its LF.
    public static let maximumLine = HostFile.maximumLine

    private static let opening = Array(#"{"time":""#.utf8)

    private let file: String
    private let since: [UInt8]?
    /// What has come of a line whose LF is still to come; no more than one byte above the longest.
    private var begun: [UInt8] = []
    private var ended = 0

    /// Whether a line was passed over for being too early.
    public private(set) var hasPassedOver = false

    /// A reader at the start of a file.
    /// - Parameters:
    ///   - file: What to call it.
    ///   - since: Lines that begin, as ours do, with an earlier time are passed over unread.
    public init(file: String, since: UnixTime? = nil) {
        self.file = file
        self.since = since.map { Array($0.rfc3339.utf8) }.flatMap { $0.count == 20 ? $0 : nil }
    }

    /// Takes the next piece of the file.
    /// - Parameters:
    ///   - piece: As many bytes as there are.
    ///   - body: Is shown each line that ends in the piece, as an entry or as why it is none.
    /// - Throws: What `body` threw; what is left of the piece is lost then.
    public mutating func take<Failure: Error>(
        _ piece: [UInt8], _ body: (Result<AccessEntry, MalformedLine>) throws(Failure) -> Void
    ) throws(Failure) {
        var rest = piece[...]
        while let end = rest.firstIndex(of: 0x0A) {
            ended += 1
            if begun.isEmpty {
                try show(rest[..<end], body)
            } else {
                keep(rest[..<end])
                let line = begun
                begun = []
                try show(line[...], body)
            }
            rest = rest[(end + 1)...]
        }
        keep(rest)
    }

    /// The file has ended here and will not be written on: `nil` where it ended with a line.
    public mutating func end() -> MalformedLine? {
        guard !begun.isEmpty else { return nil }
        begun = []
        ended += 1
        return malformed(.torn)
    }

    private mutating func keep(_ part: ArraySlice<UInt8>) {
        begun += part.prefix(LogReader.maximumLine + 1 - begun.count)
    }

    private mutating func show<Failure: Error>(
        _ line: ArraySlice<UInt8>, _ body: (Result<AccessEntry, MalformedLine>) throws(Failure) -> Void
    ) throws(Failure) {
        guard line.count <= LogReader.maximumLine else {
            return try body(.failure(malformed(.tooLong(limit: LogReader.maximumLine))))
        }
        guard !isTooEarly(line) else {
            hasPassedOver = true
            return
        }
        let result: Result<AccessEntry, MalformedLine>
        do throws(EntryDefect) {
            result = .success(try AccessEntry(line: Array(line)))
        } catch {
            result = .failure(malformed(error))
        }
        try body(result)
    }

    private func malformed(_ defect: EntryDefect) -> MalformedLine {
        MalformedLine(file: file, line: ended, defect: defect)
    }

    /// Whether the line shows an earlier time where ours have it: digits of one width sort as times do.
    private func isTooEarly(_ line: ArraySlice<UInt8>) -> Bool {
        guard let since, line.starts(with: LogReader.opening) else { return false }
        let time = line.dropFirst(LogReader.opening.count).prefix(since.count)
        return time.count == since.count && time.last == UInt8(ascii: "Z")
            && time.allSatisfy { $0 >= 0x2D && $0 <= 0x5A } && time.lexicographicallyPrecedes(since)
    }
}
