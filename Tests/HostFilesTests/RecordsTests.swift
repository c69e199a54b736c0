import Encodings
import Glibc
import HostFiles
import Testing

@Suite("Records, pokes and datagrams", .enabled(if: Scratch.obstacle == nil, "\(Scratch.obstacle ?? "")"))
struct RecordsTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test("a record goes to the end of the file, up to the cap")
    func appends() throws {
        let path = try scratch.write("log", "a\n")
        let file = try RecordFile(path)
        #expect(try file.append(Array("b\n".utf8)) == .written(sizeBefore: 2))
        #expect(try file.append(Array("c\n".utf8), whileSmallerThan: 5) == .written(sizeBefore: 4))
        #expect(try file.append(Array("d\n".utf8), whileSmallerThan: 6) == .full(size: 6))
        #expect(try scratch.file("log").read(limit: 99) == Array("a\nb\nc\n".utf8))
    }

    @Test("a record behind half of one begins a line of its own, once, whoever writes it")
    func afterHalfARecord() throws {
        let path = try scratch.write("log", "a\nhal")
        let file = try RecordFile(path)
        let other = try RecordFile(path)
        #expect(try file.append(Array("b\n".utf8)) == .written(sizeBefore: 5))
        #expect(try other.append(Array("c\n".utf8)) == .written(sizeBefore: 8))
        #expect(try file.append(Array("d\n".utf8)) == .written(sizeBefore: 10))
        #expect(try scratch.file("log").read(limit: 99) == Array("a\nhal\nb\nc\nd\n".utf8))
    }

    @Test("a log is never created, and is a regular file at its own name")
    func refusesOthers() throws {
        #expect(throws: FileFault.missing(scratch.at("log"))) { _ = try RecordFile(scratch.at("log")) }
        try scratch.write("f", "")
        try unsafe made(symlink(scratch.at("f"), scratch.at("l")))
        try unsafe made(mkfifo(scratch.at("p"), 0o644))
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        for (name, kind) in [("l", FileKind.symbolicLink), ("p", .fifo), ("d", .directory)] {
            #expect(throws: FileFault.notRegular(scratch.at(name), kind)) {
                _ = try RecordFile(scratch.at(name))
            }
        }
        #expect(throws: FileFault.notRegular("/dev/full", .device)) { _ = try RecordFile("/dev/full") }
    }

    @Test(
        "a poke is set once it is old, or ahead of the clock",
        arguments: [(-61, true), (-60, true), (-59, false), (0, false), (5, true)])
    func touches(age: Int, isSet: Bool) throws {
        let path = try scratch.write("wanted", "")
        let now = UnixTime(seconds: 1_700_000_000)
        let moment = timespec(tv_sec: 1_700_000_000 + age, tv_nsec: 0)
        try unsafe made(utimensat(AT_FDCWD, path, [moment, moment], 0))
        #expect(try PokedFile(path).touch(ifOlderThan: Seconds(60), at: now) == isSet)
        var status = stat()
        try unsafe made(stat(path, &status))
        #expect((status.st_mtim.tv_sec != moment.tv_sec) == isSet)
    }

    @Test("a poke is never created")
    func touchesNothing() {
        #expect(throws: FileFault.missing(scratch.at("wanted"))) { _ = try PokedFile(scratch.at("wanted")) }
    }

    @Test("a datagram arrives whole, and is lost rather than waited for")
    func sends() throws {
        let path = scratch.at("s")
        #expect(throws: FileFault.missing(path)) { _ = try DatagramSocket(connectingTo: path) }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(number >= 0)
        defer { close(number) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let isBound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isBound)
        let sender = try DatagramSocket(connectingTo: path)
        try sender.send([1, 2, 3])
        var buffer = [UInt8](repeating: 0, count: 8)
        let count = unsafe recv(number, &buffer, buffer.count, 0)
        #expect(count == 3)
        #expect(buffer == [1, 2, 3, 0, 0, 0, 0, 0])

        // Nobody reads: the queue fills, and then the next one is refused at once.
        #expect(throws: FileFault.system(path, call: "send", errno: EAGAIN)) {
            for _ in 0..<100_000 { try sender.send([1]) }
        }
    }

    @Test("a socket's path has a longest length")
    func refusesLongPath() {
        let path = "/" + String(repeating: "x", count: 107)
        #expect(throws: FileFault.pathMalformed(path)) { _ = try DatagramSocket(connectingTo: path) }
    }

    @Test("a folder's names come sorted")
    func listsNames() throws {
        for name in ["b", "a", "C"] { try scratch.write(name, "") }
        #expect(try folderNames(scratch.path) == ["C", "a", "b"])
        #expect(throws: FileFault.missing(scratch.at("d"))) { try folderNames(scratch.at("d")) }
    }
}
