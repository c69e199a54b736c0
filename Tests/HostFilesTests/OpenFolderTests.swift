import Glibc
import HostFiles
import Testing

@Suite("Folders held open", .enabled(if: Scratch.obstacle == nil, "\(Scratch.obstacle ?? "")"))
struct OpenFolderTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test("a folder that group or others may write is refused, by way of a link too")
    func judgesFolder() throws {
        let path = scratch.at("d")
        try unsafe made(mkdir(path, 0o755))
        try unsafe made(symlink(path, scratch.at("l")))
        for name in ["d", "l"] {
            #expect(throws: Never.self) { _ = try OpenFolder(scratch.at(name), ownedBy: .rootOrSelf) }
        }
        try unsafe made(chmod(path, 0o775))
        for name in ["d", "l"] {
            #expect(throws: FileFault.writableByOthers(scratch.at(name), mode: 0o775)) {
                _ = try OpenFolder(scratch.at(name), ownedBy: .rootOrSelf)
            }
        }
        #expect(throws: Never.self) { _ = try OpenFolder(path, ownedBy: .any) }
    }

    @Test("another user's folder is refused", .enabled(if: geteuid() == 0))
    func refusesForeignFolder() throws {
        let path = scratch.at("d")
        try unsafe made(mkdir(path, 0o755))
        try unsafe made(chown(path, 4711, 4711))
        #expect(throws: FileFault.foreignOwner(path, uid: 4711)) { _ = try OpenFolder(path, ownedBy: .rootOrSelf) }
    }

    @Test("what is no folder is not opened, and a FIFO not waited for")
    func opensFoldersOnly() throws {
        try scratch.write("f", "")
        try unsafe made(mkfifo(scratch.at("p"), 0o644))
        for (name, kind) in [("f", FileKind.regular), ("p", .fifo)] {
            #expect(throws: FileFault.notDirectory(scratch.at(name), kind)) {
                _ = try OpenFolder(scratch.at(name), ownedBy: .any)
            }
        }
        #expect(throws: FileFault.missing(scratch.at("d"))) { _ = try OpenFolder(scratch.at("d"), ownedBy: .any) }
        #expect(throws: FileFault.pathMalformed("")) { _ = try OpenFolder("", ownedBy: .any) }
    }

    @Test("what is done in a folder is done in the one that was opened, wherever its path leads since")
    func staysWhereItWas() throws {
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        let folder = try OpenFolder(scratch.at("d"), ownedBy: .rootOrSelf)
        try unsafe made(rename(scratch.at("d"), scratch.at("moved")))
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        try folder.replace("f", with: [1], mode: 0o644)
        #expect(try folderNames(scratch.at("d")) == [])
        #expect(try folder.names() == ["f"])
        #expect(try folder.read("f", limit: 1, ownedBy: .rootOrSelf) == [1])
    }

    @Test("only a regular file of the right owner is read, in the folder itself and up to the limit")
    func reads() throws {
        let folder = try OpenFolder(scratch.path, ownedBy: Scratch.ownership)
        let path = try scratch.write("f", "12345")
        try unsafe made(symlink(path, scratch.at("l")))
        try unsafe made(mkfifo(scratch.at("p"), 0o644))
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        #expect(try folder.read("f", limit: 5, ownedBy: .rootOrSelf) == Array("12345".utf8))
        #expect(throws: FileFault.tooLarge(path, limit: 4)) { try folder.read("f", limit: 4, ownedBy: .any) }
        #expect(throws: FileFault.missing(scratch.at("g"))) { try folder.read("g", limit: 9, ownedBy: .any) }
        for (name, kind) in [("l", FileKind.symbolicLink), ("p", .fifo), ("d", .directory)] {
            #expect(folder.kind(of: name) == kind)
            #expect(throws: FileFault.notRegular(scratch.at(name), kind)) {
                try folder.read(name, limit: 9, ownedBy: .any)
            }
        }
        for name in ["d/f", "..", "", "a\0b"] {
            #expect(throws: FileFault.pathMalformed(scratch.at(name))) {
                try folder.read(name, limit: 9, ownedBy: .any)
            }
        }
        try unsafe made(chmod(path, 0o666))
        #expect(folder.mode(of: "f") == 0o666)
        #expect(throws: FileFault.writableByOthers(path, mode: 0o666)) {
            try folder.read("f", limit: 9, ownedBy: .rootOrSelf)
        }
        #expect(try folder.read("f", limit: 9, ownedBy: .any).count == 5)
    }
}
