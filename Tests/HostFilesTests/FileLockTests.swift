import Glibc
import Synchronization
import Testing

@testable import HostFiles

@Suite("Locks", .enabled(if: Scratch.obstacle == nil, "\(Scratch.obstacle ?? "")"))
struct FileLockTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    /// The lock that `name` in the folder stands for.
    func lock(_ name: String = "x.lock", waitingFor wait: Duration = .zero) throws -> FileLock {
        try FileLock(name, in: OpenFolder(scratch.path, ownedBy: Scratch.ownership), waitingFor: wait)
    }

    @Test("a lock is had by one at a time, and its file stays, empty and private")
    func excludes() throws {
        let first = try lock()
        let held = LockFault.held(scratch.at("x.lock"))
        #expect(throws: held) { _ = try lock() }
        #expect(throws: held) { _ = try lock(waitingFor: .milliseconds(20)) }
        #expect("\(held)" == "\(scratch.at("x.lock")): locked, another pair holds it")
        #expect(throws: Never.self) { _ = try lock("y.lock") }
        release(first)
        // A child that another test starts just now has it too, until it becomes another program.
        #expect(throws: Never.self) { _ = try lock(waitingFor: .seconds(20)) }
        #expect(try permissions(scratch.at("x.lock")) == 0o600)
        #expect(try scratch.file("x.lock").read(limit: 0) == [])
    }

    private func release(_: consuming FileLock) {}

    @Test("a lock is waited for, and is free once the process that had it was killed")
    func outlivesHolder() throws {
        let path = try scratch.write("x.lock", "")
        let script = "mkdir \(scratch.at("held")) && exec sleep 60"
        let holder = try Child("flock", "--exclusive", "--no-fork", path, "sh", "-c", script)
        for _ in 0..<10_000 where unsafe access(scratch.at("held"), F_OK) != 0 { poll(nil, 0, 2) }
        #expect(throws: LockFault.held(path)) { _ = try lock(waitingFor: .milliseconds(1)) }
        kill(holder)
        #expect(throws: Never.self) { _ = try lock(waitingFor: .seconds(20)) }
    }

    @Test("a child process does not keep the lock")
    func isNotInherited() throws {
        let held = try lock()
        let child = try Child("sleep", "60")
        release(held)
        #expect(throws: Never.self) { _ = try lock(waitingFor: .seconds(20)) }
        kill(child)
    }

    private func kill(_: consuming Child) {}

    /// Who is behind a lock.
    private final class Room: Sendable {
        let isTaken = Atomic(false)
        let clashes = Atomic(0)
        let visits = Atomic(0)

        /// Stays as long as a few calls to the system take.
        func visit(_ lock: borrowing FileLock) {
            if isTaken.exchange(true, ordering: .sequentiallyConsistent) {
                clashes.add(1, ordering: .sequentiallyConsistent)
            }
            for _ in 0..<20 { _ = lock.folder.kind(of: "x.lock") }
            visits.add(1, ordering: .sequentiallyConsistent)
            isTaken.store(false, ordering: .sequentiallyConsistent)
        }
    }

    @Test("whoever opened the file before it was deleted does not have the lock, when it is free or another's")
    func findsDeletion() throws {
        let folder = try OpenFolder(scratch.path, ownedBy: Scratch.ownership)
        let deleted = try FileLock.open("x.lock", in: folder)
        try lock().delete()
        #expect(try !FileLock.take(deleted, called: "x.lock", in: folder))
        let second = try lock(waitingFor: .seconds(20))
        #expect(try !FileLock.take(deleted, called: "x.lock", in: folder))
        try second.delete()
        #expect(try folderNames(scratch.path) == [])
    }

    @Test("many that wait have it one after the other")
    func waitsInTurn() async throws {
        let scratch = scratch
        let room = Room()
        await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<5 {
                        let folder = try OpenFolder(scratch.path, ownedBy: Scratch.ownership)
                        let lock = try FileLock("x.lock", in: folder, waitingFor: .seconds(60))
                        room.visit(lock)
                        try lock.delete()
                    }
                }
            }
            await #expect(throws: Never.self) { try await group.waitForAll() }
        }
        #expect(room.clashes.load(ordering: .sequentiallyConsistent) == 0)
        #expect(room.visits.load(ordering: .sequentiallyConsistent) == 40)
    }

    @Test("what is no regular file is no lock, and a link is not followed")
    func refusesOthers() throws {
        try unsafe made(symlink(scratch.at("made-by-us"), scratch.at("l")))
        try unsafe made(mkfifo(scratch.at("p"), 0o644))
        try unsafe made(mkdir(scratch.at("d"), 0o755))
        for (name, kind) in [("l", FileKind.symbolicLink), ("p", .fifo), ("d", .directory)] {
            #expect(throws: LockFault.file(.notRegular(scratch.at(name), kind))) { _ = try lock(name) }
        }
        #expect(try folderNames(scratch.path) == ["d", "l", "p"])
    }
}

/// A program that was started; killed, and gone, when the value is.
struct Child: ~Copyable {
    private let process: pid_t

    init(_ arguments: String...) throws {
        // Not by Foundation, which closes the descriptors that a child would inherit.
        let words = unsafe (["env", "--default-signal"] + arguments).map { unsafe strdup($0) } + [nil]
        var process: pid_t = 0
        let result = unsafe posix_spawnp(&process, "env", nil, nil, words, environ)
        for index in unsafe words.indices { unsafe free(words[index]) }
        try made(result)
        self.process = process
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }
}
