/// A file that stays open, so that several readings are of the very same one, whatever takes its place meanwhile.
///
/// It is opened as a `HostFile` is read: under the same rule, without following a link. Written in place while it is read,
/// it is a fault; replaced, it counts as it was opened. A class, so that whoever holds it may be copied.
public final class HeldFile {
    /// Absolute, or from the process's own directory.
    public let path: String

    private let file: OpenFile

    /// Opens the file.
    /// - Throws: `.missing` where it or a directory above it is not there; any other `FileFault` of opening.
    public init(_ file: HostFile) throws(FileFault) {
        path = file.path
        self.file = try OpenFile(file.path, ownedBy: file.ownership)
    }

    /// How many bytes it had when it was opened.
    public var size: Int64 { file.size }

    /// The first bytes: `count` of them, or all where there are fewer.
    /// - Throws: `.changed`, `.system`.
    public func start(count: Int) throws(FileFault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(clamping: min(Int64(count), size)))
        var filled = 0
        while filled < bytes.count {
            let more = try file.descriptor.read(
                into: &bytes, from: filled, atMost: bytes.count - filled, fileOffset: Int64(filled), at: path)
            guard more > 0 else { throw .changed(path) }
            filled += more
        }
        if isWritten { throw .changed(path) }
        return bytes
    }

    /// Reads a part line by line and folds the lines into a value; memory stays flat whatever the part's size.
    ///
    /// Every line must end in LF, within the part.
    /// - Parameters:
    ///   - range: The part, from the file's first byte; its end is not behind the file's.
    ///   - initial: What to begin with.
    ///   - shouldStop: Asked at every 256 KiB; `true` ends the reading with `.stopped`.
    ///   - body: Takes the value so far, a line without its LF, and the line's number in the part, from 1.
    /// - Returns: The value after the part's last line.
    /// - Throws: `.file` with any fault of the file; `.line` with what `body` threw.
    public func foldLines<Value, Failure: Error>(
        in range: Range<Int>, into initial: Value, shouldStop: () -> Bool = { false },
        _ body: (inout Value, Span<UInt8>, Int) throws(Failure) -> Void
    ) throws(LineFault<Failure>) -> Value {
        var value = initial
        do throws(LineFault<Failure>) {
            try file.foldLines(in: range, of: path, into: &value, shouldStop: shouldStop, body)
        } catch {
            // What is wrong may be half a change.
            if isWritten { throw LineFault.file(.changed(path)) }
            throw error
        }
        if isWritten { throw LineFault.file(.changed(path)) }
        return value
    }

    /// Whether it was written since it was opened; what was opened is whole wherever its name leads by now.
    private var isWritten: Bool {
        switch file.change {
        case .none, .replaced, .gone: false
        case .written: true
        }
    }
}
