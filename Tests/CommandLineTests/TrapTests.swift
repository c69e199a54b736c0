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

    @Test(
        "memory that runs out, wherever it does, ends as a refusal that says so",
        .enabled(if: Program.isWhole, "needs the program as it ships: $PAIR_AUTHKEYS"))
    func memory() async throws {
        let host = try Host.atAnyTime()
        // The least memory with which a login is served, and from there down to where not even the loader is content: that
        // ends with a status of its own, before anything of the program has run.
        let script = """
            least=0 most=400000
            while [ $((most - least)) -gt 8 ]; do
                size=$(((least + most) / 2))
                if (ulimit -v $size; "$@") 2>/dev/null | grep -q ^restrict; then most=$size; else least=$size; fi
            done
            exec 3>&1
            size=$most
            while [ $size -gt $((most - 800)) ]; do
                size=$((size - 8))
                said=$( (ulimit -v $size; exec "$@") 2>&1 >&3; echo "status $?")
                case $said in
                *"loading shared libraries"* | *"cannot allocate TLS"*) ;;
                *"an internal fault"*) echo "caught ${said##*status }" ;;
                *) echo "ended ${said##*status }" ;;
                esac
            done
            """
        let run = try await host.run(under: ["sh", "-c", script, "sh"], try host.question)
        let outcomes = run.output.split(separator: "\n").filter { !$0.hasPrefix("restrict,") }
        #expect(Set(outcomes).isSubset(of: ["caught 0", "ended 0"]), "\(run)")
        #expect(outcomes.count { $0 == "caught 0" } >= 3, "\(run)")
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
