import AccessLog
import Encodings
import Foundation
import HostFiles

/// Reads a log with its past, from the oldest on.
struct LogReading {
    /// Lines of earlier are passed over.
    let since: UnixTime?
    /// What becomes of an entry.
    let take: (AccessEntry) throws -> Void
    /// What to say beside the results.
    let complain: (String) -> Void

    private(set) var malformed = MalformedLines()
    /// Whether a file could not be read; the others were all the same.
    private(set) var hasFailed = false
    /// What rotation left in a form that is not read.
    private(set) var unread: [String] = []
    /// Whether all that is younger than `since` was seen.
    private(set) var isComplete = false

    /// Nothing has been read yet.
    init(
        _ take: @escaping (AccessEntry) throws -> Void, since: UnixTime?, complain: @escaping (String) -> Void
    ) {
        self.since = since
        self.complain = complain
        self.take = take
    }

    /// Reads the standard input to its end.
    mutating func readStandardInput() throws {
        var reader = LogReader(file: "-", since: since)
        while let piece = try FileHandle.standardInput.read(upToCount: 256 << 10), !piece.isEmpty {
            try show(Array(piece), to: &reader)
        }
        if let line = reader.end() { malformed.add(line) }
    }

    /// Reads the log at `path` and the files that rotation has made of its past.
    /// - Parameters:
    ///   - path: Of the log itself.
    ///   - isGoingOn: Whether the log will be read on: its last line may be waited for.
    /// - Returns: The log itself where it exists, read to its end, and its reader.
    /// - Throws: `MissingFile` where there is neither; what `take` threw.
    mutating func readFamily(of path: String, isGoingOn: Bool) throws -> (file: LogFile, reader: LogReader)? {
        var last: (LogFile, LogReader)?
        for (opened, isLog) in try openFamily(of: path) {
            var file = opened
            var reader = LogReader(file: file.path, since: since)
            do {
                try readOn(&file, with: &reader)
            } catch let error as Failure {
                hasFailed = true
                complain("pair: \(error)")
                continue
            }
            if reader.hasPassedOver { isComplete = true }
            if isLog, isGoingOn {
                last = (file, reader)
            } else if let line = reader.end() {
                malformed.add(line)
            }
        }
        return last
    }

    /// Reads `file` to its end.
    mutating func readOn(_ file: inout LogFile, with reader: inout LogReader) throws {
        while case let piece = try file.read(), !piece.isEmpty { try show(piece, to: &reader) }
    }

    private mutating func show(_ piece: [UInt8], to reader: inout LogReader) throws {
        try reader.take(piece) { line in
            switch line {
            case .success(let entry): try take(entry)
            case .failure(let line): malformed.add(line)
            }
        }
    }

    /// The family's files, the oldest first.
    private mutating func openFamily(of path: String) throws -> [(LogFile, isLog: Bool)] {
        let (folder, name) = parts(of: path)
        var names: [String] = []
        do {
            names = try folderNames(folder.isEmpty ? "." : folder)
        } catch FileFault.missing {
            throw MissingFile(path: path)
        } catch {
            complain("pair: rotated files are left out: \(error)")
        }
        let family = LogFamily(of: name, among: names)
        unread = family.unread
        var files: [(LogFile, isLog: Bool)] = []
        // The youngest first: a rotation in the meantime can then show one twice, and hide none.
        for member in family.names.reversed() {
            do {
                let file = try LogFile(opening: folder + member)
                let isSeen = files.contains { $0.0.sight.isSameFile(as: file.sight) }
                if !isSeen { files.append((file, member == name)) }
            } catch is MissingFile where member != name {
                continue
            } catch let error as any Advising {
                if family.names.count == 1 { throw error }
                hasFailed = true
                complain("pair: \(error)")
            }
        }
        guard !files.isEmpty else { throw MissingFile(path: path) }
        return files.reversed()
    }

    /// The folder with its slash, and the name in it.
    private func parts(of path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
        return (String(path[...slash]), String(path[path.utf8.index(after: slash)...]))
    }
}
