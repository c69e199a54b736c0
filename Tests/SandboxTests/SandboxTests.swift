import CSandbox
import Foundation
import Testing

@testable import Sandbox

/// What a process can still do in the sandbox: each in a process of its own, which tells it line by line.
@Suite struct SandboxTests {
    /// A folder with the file `inside`, and beside it the file `outside`.
    private let place: Place

    init() throws { place = try Place() }

    /// The version of this kernel's Landlock, 0 where it has none.
    private static let landlockVersion: Int32 = {
        var rules: Int32 = -1
        var version: Int32 = 0
        guard unsafe csandbox_rules(&rules, &version) == 0 else { return 0 }
        csandbox_close(rules)
        return version
    }()

    /// What `body` printed in a process of its own that lives to its end, as `name: errno` to a line.
    private func answers(of result: ExitTest.Result?) throws -> [String] {
        let output = try #require(result).standardOutputContent
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test(
        "what a login needs is there, and nothing else: each call is answered, and as it should be",
        .enabled(if: landlockVersion >= 1, "needs Landlock"))
    func whole() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [inside = place.inside as String, outside = place.outside as String, folder = place.folder as String] in
            let log = unsafe open(outside, O_WRONLY | O_APPEND)
            let pair = try datagramPair()
            let sandbox = Sandbox(readingBelow: [folder, "/nowhere/at/all"])
            Probe.report("sandbox: \("\(sandbox)".replacing(/ABI \d+/, with: "ABI N"))")
            Probe.tell("read inside") { unsafe open(inside, O_RDONLY) }
            Probe.tell("read outside") { unsafe open(outside, O_RDONLY) }
            Probe.tell("read /etc/shadow") { unsafe open("/etc/shadow", O_RDONLY) }
            Probe.tell("read another's command line") { unsafe open("/proc/1/cmdline", O_RDONLY) }
            Probe.tell("list inside") { unsafe open(folder, O_RDONLY | O_DIRECTORY) }
            Probe.tell("walk outside") { unsafe open("/etc", Probe.path | O_DIRECTORY) }
            Probe.tell("write inside") { unsafe open(inside, O_WRONLY | O_APPEND) }
            Probe.tell("write and read inside") { unsafe open(inside, O_RDWR) }
            Probe.tell("truncate inside") { unsafe open(inside, O_RDONLY | O_TRUNC) }
            Probe.tell("create inside") { unsafe open("\(folder)/new", O_RDONLY | O_CREAT, 0o600) }
            Probe.tell("remove inside") { unsafe unlink(inside) }
            Probe.tell("write to what is open") { unsafe Int32(write(log, "x", 1)) }
            Probe.tell("set the time of what is open") { futimens(log, nil) }
            Probe.tell("set the time at a path") { unsafe utimensat(AT_FDCWD, inside, nil, 0) }
            Probe.tell("send to who is connected") { unsafe Int32(send(pair.0, "x", 1, 0)) }
            Probe.tell("send to another") { Probe.sendElsewhere(from: pair.0) }
            Probe.tell("a TCP socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
            Probe.tell("a Unix socket") { socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0) }
            Probe.tell("fork") { Probe.call("fork") }
            Probe.tell("posix_spawn") { Probe.spawn() }
            Probe.tell("execve") { Probe.execute() }
            Probe.tell("ptrace") { Probe.call("ptrace", 0, 0, 0) }
            Probe.tell("kill another") { kill(1, 0) }
            Probe.tell("memory to be executed") { Probe.map(PROT_READ | PROT_EXEC) }
            Probe.tell("memory") { Probe.map(PROT_READ | PROT_WRITE) }
            Probe.tell("a new namespace") { Probe.call("unshare", 0x1000_0000) }
            Probe.tell("openat2, as a library would try it") { Probe.system(437) }
            Probe.tell("clone3, as a library would try it") { Probe.system(435) }
            Probe.tell("a call of a later kernel") { Probe.system(500) }
            Probe.tell("x32's getpid") { Probe.system(0x4000_0000 | 39) }
            Probe.tell("getpid") { getpid() }
        }
        let expected = [
            "sandbox: no_new_privs, seccomp, Landlock ABI N", "read inside: 0", "read outside: EACCES",
            "read /etc/shadow: EACCES", "read another's command line: EACCES",
            "list inside: EACCES", "walk outside: 0", "write inside: EPERM", "write and read inside: EPERM",
            "truncate inside: EPERM", "create inside: EPERM", "remove inside: EPERM", "write to what is open: 0",
            "set the time of what is open: 0", "set the time at a path: EPERM", "send to who is connected: 0",
            "send to another: EPERM", "a TCP socket: EPERM", "a Unix socket: EPERM", "fork: EPERM",
            "posix_spawn: EPERM", "execve: EPERM", "ptrace: EPERM", "kill another: EPERM",
            "memory to be executed: EPERM", "memory: 0", "a new namespace: EPERM",
            "openat2, as a library would try it: ENOSYS", "clone3, as a library would try it: ENOSYS",
            "a call of a later kernel: ENOSYS", "x32's getpid: ENOSYS", "getpid: 0",
        ]
        #expect(try answers(of: result) == expected)
    }

    @Test(
        "a folder that cannot be opened now, though it is there, is not forgotten: better no Landlock",
        .enabled(if: landlockVersion >= 1, "needs Landlock"))
    func folderOutOfReach() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [inside = place.inside as String, folder = place.folder as String] in
            // One descriptor is left, and the rules take it.
            let free = dup(STDOUT_FILENO)
            close(free)
            var limit = rlimit()
            _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = rlim_t(free + 1)
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let sandbox = Sandbox(readingBelow: [folder])
            Probe.report("sandbox: \(sandbox)")
            Probe.tell("read inside") { unsafe open(inside, O_RDONLY) }
        }
        let expected = ["sandbox: no_new_privs, seccomp; no Landlock: Too many open files", "read inside: 0"]
        #expect(try answers(of: result) == expected)
    }

    @Test(
        "Landlock by itself leaves nothing but files of the folders, to be read",
        .enabled(if: landlockVersion >= 6, "needs version 6 of Landlock, of Linux 6.12"))
    func landlock() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [inside = place.inside as String, outside = place.outside as String, folder = place.folder as String] in
            let stream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var rules: Int32 = -1
            var version: Int32 = 0
            let isMade = unsafe csandbox_rules(&rules, &version) == 0
            _ = csandbox_no_new_privileges()
            let isAllowed = unsafe csandbox_allow_reading(rules, folder) == 0
            Probe.report("rules: \(isMade) \(isAllowed) \(csandbox_restrict(rules))")
            Probe.tell("read inside") { unsafe open(inside, O_RDONLY) }
            Probe.tell("read outside") { unsafe open(outside, O_RDONLY) }
            Probe.tell("list inside") { unsafe open(folder, O_RDONLY | O_DIRECTORY) }
            Probe.tell("write inside") { unsafe open(inside, O_WRONLY) }
            Probe.tell("truncate inside") { unsafe truncate(inside, 0) }
            Probe.tell("create inside") { unsafe open("\(folder)/new", O_RDONLY | O_CREAT, 0o600) }
            Probe.tell("make a folder inside") { unsafe mkdir("\(folder)/new", 0o700) }
            Probe.tell("make a link inside") { unsafe symlink("/etc", "\(folder)/new") }
            Probe.tell("rename inside") { unsafe rename(inside, "\(folder)/new") }
            Probe.tell("remove inside") { unsafe unlink(inside) }
            Probe.tell("execve") { Probe.execute() }
            Probe.tell("connect by TCP") { Probe.connect(stream) }
            Probe.tell("signal another") { kill(getppid(), 0) }
        }
        let expected = [
            "rules: true true 0", "read inside: 0", "read outside: EACCES", "list inside: EACCES",
            "write inside: EACCES",
            "truncate inside: EACCES", "create inside: EACCES", "make a folder inside: EACCES",
            "make a link inside: EACCES", "rename inside: EACCES", "remove inside: EACCES", "execve: EACCES",
            "connect by TCP: EACCES", "signal another: EPERM",
        ]
        #expect(try answers(of: result) == expected)
    }

    @Test("a program that is aborted in the sandbox ends as it does outside, by the signal that it can handle")
    func abortion() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            _ = Sandbox(readingBelow: [])
            abort()
        }
    }

    @Test(
        "what is missing is named with its reason, behind what is in force",
        arguments: [
            (Int32(0), Int32(0), "no_new_privs, seccomp, Landlock ABI 3"),
            (0, ENOSYS, "no_new_privs, seccomp; no Landlock: this kernel has none, or a container hides it"),
            (0, EOPNOTSUPP, "no_new_privs, seccomp; no Landlock: this kernel has it switched off (its parameter lsm=)"),
            (
                ENOTSUP, 0,
                "no_new_privs, Landlock ABI 3; no seccomp: there is no list of system calls for this kind of machine"
            ),
            (EINVAL, E2BIG, "no_new_privs; no seccomp: Invalid argument; no Landlock: Argument list too long"),
        ])
    func description(calls: Int32, files: Int32, expected: String) {
        let parts: [Sandbox.Part] = [
            .noNewPrivileges(errno: 0), .systemCalls(errno: calls), .files(errno: files, version: 3),
        ]
        #expect(Sandbox(parts: parts).description == expected)
    }

    @Test("where nothing is in force that is said")
    func nothing() {
        let parts: [Sandbox.Part] = [.noNewPrivileges(errno: EPERM), .files(errno: ENOSYS, version: 0)]
        let expected =
            "none; no no_new_privs: Operation not permitted; "
            + "no Landlock: this kernel has none, or a container hides it"
        #expect(Sandbox(parts: parts).description == expected)
    }
}
