import Glibc
import HostFiles
import Testing

@Suite("Files on a host", .enabled(if: Scratch.obstacle == nil, "\(Scratch.obstacle ?? "")"))
struct HostFileTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test("a file is read whole", arguments: [0, 1, 4095, 4096, 300_000])
    func readsWhole(count: Int) throws {
        let text = String(repeating: "x", count: count)
        try scratch.write("f", text)
        #expect(try scratch.file("f").read(limit: count) == Array(text.utf8))
        #expect(try HostFile(scratch.at("f"), ownedBy: .any).read(limit: count) == Array(text.utf8))
    }

    @Test("one byte over the limit is refused")
    func refusesLarge() throws {
        let path = try scratch.write("f", "12345")
        #expect(throws: FileFault.tooLarge(path, limit: 4)) { try scratch.file("f").read(limit: 4) }
    }

    @Test("what is not there is missing, the file or a directory above it")
    func findsMissing() throws {
        #expect(throws: FileFault.missing(scratch.at("f"))) { try scratch.file("f").read(limit: 9) }
        #expect(throws: FileFault.missing(scratch.at("d"))) { try scratch.file("d/f").read(limit: 9) }
    }

    @Test(
        "what group or others may write is refused, with the command that mends it",
        arguments: [0o664, 0o646, 0o666] as [mode_t])
    func refusesWritable(mode: mode_t) throws {
        let path = try scratch.write("f", "x")
        try unsafe made(chmod(path, mode))
        let fault = FileFault.writableByOthers(path, mode: UInt32(mode))
        #expect(throws: fault) { try scratch.file("f").read(limit: 9) }
        #expect(fault.mend == "chmod go-w \(path)")
        #expect(fault.kind == .unsafe)
        #expect(throws: Never.self) { try HostFile(path, ownedBy: .any).read(limit: 9) }
    }

    @Test(
        "a directory that others may write is refused, a sticky one too", arguments: [0o775, 0o777, 0o1777] as [mode_t])
    func refusesWritableDirectory(mode: mode_t) throws {
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        try scratch.write("d/f", "x")
        try unsafe made(chmod(scratch.at("d"), mode))
        #expect(throws: FileFault.writableByOthers(scratch.at("d"), mode: UInt32(mode))) {
            try scratch.file("d/f").read(limit: 9)
        }
    }

    @Test("/tmp is no place for a file", .enabled(if: geteuid() == 0))
    func refusesTmp() {
        #expect(throws: FileFault.writableByOthers("/tmp", mode: 0o1777)) {
            try HostFile("/tmp/pair-no-such-file", ownedBy: .root).read(limit: 9)
        }
    }

    @Test("somebody else's file or directory is refused, ours where we are named", .enabled(if: geteuid() == 0))
    func refusesForeignOwner() throws {
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        let path = try scratch.write("d/f", "x")
        try unsafe made(chown(path, 12345, 0))
        #expect(throws: FileFault.foreignOwner(path, uid: 12345)) { try scratch.file("d/f").read(limit: 9) }
        #expect(throws: FileFault.foreignOwner(path, uid: 12345)) {
            try HostFile(path, ownedBy: .rootOr(uid: 54321)).read(limit: 9)
        }
        #expect(try HostFile(path, ownedBy: .rootOr(uid: 12345)).read(limit: 9) == [0x78])
        try unsafe made(chown(path, 0, 0))
        try unsafe made(chown(scratch.at("d"), 12345, 0))
        #expect(throws: FileFault.foreignOwner(scratch.at("d"), uid: 12345)) {
            try scratch.file("d/f").read(limit: 9)
        }
    }

    @Test("a symbolic link is refused, as a file and as a directory above it")
    func refusesLinks() throws {
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        try scratch.write("d/f", "x")
        try unsafe made(symlink(scratch.at("d"), scratch.at("l")))
        try unsafe made(symlink(scratch.at("d/f"), scratch.at("k")))
        try unsafe made(symlink("nowhere", scratch.at("n")))
        #expect(throws: FileFault.notDirectory(scratch.at("l"), .symbolicLink)) {
            try scratch.file("l/f").read(limit: 9)
        }
        #expect(throws: FileFault.notRegular(scratch.at("k"), .symbolicLink)) { try scratch.file("k").read(limit: 9) }
        #expect(throws: FileFault.notRegular(scratch.at("n"), .symbolicLink)) { try scratch.file("n").read(limit: 9) }
        #expect(throws: FileFault.notDirectory(scratch.at("d/f"), .regular)) {
            try scratch.file("d/f/g").read(limit: 9)
        }
        // A checkout may lie behind a link; the file itself may not.
        #expect(try HostFile(scratch.at("l/f"), ownedBy: .any).read(limit: 9) == [0x78])
        #expect(throws: FileFault.notRegular(scratch.at("k"), .symbolicLink)) {
            try HostFile(scratch.at("k"), ownedBy: .any).read(limit: 9)
        }
    }

    @Test("a FIFO is refused at once, and so is a directory", arguments: [Scratch.ownership, .any])
    func refusesOtherKinds(rule: Ownership) throws {
        try unsafe made(mkfifo(scratch.at("p"), 0o644))
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        #expect(throws: FileFault.notRegular(scratch.at("p"), .fifo)) {
            try HostFile(scratch.at("p"), ownedBy: rule).read(limit: 9)
        }
        #expect(throws: FileFault.notRegular(scratch.at("d"), .directory)) {
            try HostFile(scratch.at("d"), ownedBy: rule).read(limit: 9)
        }
        #expect(throws: FileFault.notRegular("/", .directory)) { try HostFile("/", ownedBy: rule).read(limit: 9) }
        #expect(throws: FileFault.pathMalformed("")) { try HostFile("", ownedBy: rule).read(limit: 9) }
        #expect(throws: FileFault.pathMalformed("/a\0b")) { try HostFile("/a\0b", ownedBy: rule).read(limit: 9) }
    }

    @Test("dots and doubled slashes lead where they always lead")
    func walksDots() throws {
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        try scratch.write("f", "x")
        #expect(try scratch.file("/./d/..//f").read(limit: 9) == [0x78])
    }

    @Test("a fault shows no control character of a path")
    func quotesPaths() {
        let fault = FileFault.missing("/etc/x\n\u{1B}y")
        #expect(fault.description == #""/etc/x\x0a\x1by": no such file"#)
    }
}
