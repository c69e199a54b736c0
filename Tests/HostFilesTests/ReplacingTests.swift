import Glibc
import HostFiles
import Testing

@Suite("Files replaced whole", .enabled(if: Scratch.obstacle == nil, "\(Scratch.obstacle ?? "")"))
struct ReplacingTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test("a file is made, and then replaced, with the mode asked for", arguments: [0o600, 0o644, 0o666] as [UInt32])
    func replaces(mode: UInt32) throws {
        let path = scratch.at("f")
        try replaceFile(at: path, with: Array("old".utf8), mode: 0o400)
        #expect(try permissions(path) == 0o400)
        let large = [UInt8](repeating: 7, count: 3_000_000)
        try replaceFile(at: path, with: large, mode: mode)
        // 0666 would be 0644 or less after any umask in use.
        #expect(try permissions(path) == mode)
        #expect(try HostFile(path, ownedBy: .any).read(limit: large.count) == large)
        #expect(try folderNames(scratch.path) == ["f"])
    }

    @Test("a file is whose it is said to be, and the process's own where nothing is said", .enabled(if: geteuid() == 0))
    func givesAway() throws {
        let folder = try OpenFolder(scratch.path, ownedBy: .any)
        let other = FileOwner(user: 65_534, group: 60)
        try folder.replace("f", with: [1], mode: 0o640, owner: other)
        #expect(try folder.attributes(of: "f")?.owner == other)
        // chown(2) takes some bits of the mode.
        #expect(folder.mode(of: "f") == 0o640)
        try folder.replace("f", with: [2], mode: 0o600)
        #expect(try folder.attributes(of: "f")?.owner == FileOwner(user: 0, group: 0))
        #expect(try folder.attributes(of: "g")?.owner == nil)
    }

    @Test("what cannot be told of a name is an error, not that nothing stands there: nothing takes its place")
    func unanswered() throws {
        let folder = try OpenFolder(scratch.path, ownedBy: .any)
        let long = String(repeating: "n", count: 300)
        let fault = FileFault.system(scratch.at(long), call: "stat", errno: ENAMETOOLONG)
        #expect(throws: fault) { _ = try folder.attributes(of: long) }
        #expect(throws: fault) { try folder.replace(long, with: [1], mode: 0o600) }
        #expect(try folder.attributes(of: "g") == nil)
        #expect(try folder.names().isEmpty)
    }

    @Test("a file may be empty, and its path relative or under /")
    func splitsPath() throws {
        try replaceFile(at: scratch.at("f"), with: [], mode: 0o600)
        #expect(try scratch.file("f").read(limit: 0) == [])
        #expect(throws: FileFault.notRegular("/tmp", .directory)) { try replaceFile(at: "/tmp", with: [], mode: 0o600) }
        #expect(throws: FileFault.missing("no-such-folder")) {
            try replaceFile(at: "no-such-folder/f", with: [], mode: 0o600)
        }
        #expect(throws: FileFault.pathMalformed("./..")) { try replaceFile(at: "..", with: [], mode: 0o600) }
        #expect(throws: FileFault.pathMalformed("a/")) { try replaceFile(at: "a/", with: [], mode: 0o600) }
        #expect(throws: FileFault.pathMalformed("./")) { try replaceFile(at: "", with: [], mode: 0o600) }
    }

    @Test("what is no regular file is neither replaced nor removed, nor is what a link leads to")
    func leavesOthers() throws {
        try scratch.write("target", "kept")
        try unsafe made(symlink(scratch.at("target"), scratch.at("l")))
        try unsafe made(mkfifo(scratch.at("p"), 0o644))
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        for (name, kind) in [("l", FileKind.symbolicLink), ("p", .fifo), ("d", .directory)] {
            let fault = FileFault.notRegular(scratch.at(name), kind)
            #expect(throws: fault) { try replaceFile(at: scratch.at(name), with: [1], mode: 0o600) }
            #expect(throws: fault) { try removeFile(at: scratch.at(name)) }
        }
        #expect(try scratch.file("target").read(limit: 9) == Array("kept".utf8))
        #expect(try folderNames(scratch.path) == ["d", "l", "p", "target"])
    }

    @Test("a name without room for the temporary one is refused, and the file is as it was")
    func refusesLongName() throws {
        let name = String(repeating: "x", count: 250)
        let path = try scratch.write(name, "old")
        #expect(throws: FileFault.system(path, call: "open", errno: ENAMETOOLONG)) {
            try replaceFile(at: path, with: [1], mode: 0o600)
        }
        #expect(try scratch.file(name).read(limit: 9) == Array("old".utf8))
    }

    @Test("on a full disk the old file is as it was, and nothing else is left", .enabled(if: canMount))
    func survivesFullDisk() throws {
        let disk = scratch.at("disk")
        try unsafe made(mkdir(disk, 0o755))
        try unsafe made(mount("none", disk, "tmpfs", 0, "size=64k"))
        defer { unsafe umount2(disk, CInt(MNT_DETACH)) }
        try replaceFile(at: "\(disk)/f", with: Array("old".utf8), mode: 0o600)
        #expect(throws: FileFault.system("\(disk)/f", call: "write", errno: ENOSPC)) {
            try replaceFile(at: "\(disk)/f", with: [UInt8](repeating: 1, count: 200_000), mode: 0o644)
        }
        #expect(try HostFile("\(disk)/f", ownedBy: .any).read(limit: 9) == Array("old".utf8))
        #expect(try permissions("\(disk)/f") == 0o600)
        #expect(try folderNames(disk) == ["f"])
    }

    @Test("where the last step fails, the old file is as it was, with nothing beside it", .enabled(if: canMount))
    func survivesFailedRename() throws {
        // What something is mounted on cannot be replaced.
        let path = try scratch.write("f", "old")
        try unsafe made(mount(path, path, nil, UInt(MS_BIND), nil))
        defer { unsafe umount2(path, CInt(MNT_DETACH)) }
        #expect(throws: FileFault.system(path, call: "rename", errno: EBUSY)) {
            try replaceFile(at: path, with: [1], mode: 0o644)
        }
        #expect(try scratch.file("f").read(limit: 9) == Array("old".utf8))
        #expect(try folderNames(scratch.path) == ["f"])
    }

    @Test("in a folder that cannot be written nothing changes", .enabled(if: geteuid() != 0))
    func survivesReadOnly() throws {
        let path = try scratch.write("f", "old")
        try unsafe made(chmod(scratch.path, 0o500))
        #expect(throws: FileFault.system(path, call: "open", errno: EACCES)) {
            try replaceFile(at: path, with: [1], mode: 0o644)
        }
        #expect(throws: FileFault.system(path, call: "unlink", errno: EACCES)) { try removeFile(at: path) }
        #expect(throws: FileFault.system(scratch.at("d"), call: "mkdir", errno: EACCES)) {
            try makeFolder(scratch.at("d"), mode: 0o700)
        }
        #expect(try scratch.file("f").read(limit: 9) == Array("old".utf8))
        try unsafe made(chmod(scratch.path, 0o700))
    }

    @Test("many writers at once leave one of their files, whole, and readers never see another")
    func isAtomic() async throws {
        let path = try scratch.write("f", String(repeating: "0", count: 50_000))
        let file = scratch.file("f")
        await withThrowingTaskGroup(of: Void.self) { group in
            for writer in UInt8(1)...8 {
                group.addTask {
                    for _ in 0..<5 {
                        try replaceFile(at: path, with: [UInt8](repeating: writer, count: 50_000), mode: 0o644)
                    }
                }
            }
            group.addTask {
                for _ in 0..<50 {
                    let bytes = try file.read(limit: 50_000)
                    #expect(bytes.count == 50_000 && Set(bytes).count == 1)
                }
            }
            await #expect(throws: Never.self) { try await group.waitForAll() }
        }
        #expect(try Set(file.read(limit: 50_000)).count == 1)
        #expect(try folderNames(scratch.path) == ["f"])
    }

    @Test("what a writer that died has left is removed by the next, and nothing else")
    func removesLeftovers() throws {
        let kept = [
            ".f.0123456789abcde.new", ".f.0123456789abcdeF.new", ".f.0123456789abcdef.old", ".g.0123456789abcdef.new",
            "f", "f.0123456789abcdef.new",
        ]
        for name in kept + [".f.0123456789abcdef.new", ".f.fedcba9876543210.new"] { try scratch.write(name, "") }
        try OpenFolder(scratch.path, ownedBy: Scratch.ownership).removeLeftovers(of: ["e", "f"])
        #expect(try folderNames(scratch.path) == kept)
    }

    @Test("a file is removed once")
    func removes() throws {
        let path = try scratch.write("f", "")
        #expect(try removeFile(at: path))
        #expect(try !removeFile(at: path))
        #expect(try !removeFile(at: scratch.at("d/f")))
    }

    @Test("folders are made where they are missing, with the mode asked for, and those that exist are left")
    func makesFolders() throws {
        try makeFolder(scratch.at("a/b"), mode: 0o770)
        // 0770 would be 0750 or less after any umask in use.
        #expect(try permissions(scratch.at("a")) == 0o770)
        #expect(try permissions(scratch.at("a/b")) == 0o770)
        try makeFolder(scratch.at("a/b/"), mode: 0o700)
        #expect(try permissions(scratch.at("a/b")) == 0o770)
        try unsafe made(symlink(scratch.at("a/b"), scratch.at("l")))
        try makeFolder(scratch.at("l"), mode: 0o700)
        unsafe rmdir(scratch.at("a/b"))
    }

    @Test("a folder is not made where something else stands")
    func makesNoFolder() throws {
        try scratch.write("f", "")
        try unsafe made(symlink(scratch.at("nowhere"), scratch.at("l")))
        #expect(throws: FileFault.notDirectory(scratch.at("f"), .regular)) {
            try makeFolder(scratch.at("f"), mode: 0o700)
        }
        #expect(throws: FileFault.notDirectory(scratch.at("f"), .regular)) {
            try makeFolder(scratch.at("f/d"), mode: 0o700)
        }
        #expect(throws: FileFault.notDirectory(scratch.at("l"), .symbolicLink)) {
            try makeFolder(scratch.at("l"), mode: 0o700)
        }
        #expect(throws: FileFault.pathMalformed("")) { try makeFolder("", mode: 0o700) }
    }
}

/// Whether we may mount, which takes root, and not in every container.
private let canMount: Bool = {
    guard let scratch = try? Scratch() else { return false }
    guard unsafe mount("none", scratch.path, "tmpfs", 0, nil) == 0 else { return false }
    return unsafe umount(scratch.path) == 0
}()

/// The permission bits of what stands at a path.
func permissions(_ path: String) throws -> UInt32 {
    var status = stat()
    try unsafe made(stat(path, &status))
    return status.st_mode & 0o7777
}
