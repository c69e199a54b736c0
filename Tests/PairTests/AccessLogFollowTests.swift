import Encodings
import Foundation
import Testing

@testable import TestSupport

/// `pair access-log -f`, by a process that runs while the log is written and rotated.
@Suite("pair access-log -f")
struct AccessLogFollowTests {
    private static func record(_ seconds: Int64, _ login: String) -> String {
        AccessLogCommandTests.record(seconds, login)
    }

    @Test("what is recorded comes at once, below the last ten of the past, without a count")
    func follows() throws {
        let log = try LogFolder([
            "log": (0..<12).map { Self.record($0 * 60, "old\($0)") }, "log.1": [Self.record(-60, "older")],
        ])
        let follower = try LogFollower(log)
        for number in 2..<12 { #expect(try follower.line() == Self.record(Int64(number) * 60, "old\(number)")) }
        try log.append(Self.record(1000, "new") + "\n", to: "log")
        #expect(try follower.line() == Self.record(1000, "new"))
        // sshd's second question is not another row.
        try log.append(Self.record(1001, "new") + "\n" + Self.record(1002, "other") + "\n", to: "log")
        #expect(try follower.line() == Self.record(1002, "other"))
    }

    @Test("with --raw each record comes")
    func raw() throws {
        let log = try LogFolder(["log": []])
        let follower = try LogFollower(log, ["--raw", "--login", "a"])
        try log.append(Self.record(0, "a") + "\n" + Self.record(0, "b") + "\n" + Self.record(0, "a") + "\n", to: "log")
        #expect(try follower.line() == Self.record(0, "a"))
        #expect(try follower.line() == Self.record(0, "a"))
    }

    @Test("a line that is half written is waited for")
    func torn() throws {
        let log = try LogFolder(["log": [Self.record(0, "a")]])
        let follower = try LogFollower(log)
        #expect(try follower.line() == Self.record(0, "a"))
        let line = Self.record(60, "b") + "\n"
        try log.append(String(line.prefix(40)), to: "log")
        #expect(follower.hasRead(try log.text("log").utf8.count))
        try log.append(String(line.dropFirst(40)), to: "log")
        #expect(try follower.line() == Self.record(60, "b"))
        #expect(follower.error == "")
    }

    @Test("a last line of the past that is half written is waited for, too")
    func tornPast() throws {
        let log = try LogFolder(["log": [Self.record(0, "a")]])
        let line = Self.record(60, "b") + "\n"
        try log.append(String(line.prefix(40)), to: "log")
        let follower = try LogFollower(log)
        #expect(try follower.line() == Self.record(0, "a"))
        try log.append(String(line.dropFirst(40)), to: "log")
        #expect(try follower.line() == Self.record(60, "b"))
        #expect(follower.error == "")
    }

    @Test("rotation by renaming loses nothing, not even what is still written to the old file")
    func renamed() throws {
        let log = try LogFolder(["log": [Self.record(0, "a")]])
        let follower = try LogFollower(log)
        #expect(try follower.line() == Self.record(0, "a"))
        for round in 1...3 {
            let time = Int64(round) * 100
            try log.append(Self.record(time, "before") + "\n", to: "log")
            try FileManager.default.moveItem(atPath: log.at("log"), toPath: log.at("log.\(round)"))
            try log.append(Self.record(time + 20, "late") + "\n", to: "log.\(round)")
            try log.write(Self.record(time + 40, "after") + "\n", to: "log")
            #expect(try follower.line() == Self.record(time, "before"))
            #expect(try follower.line() == Self.record(time + 20, "late"))
            #expect(try follower.line() == Self.record(time + 40, "after"))
        }
        #expect(follower.error == "")
    }

    @Test("a log that is gone for a while is waited for")
    func gone() throws {
        let log = try LogFolder(["log": [Self.record(0, "a")]])
        let follower = try LogFollower(log)
        #expect(try follower.line() == Self.record(0, "a"))
        try FileManager.default.moveItem(atPath: log.at("log"), toPath: log.at("log.1"))
        try log.append(Self.record(60, "b") + "\n", to: "log.1")
        #expect(try follower.line() == Self.record(60, "b"))
        try log.write(Self.record(120, "c") + "\n", to: "log")
        #expect(try follower.line() == Self.record(120, "c"))
    }

    @Test("rotation by copying and emptying is survived, and what was half written then is named")
    func copied() throws {
        let log = try LogFolder(["log": [Self.record(0, "a"), Self.record(60, "b")]])
        let follower = try LogFollower(log)
        #expect(try follower.line() == Self.record(0, "a"))
        #expect(try follower.line() == Self.record(60, "b"))
        try log.append("{\"time\":", to: "log")
        #expect(follower.hasRead(try log.text("log").utf8.count))
        try FileManager.default.copyItem(atPath: log.at("log"), toPath: log.at("log.1"))
        // O_TRUNC on the same file, then less than there was.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: log.at("log")))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data((Self.record(120, "c") + "\n").utf8))
        try file.close()
        #expect(try follower.line() == Self.record(120, "c"))
        #expect(follower.error == "pair: \(log.at("log")):3: the last line does not end in a newline\n")
    }

    private static let logrotate = "/usr/sbin/logrotate"

    @Test(
        "logrotate with the file that we ship makes the log anew with its mode, and nothing is lost to who follows",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: logrotate)
                || ProcessInfo.processInfo.environment["CI"] == "true", "needs logrotate"),
        .enabled(if: NSUserName() == "root"))
    func shippedRotation() throws {
        let shipped = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../docs/logrotate.conf")
        let log = try LogFolder(["log": [Self.record(0, "a")]])
        let text = try String(contentsOf: shipped.standardizedFileURL, encoding: .utf8)
        #expect(text.contains("\n/var/log/pair/access.jsonl {\n"))
        #expect(text.contains("    create 0640 _pair adm\n"))
        // _pair need not exist here.
        let here = text.replacing("/var/log/pair/access.jsonl", with: log.at("log"))
        try log.write(here.replacing("_pair adm", with: "daemon adm"), to: "logrotate.conf")
        try log.scratch.run("chmod", "644", "logrotate.conf")
        let follower = try LogFollower(log)
        #expect(try follower.line() == Self.record(0, "a"))
        for round in Int64(1)...2 {
            try log.scratch.run(Self.logrotate, "--force", "--state", log.at("state"), log.at("logrotate.conf"))
            let shape = String(decoding: try log.scratch.run("stat", "-c", "%a %U %G %s", "log"), as: UTF8.self)
            #expect(shape == "640 daemon adm 0\n")
            try log.append(Self.record(round * 100, "b") + "\n", to: "log")
            #expect(try follower.line() == Self.record(round * 100, "b"))
        }
        #expect(follower.error == "")
        #expect(try log.pair("--raw").output == log.text("log.2") + log.text("log.1") + log.text("log"))
    }

    @Test("a line that is no record is named at once, and the next one comes")
    func malformed() throws {
        let log = try LogFolder(["log": [Self.record(0, "a")]])
        let follower = try LogFollower(log)
        #expect(try follower.line() == Self.record(0, "a"))
        try log.append("x\u{1B}\n" + Self.record(60, "b") + "\n", to: "log")
        #expect(try follower.line() == Self.record(60, "b"))
        #expect(follower.error == "pair: \(log.at("log")):2: byte 0: not JSON here\n")
    }

    @Test("from a pipe it goes on until that is closed, each record at once")
    func standardInput() throws {
        let log = try LogFolder([:])
        try log.scratch.run("mkfifo", "in", "out")
        // The second record is given only when the first has come back.
        let script = """
            timeout -s KILL 20 "$0" access-log -f --file - <in >out &
            exec 3>in 4<out
            echo "$1" >&3; read -r first <&4; echo "$first"
            echo "$2" >&3; read -r second <&4; echo "$second"
            exec 3>&-; wait $!
            """
        let records = [Self.record(0, "a"), Self.record(60, "b")]
        let run = try log.run(["env", "-C", log.scratch.folder.path, "sh", "-c", script, LogFolder.program] + records)
        #expect(run.output == records.map { $0 + "\n" }.joined())
        #expect(run.status == 0)
    }

    @Test("on a terminal the row of a login is drawn anew with its count, where it is the last")
    func terminal() throws {
        let log = try LogFolder(["log": [Self.record(0, "a")]])
        // Adds a record each time that a row has come.
        let script = """
            import fcntl, os, pty, signal, struct, sys, termios
            signal.alarm(20)
            log, rows = sys.argv[1], sys.argv[2:4]
            pid, terminal = pty.fork()
            if pid == 0:
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
                os.execvp(sys.argv[4], sys.argv[4:])
            seen, wanted = b"", [b"UNTIL\\r\\n", b"-\\r\\n", "×2\\r\\n".encode(), b" b "]
            for marker in wanted:
                while marker not in seen:
                    seen += os.read(terminal, 65536)
                os.write(1, seen[: seen.index(marker) + len(marker)])
                seen = seen[seen.index(marker) + len(marker) :]
                if marker[0:1] in b"-\\xc3" and rows:
                    with open(log, "a") as file:
                        file.write(rows.pop(0) + "\\n")
            os.kill(pid, signal.SIGKILL)
            """
        let run = try log.run(
            ["python3", "-c", script, log.at("log"), Self.record(1, "a"), Self.record(2, "b")]
                + [
                    "env", "TERM=xterm", "NO_COLOR=1", "TZ=UTC", LogFolder.program, "access-log", "-f", "--file",
                    log.at("log"),
                ])
        #expect(run.status == 0)
        #expect(
            run.output.replacingOccurrences(of: "\r\n", with: "\n") == """
                TIME                 DECISION  REASON    LOGIN  WHO  SERVICE  UNTIL
                2026-11-22 12:00:00  accept    accepted  a      -    -        -
                \u{1B}[1A\r\u{1B}[K2026-11-22 12:00:00  accept    accepted  a      -    -        -      ×2
                2026-11-22 12:00:02  accept    accepted  b \

                """)
    }
}
