internal import Glibc

/// Why a lock was not to be had.
public enum LockFault: Error, Equatable, Sendable {
    /// Another process held it all the time.
    case held(String)
    /// The lock's file could not be used.
    case file(FileFault)
}

extension LockFault: CustomStringConvertible {
    /// The path and what was found, without a full stop.
    public var description: String {
        switch self {
        case .held(let path): "\(shown(path)): locked, another pair holds it"
        case .file(let fault): fault.description
        }
    }
}

/// Holds the lock that a file in a folder stands for; given back when it goes out of scope, or when the process ends.
///
/// The file is empty and stays. Only its holder may delete it, which ends the lock: whoever waited for it then sees that
/// the file is no longer the one at its name, and begins anew. Child processes do not inherit the lock.
/// Source: flock(2).
public struct FileLock: ~Copyable {
    /// The folder, for what is to be done in it under the lock.
    public let folder: OpenFolder

    private let name: String
    private let descriptor: Descriptor

    /// Takes the lock, waiting for it where another process has it.
    /// - Parameters:
    ///   - name: The lock's file, which is made with mode 0600 where there is none.
    ///   - folder: The folder it stands in.
    ///   - wait: How long to wait at most; zero for one try.
    /// - Throws: `.held`, or `.file` with `.notRegular`, `.pathMalformed` or `.system`.
    public init(_ name: String, in folder: consuming OpenFolder, waitingFor wait: Duration) throws(LockFault) {
        let path = folder.path(of: name)
        let deadline = Deadline(after: wait)
        // flock itself can wait for ever only; the longest pause is what a person does not notice.
        var pause: CInt = 1
        repeat {
            do throws(FileFault) {
                let file = try FileLock.open(name, in: folder)
                if try FileLock.take(file, called: name, in: folder) {
                    self.folder = folder
                    self.name = name
                    descriptor = file
                    return
                }
            } catch {
                throw .file(error)
            }
            let left = deadline.left
            guard left > 0 else { throw .held(path) }
            _ = poll(nil, 0, min(pause, left))
            pause = min(pause * 2, 50)
        } while true
    }

    /// The lock's file, made where there is none.
    static func open(_ name: String, in folder: borrowing OpenFolder) throws(FileFault) -> Descriptor {
        let path = try folder.checkedPath(of: name)
        let directory = folder.descriptor.number
        let number = retrying {
            unsafe openat(directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0o600)
        }
        guard number >= 0 else {
            let errno = errno
            if let kind = folder.kind(of: name), kind != .regular { throw .notRegular(path, kind) }
            throw fault(errno, call: "open", path)
        }
        let file = Descriptor(owning: number)
        let kind = try file.status(at: path).kind
        guard kind == .regular else { throw .notRegular(path, kind) }
        return file
    }

    /// Whether the lock could be had: nobody else has it, and `file` is still what stands at its name.
    static func take(
        _ file: borrowing Descriptor, called name: String, in folder: borrowing OpenFolder
    ) throws(FileFault) -> Bool {
        let path = folder.path(of: name)
        let number = file.number
        guard retrying({ flock(number, LOCK_EX | LOCK_NB) }) == 0 else {
            guard errno == EWOULDBLOCK else { throw fault(errno, call: "flock", path) }
            return false
        }
        let (mine, now) = (try file.status(at: path), folder.descriptor.status(of: name))
        return now?.device == mine.device && now?.inode == mine.inode
    }

    /// Deletes the lock's file and gives the lock back.
    /// - Throws: `.system`.
    public consuming func delete() throws(FileFault) {
        // Still held here, so that nobody else can have it under this name.
        guard unsafe unlinkat(folder.descriptor.number, name, 0) == 0 else {
            throw fault(errno, call: "unlink", folder.path(of: name))
        }
    }
}
