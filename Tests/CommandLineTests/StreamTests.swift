import Foundation
import Testing

/// Streams that are closed, broken or never read: sshd must not see a signal, nor wait for ever.
@Suite(.onHost) struct StreamTests {
    struct Closed: Sendable, CustomStringConvertible {
        let streams: String
        let output: Bool

        var description: String { streams }
    }

    private static let closed = [
        Closed(streams: "<&-", output: true), Closed(streams: ">&-", output: false),
        Closed(streams: "2>&-", output: true), Closed(streams: "<&- 2>&-", output: true),
        Closed(streams: "<&- >&- 2>&-", output: false),
    ]

    @Test("closed streams change neither the status nor any file", arguments: closed)
    func streams(_ row: Closed) async throws {
        let host = try Host.atAnyTime()
        let toml = try host.text("pair.toml")
        let run = try await host.run(under: ["sh", "-c", "exec \"$@\" \(row.streams)", "sh"], try host.question)
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("restrict,") == row.output)
        #expect(run.output.isEmpty == !row.output)
        let log = try host.text("access.jsonl").split(separator: "\n")
        #expect(log.count == 1)
        #expect(log.first?.hasPrefix("{\"time\":") == true && log.first?.hasSuffix("}") == true)
        #expect(try host.text("pair.toml") == toml)
    }

    @Test("a fault with closed streams ends with status 2 all the same", arguments: closed)
    func fault(_ row: Closed) async throws {
        let host = try Host.atAnyTime()
        try host.set(mode: 0o664, of: host.at("members"))
        let run = try await host.run(under: ["sh", "-c", "exec \"$@\" \(row.streams)", "sh"], try host.question)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
    }

    @Test("a reader that has gone is no signal", arguments: [[], ["--explain"], ["--json"]] as [[String]])
    func brokenPipe(_ flags: [String]) async throws {
        let host = try Host.atAnyTime()
        let script = """
            import os, subprocess, sys
            reader, writer = os.pipe()
            os.close(reader)
            sys.exit(subprocess.run(sys.argv[1:], stdout=writer).returncode & 255)
            """
        let run = try await host.run(under: ["python3", "-c", script], try host.question + flags)
        #expect(run.status == 0)
        #expect(run.error.isEmpty)
    }

    @Test("as sshd runs it a reader that never reads is waited for five seconds, and the status is 0")
    func deadline() async throws {
        let host = try Host.atAnyTime()
        let script = """
            import fcntl, os, subprocess, sys, time
            reader, writer = os.pipe()
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
            os.write(writer, bytes(4096))
            start = time.monotonic()
            status = subprocess.run(sys.argv[1:], stdout=writer).returncode
            print(status, round(time.monotonic() - start))
            """
        let run = try await host.run(under: ["python3", "-c", script], try host.question)
        #expect(["0 4\n", "0 5\n", "0 6\n"].contains(run.output), "\(run)")
    }
}
