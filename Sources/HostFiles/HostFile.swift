public import Encodings
internal import Glibc

/// A file that is to be read, and whom it must belong to.
///
/// Each reading opens it anew, walking from `/` without following a link; every directory on the way and the file must
/// be as `ownership` says and not writable by group or others, and the file a regular one. A file that changes while it
/// is read is read once more. Written again, it is then a fault; replaced again, it counts as it was opened.
/// Source: docs/configuration.md.
public struct HostFile: Sendable, Equatable {
    /// Absolute, or from the process's own directory.
    public let path: String
    /// Who may have written it and the directories above it.
    public let ownership: Ownership

    /// The file at `path`; nothing is opened yet.
    public init(_ path: String, ownedBy ownership: Ownership) {
        self.path = path
        self.ownership = ownership
    }

    /// The whole file.
    /// - Parameter limit: How many bytes are taken at most; one more is a fault.
    /// - Returns: All its bytes.
    /// - Throws: `.missing` where it or a directory above it is not there; any other `FileFault` of reading.
    public func read(limit: Int) throws(FileFault) -> [UInt8] {
        try unchanged { (file) throws(FileFault) in
            try file.descriptor.contents(size: file.size, limit: limit, at: path)
        }
    }

    /// The whole file, and when it was written.
    /// - Parameter limit: As of `read`.
    /// - Returns: All its bytes, and the time of its last change.
    /// - Throws: As `read`.
    public func dated(limit: Int) throws(FileFault) -> (bytes: [UInt8], modified: UnixTime) {
        try unchanged { (file) throws(FileFault) in
            (try file.descriptor.contents(size: file.size, limit: limit, at: path), file.modified)
        }
    }

    /// What `body` makes of the file, provided that the file stayed as it was; else of the file read once more.
    ///
    /// An error of `body` counts only then, too: it may come from half a change. The second reading counts even where
    /// another file has taken the place of that one: it was whole, and the one to read when the reading began. Else
    /// nobody could enter who comes while a file is replaced faster than it is read.
    func unchanged<Value, Failure: Error>(
        _ body: (borrowing OpenFile) throws(Failure) -> Value, orFault wrapped: (FileFault) -> Failure
    ) throws(Failure) -> Value {
        for isLast in [false, true] {
            let file: OpenFile
            do {
                file = try OpenFile(path, ownedBy: ownership)
            } catch {
                throw wrapped(error)
            }
            do {
                let value = try body(file)
                if counts(file, isLast) { return value }
            } catch  where counts(file, isLast) {
                throw error
            } catch {}
        }
        throw wrapped(.changed(path))
    }

    /// Whether what was read of `file` counts, of which another reading is not to follow where it `isLast`.
    private func counts(_ file: borrowing OpenFile, _ isLast: Bool) -> Bool {
        switch file.change {
        case .none: true
        case .replaced: isLast
        case .gone, .written: false
        }
    }

    private func unchanged<Value>(
        _ body: (borrowing OpenFile) throws(FileFault) -> Value
    ) throws(FileFault) -> Value {
        try unchanged(body, orFault: { $0 })
    }
}
