import Testing

/// What would kill the program by a signal: sshd would then log its command line, and that holds the token.
@Suite(.onHost) struct TrapTests {
    @Test("a stack that is exhausted ends as a refusal that says so")
    func stack() async throws {
        let host = try Host()
        let key = Array(repeating: "a", count: 1990).joined(separator: ".")
        try host.write("pair.toml", "[\(key)]\n")
        let run = try await host.run(under: ["sh", "-c", "ulimit -s 200; exec \"$@\"", "sh"], try host.question)
        #expect(run.status == 0)
        #expect(run.output.isEmpty)
        #expect(run.error == "pair-authkeys: an internal fault; nobody is let in\n")
    }

    @Test("a log at the limit of a file's size stops nobody")
    func fileSize() async throws {
        let host = try Host.atAnyTime()
        let script = "(ulimit -f 0; \"$@\"; echo \"status $?\") 2>&1 | cat"
        let run = try await host.run(under: ["sh", "-c", script, "sh"], try host.question)
        let lines = run.output.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("restrict,") })
        #expect(lines.contains { $0.hasPrefix("pair-authkeys: access log: ") })
        #expect(lines.last == "status 0")
    }
}
