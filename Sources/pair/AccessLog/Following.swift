import AccessLog
import Encodings
import Foundation

/// Reads a log on as it is written, through every rotation, until the program is ended.
struct Following {
    let path: String
    let since: UnixTime?
    /// What becomes of a line.
    let take: (Result<AccessEntry, MalformedLine>) throws -> Void
    /// What is to be done when all that was there has been read.
    let flush: () throws -> Void

    private var file: LogFile?
    private var reader: LogReader
    private var watch: LogWatch
    private var vainLooks = 0

    /// How often the log is looked at, in seconds.
    private static let pause = 0.25
    /// How many looks in a row may find a file that cannot be opened: who makes it sets its owner and mode after that.
    private static let patience = 20

    /// Goes on from where `start` has been read to, or from the start of a log that is still to be created.
    init(
        _ path: String, from start: (file: LogFile, reader: LogReader)?, since: UnixTime?,
        take: @escaping (Result<AccessEntry, MalformedLine>) throws -> Void, flush: @escaping () throws -> Void
    ) {
        self.path = path
        self.since = since
        self.take = take
        self.flush = flush
        file = start?.file
        reader = start?.reader ?? LogReader(file: path, since: since)
        watch = LogWatch(opened: start?.file.sight)
    }

    /// Never returns but by an error.
    mutating func run() throws {
        while true {
            try look()
            try flush()
            Thread.sleep(forTimeInterval: Self.pause)
        }
    }

    private mutating func look() throws {
        switch watch.step(seeing: LogFile.sight(of: path), at: file?.position ?? 0) {
        case .wait: return
        case .readOn: try readOn()
        case .startOver:
            try beginAnew()
            try file?.startOver()
            try readOn()
        case .change:
            try readOn()
            try beginAnew()
            try open()
            try readOn()
        }
    }

    private mutating func readOn() throws {
        while let piece = try file?.read(), !piece.isEmpty { try reader.take(piece, take) }
    }

    /// What was begun and is not whole will never be.
    private mutating func beginAnew() throws {
        if let line = reader.end() { try take(.failure(line)) }
        reader = LogReader(file: path, since: since)
    }

    private mutating func open() throws {
        do {
            file = try LogFile(opening: path)
            vainLooks = 0
        } catch is MissingFile {
            file = nil
        } catch {
            file = nil
            vainLooks += 1
            if vainLooks > Self.patience { throw error }
        }
        watch.hasOpened(file?.sight)
    }
}

/// What is listed as it is recorded.
struct Listing {
    let report: EntryReport
    let since: UnixTime?
    let terminal: Terminal

    /// Goes on with the log at `path` from where it has been read to; ends by an error only.
    func follow(_ path: String, from end: (file: LogFile, reader: LogReader)?) throws {
        var following = Following(path, from: end, since: since, take: take) { try report.flush() }
        try following.run()
    }

    /// Takes what comes on standard input, until that is closed.
    func followStandardInput() throws {
        var reader = LogReader(file: "-", since: since)
        while case let piece = Array(FileHandle.standardInput.availableData), !piece.isEmpty {
            try reader.take(piece, take)
            try report.flush()
        }
        if let line = reader.end() { try take(.failure(line)) }
    }

    private func take(_ line: Result<AccessEntry, MalformedLine>) throws {
        switch line {
        case .success(let entry): try report.takeNew(entry)
        case .failure(let line):
            try report.flush()
            report.forgetLastRow()
            terminal.complain("pair: \(line)")
        }
    }
}
