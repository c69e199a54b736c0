// What is tried from inside the sandbox.

import Foundation
import Testing

/// A folder of a test's own with a file in it, and a file beside it; removed with the value.
final class Place: Sendable {
    let folder: String
    var inside: String { "\(folder)/inside" }
    var outside: String { "\(folder)-outside" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-sandbox-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for file in [inside, outside] { try Data("x".utf8).write(to: URL(fileURLWithPath: file)) }
    }

    deinit { for path in [folder, outside] { try? FileManager.default.removeItem(atPath: path) } }
}

/// Two datagram sockets, each connected to the other.
func datagramPair() throws -> (Int32, Int32) {
    var pair: [Int32] = [-1, -1]
    let status = unsafe socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &pair)
    try #require(status == 0)
    return (pair[0], pair[1])
}

/// Calls of the system and how they are answered, written to the standard output.
enum Probe {
    /// O_PATH, which the C library shows to GNU sources only.
    static let path: Int32 = 0o10_000_000

    private typealias Function = @convention(c) (Int, Int, Int, Int) -> Int

    /// Writes one line by one write.
    static func report(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
    }

    /// Writes the name and 0, or the name of the error.
    static func tell(_ name: String, _ call: () -> Int32) {
        let names = [EPERM: "EPERM", EACCES: "EACCES", ENOSYS: "ENOSYS"]
        let status = call()
        report("\(name): \(status >= 0 ? "0" : names[errno] ?? "errno \(errno)")")
    }

    /// Calls a function of the C library that Swift does not show.
    static func call(_ name: String, _ arguments: Int...) -> Int32 {
        guard let symbol = unsafe dlsym(nil, name) else { return 0 }
        let function = unsafe unsafeBitCast(symbol, to: Function.self)
        let all = arguments + [0, 0, 0, 0]
        return Int32(truncatingIfNeeded: function(all[0], all[1], all[2], all[3]))
    }

    /// Makes a system call by its number, with arguments that no call takes.
    static func system(_ number: Int) -> Int32 { call("syscall", number, -1, -1, -1) }

    static func spawn() -> Int32 {
        var process: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("true"), nil]
        errno = unsafe posix_spawn(&process, "/bin/true", nil, nil, &arguments, nil)
        return errno == 0 ? 0 : -1
    }

    static func execute() -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("true"), nil]
        return unsafe execv("/bin/true", &arguments)
    }

    static func map(_ protection: Int32) -> Int32 {
        let memory = unsafe mmap(nil, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        return unsafe memory == MAP_FAILED ? -1 : 0
    }

    static func sendElsewhere(from number: Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array("/run/x".utf8)) }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Int32(sendto(number, "x", 1, 0, $0, socklen_t(MemoryLayout<sockaddr_un>.size)))
            }
        }
    }

    /// To a port of this machine that nobody needs to listen on: refused there is not refused here.
    static func connect(_ number: Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(9).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Foundation.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
