internal import Encodings

/// Why a file could not be used, with the path of what is at fault: the file itself or a directory above it.
public enum FileFault: Error, Equatable, Sendable {
    case missing(String)
    case notRegular(String, FileKind)
    case notDirectory(String, FileKind)
    case foreignOwner(String, uid: UInt32)
    case writableByOthers(String, mode: UInt32)
    case tooLarge(String, limit: Int)
    case lineTooLong(String, line: Int, limit: Int)
    /// The last line has no LF: whoever writes the file may not be done.
    case tornLine(String, line: Int)
    /// Changed while it was read, twice in a row.
    case changed(String)
    /// The caller's `shouldStop` said so.
    case stopped(String)
    case shortWrite(String, written: Int, of: Int)
    /// Empty, with a NUL in it, or longer than a socket's path can be.
    case pathMalformed(String)
    case system(String, call: String, errno: Int32)

    /// What sort of fault it is, for whoever has to give it a code.
    public enum Kind: Sendable {
        case missing
        /// Somebody other than the owner may have written it, or it is no file at all.
        case unsafe
        /// It was read, and its bytes are not what such a file has.
        case content
        /// The system would not.
        case system
        case stopped
    }

    /// What sort of fault it is.
    public var kind: Kind {
        switch self {
        case .missing: .missing
        case .notRegular, .notDirectory, .foreignOwner, .writableByOthers: .unsafe
        case .tooLarge, .lineTooLong, .tornLine: .content
        case .changed, .shortWrite, .pathMalformed, .system: .system
        case .stopped: .stopped
        }
    }
}

/// What stands at a path.
public enum FileKind: String, Sendable {
    case regular = "regular file"
    case directory = "directory"
    case symbolicLink = "symbolic link"
    case fifo = "FIFO"
    case socket = "socket"
    case device = "device"
}

extension FileFault: CustomStringConvertible {
    /// The path, and what was expected and found there, without a full stop.
    public var description: String {
        switch self {
        case .missing(let path): "\(shown(path)): no such file"
        case .notRegular(let path, let kind): "\(shown(path)): a regular file expected, a \(kind.rawValue) found"
        case .notDirectory(let path, let kind): "\(shown(path)): a directory expected, a \(kind.rawValue) found"
        case .foreignOwner(let path, let uid): "\(shown(path)): owned by uid \(uid), which may change it"
        case .writableByOthers(let path, let mode):
            "\(shown(path)): writable by group or others (mode \(String(mode, radix: 8)))"
        case .tooLarge(let path, let limit): "\(shown(path)): larger than \(limit) bytes"
        case .lineTooLong(let path, let line, let limit): "\(shown(path)):\(line): longer than \(limit) bytes"
        case .tornLine(let path, let line): "\(shown(path)):\(line): the last line does not end in a newline"
        case .changed(let path): "\(shown(path)): changed while it was read"
        case .stopped(let path): "\(shown(path)): reading was stopped"
        case .shortWrite(let path, let written, let count): "\(shown(path)): \(written) of \(count) bytes written"
        case .pathMalformed(let path): "\(quoted(path)): not a path that can be used"
        case .system(let path, let call, let errno): "\(shown(path)): \(call): \(errorText(errno))"
        }
    }

    /// What an admin can do about it, without a full stop; a command where one is enough.
    public var mend: String {
        switch self {
        case .missing(let path): "create \(shown(path)), or correct the path"
        case .notRegular(let path, _): "put the file itself at \(shown(path))"
        case .notDirectory(let path, _): "put a real directory at \(shown(path)), or name the path without links"
        case .foreignOwner(let path, _): "chown root \(shown(path))"
        case .writableByOthers(let path, _): "chmod go-w \(shown(path))"
        case .tooLarge(let path, _), .lineTooLong(let path, _, _): "look at \(shown(path)): nothing we know is so large"
        case .tornLine(let path, _): "end \(shown(path)) with a newline, once it is whole"
        case .changed(let path): "write a new file beside \(shown(path)) and rename it into place"
        case .stopped: "ask again when the machine is less busy"
        case .shortWrite(let path, _, _): "make room on the file system of \(shown(path))"
        case .pathMalformed: "correct the path"
        case .system(let path, _, let errno):
            isPermission(errno)
                ? "let the user that runs this read \(shown(path)) and enter every directory above it"
                : "see to \(shown(path)) and the disk it is on"
        }
    }
}

/// A path for a message: as it stands where a shell would read it as one plain word, else quoted.
public func shown(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x2B...0x39: true
        case UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: ":"), UInt8(ascii: "="): true
        default: false
        }
    }
    return isPlain && !path.isEmpty ? path : quoted(path, limit: 4096)
}
