import AccessLog
import Foundation
import HostFiles

/// A log's file, open for reading.
struct LogFile {
    let path: String
    /// As it was when it was opened.
    let sight: LogWatch.Sight
    /// How many bytes have been read.
    private(set) var position: UInt64 = 0
    private let handle: FileHandle

    private static let pieceCount = 256 << 10

    /// Opens the file at `path`.
    /// - Throws: `Failure`; `MissingFile` where there is none.
    init(opening path: String) throws {
        // What was opened is what stood there before and after; a rotation in between is over in a moment.
        for _ in 0..<10 {
            guard let before = Self.sight(of: path) else { throw MissingFile(path: path) }
            let handle: FileHandle
            do {
                handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            } catch CocoaError.fileReadNoSuchFile {
                continue
            } catch {
                throw Self.failure(path, error)
            }
            guard let after = Self.sight(of: path), after.isSameFile(as: before) else { continue }
            self.path = path
            self.handle = handle
            sight = before
            return
        }
        throw MissingFile(path: path)
    }

    /// What stands at `path`, links followed; `nil` for nothing.
    static func sight(of path: String) -> LogWatch.Sight? {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let found = try? FileManager.default.attributesOfItem(atPath: target),
            let device = found[.systemNumber] as? NSNumber, let inode = found[.systemFileNumber] as? NSNumber,
            let size = found[.size] as? NSNumber
        else { return nil }
        return LogWatch.Sight(device: device.uint64Value, inode: inode.uint64Value, size: size.uint64Value)
    }

    /// The next bytes, empty at the end, which may move.
    mutating func read() throws -> [UInt8] {
        do {
            let piece = Array(try handle.read(upToCount: Self.pieceCount) ?? Data())
            position += UInt64(piece.count)
            return piece
        } catch {
            throw Self.failure(path, error)
        }
    }

    /// Goes back to the start.
    mutating func startOver() throws {
        do {
            try handle.seek(toOffset: 0)
            position = 0
        } catch {
            throw Self.failure(path, error)
        }
    }

    private static func failure(_ path: String, _ error: any Error) -> Failure {
        let isForbidden = (error as? CocoaError)?.code == .fileReadNoPermission
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error ?? error
        return Failure(
            description: "\(shown(path)): \(isForbidden ? "permission denied" : cause.localizedDescription)",
            advice: isForbidden ? "Run this as root, or as a member of the file's group, which is adm as a rule." : nil)
    }
}

/// There is no file at a path.
struct MissingFile: Advising, Equatable {
    let path: String

    var description: String { "\(shown(path)): no such file" }
    var advice: String? {
        """
        Name another by --file, or create this one, which pair-authkeys never does: \
        install -o _pair -g adm -m 640 /dev/null \(shown(path))
        """
    }
}
