internal import Glibc

/// Why a file could not be read line by line.
public enum LineFault<Failure: Error>: Error {
    /// The file's own fault.
    case file(FileFault)
    /// What the reader of the lines threw.
    case line(Failure)
}

extension LineFault: Equatable where Failure: Equatable {}

extension HostFile {
    /// The longest line that is taken, without its LF.
    public static let maximumLine = 65_536

    /// Reads the file line by line and folds the lines into a value; memory stays flat whatever the file's size.
    ///
    /// Every line must end in LF. Where the file changed while it was read, everything is done once more from a new
    /// `initial()`.
    /// - Parameters:
    ///   - initial: What to begin with.
    ///   - shouldStop: Asked at every 256 KiB; `true` ends the reading with `.stopped`.
    ///   - body: Takes the value so far, a line without its LF, and the line's number from 1.
    /// - Returns: The value after the last line.
    /// - Throws: `.file` with any fault of the file; `.line` with what `body` threw.
    public func foldLines<Value, Failure: Error>(
        into initial: () -> Value,
        shouldStop: () -> Bool = { false },
        _ body: (inout Value, Span<UInt8>, Int) throws(Failure) -> Void
    ) throws(LineFault<Failure>) -> Value {
        try unchanged(
            { (file) throws(LineFault<Failure>) in
                var value = initial()
                var reader = LineReader(fileSize: file.size)
                while !shouldStop() {
                    do throws(FileFault) {
                        guard try reader.fill(from: file) else { return value }
                    } catch {
                        throw LineFault.file(error)
                    }
                    try reader.forEachLine(of: path, into: &value, body)
                }
                throw LineFault.file(.stopped(path))
            }, orFault: { .file($0) })
    }
}

extension OpenFile {
    /// Shows each line of a part to `body`.
    func foldLines<Value, Failure: Error>(
        in range: Range<Int>, of path: String, into value: inout Value, shouldStop: () -> Bool,
        _ body: (inout Value, Span<UInt8>, Int) throws(Failure) -> Void
    ) throws(LineFault<Failure>) {
        var reader = LineReader(fileSize: Int64(range.count))
        while !shouldStop() {
            do throws(FileFault) {
                guard try reader.fill(from: self, in: range) else { return }
            } catch {
                throw LineFault.file(error)
            }
            try reader.forEachLine(of: path, into: &value, body)
        }
        throw LineFault.file(.stopped(path))
    }
}

/// A window that moves over a file and shows its whole lines.
private struct LineReader: ~Copyable {
    private static let chunk = 262_144

    private var buffer: [UInt8]
    /// The bytes of a line whose end is still to come are the buffer's first.
    private var begun = 0
    private var filled = 0
    /// How many bytes of the file have been read.
    private var taken: Int64 = 0
    /// How many lines have been shown.
    private var shown = 0

    /// A window with room for a chunk and a line begun before it, or for all of a smaller file.
    init(fileSize: Int64) {
        let most = LineReader.chunk + HostFile.maximumLine + 1
        buffer = [UInt8](repeating: 0, count: min(most, Int(clamping: fileSize) + 1))
    }

    /// Reads on, `false` at the end of the file.
    mutating func fill(from file: borrowing OpenFile) throws(FileFault) -> Bool {
        guard begun <= HostFile.maximumLine else {
            throw .lineTooLong(file.path, line: shown + 1, limit: HostFile.maximumLine)
        }
        let count = try file.descriptor.read(into: &buffer, from: begun, at: file.path)
        filled = begun + count
        taken += Int64(count)
        // Whoever writes on as fast as we read must not keep us here.
        guard taken <= file.size else { throw .changed(file.path) }
        guard count > 0 || begun == 0 else { throw .tornLine(file.path, line: shown + 1) }
        return count > 0
    }

    /// Reads on in a part of the file, `false` at the part's end.
    mutating func fill(from file: borrowing OpenFile, in range: Range<Int>) throws(FileFault) -> Bool {
        guard begun <= HostFile.maximumLine else {
            throw .lineTooLong(file.path, line: shown + 1, limit: HostFile.maximumLine)
        }
        let left = range.count - Int(taken)
        guard left > 0 else {
            guard begun == 0 else { throw .tornLine(file.path, line: shown + 1) }
            return false
        }
        let count = try file.descriptor.read(
            into: &buffer, from: begun, atMost: min(left, buffer.count - begun),
            fileOffset: Int64(range.lowerBound) + taken, at: file.path)
        guard count > 0 else { throw .changed(file.path) }
        filled = begun + count
        taken += Int64(count)
        return true
    }

    /// Shows each line that is whole, and keeps what is left.
    mutating func forEachLine<Value, Failure: Error>(
        of path: String, into value: inout Value,
        _ body: (inout Value, Span<UInt8>, Int) throws(Failure) -> Void
    ) throws(LineFault<Failure>) {
        var start = 0
        // What was begun has been searched before.
        var searched = begun
        while let length = length(ofLineAt: start, from: searched) {
            shown += 1
            guard length <= HostFile.maximumLine else {
                throw .file(.lineTooLong(path, line: shown, limit: HostFile.maximumLine))
            }
            do {
                try body(&value, buffer.span.extracting(start..<start + length), shown)
            } catch {
                throw .line(error)
            }
            start += length + 1
            searched = start
        }
        begun = filled - start
        guard start > 0 else { return }
        unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe memmove(base, base + start, begun)
        }
    }

    /// How long the line at `start` is, looking for its LF from `searched` on; `nil` where the LF is not there yet.
    private func length(ofLineAt start: Int, from searched: Int) -> Int? {
        guard searched < filled else { return nil }
        return unsafe buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let newline = unsafe memchr(base + searched, 0x0A, filled - searched)
            else { return nil }
            return unsafe UnsafeRawPointer(newline) - (base + start)
        }
    }
}
