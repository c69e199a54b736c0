import Glibc
import HostFiles
import Testing

/// A folder of a test's own, where every directory above belongs to root or to us and is writable by nobody else.
///
/// `/tmp` is no such place. Removed when the test is over.
final class Scratch: Sendable {
    let path: String

    /// The rule that the folder meets.
    static var ownership: Ownership { geteuid() == 0 ? .root : .rootOr(uid: geteuid()) }

    private static let base: String = {
        guard geteuid() != 0, let home = unsafe getenv("HOME") else { return "/root" }
        return unsafe String(cString: home)
    }()

    /// Why tests cannot run here, `nil` where they can.
    static let obstacle: String? = {
        guard let scratch = try? Scratch() else { return "no folder could be made in \(base)" }
        do {
            _ = try HostFile(scratch.write("probe", ""), ownedBy: ownership).read(limit: 1)
            return nil
        } catch {
            print("tests of files are skipped: \(error)")
            return "\(error)"
        }
    }()

    init() throws {
        var template = Array("\(Scratch.base)/pair-tests.XXXXXX".utf8CString)
        let isMade = unsafe mkdtemp(&template) != nil
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try #require(isMade)
    }

    deinit {
        let names = (try? folderNames(path)) ?? []
        for name in names where unsafe unlink("\(path)/\(name)") != 0 {
            for inner in (try? folderNames("\(path)/\(name)")) ?? [] { unsafe unlink("\(path)/\(name)/\(inner)") }
            unsafe rmdir("\(path)/\(name)")
        }
        unsafe rmdir(path)
    }

    /// The path of `name` in the folder.
    func at(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file with mode 0644 anew and tells its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let number = unsafe open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        try #require(number >= 0)
        defer { close(number) }
        let bytes = Array(text.utf8)
        let count = unsafe Glibc.write(number, bytes, bytes.count)
        try #require(count == bytes.count)
        try made(fchmod(number, 0o644))
        return at(name)
    }

    /// The file `name`, to be read under the rule that the folder meets.
    func file(_ name: String) -> HostFile { HostFile(at(name), ownedBy: Scratch.ownership) }
}

/// Fails the test unless the system call has succeeded.
func made(_ result: CInt) throws {
    try #require(result == 0)
}
