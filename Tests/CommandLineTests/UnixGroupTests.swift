import Foundation
import Testing

/// `unix-group=` by the host's own NSS, with a module in it (nss_tries.c) that hangs, crashes and fails by name.
@Suite(.onHost, .serialized) struct UnixGroupTests {
    /// A host whose only grant wants alice, or whoever `login` is, in `group`.
    private func host(_ group: String, login: String) async throws -> (host: Host, wrapper: [String]) {
        let host = try Host.atAnyTime()
        try host.write("pair.toml", "unix_groups = true\n" + host.text("pair.toml"))
        try host.write("members", "build-box  alice@example.com  example  \(login)  unix-group=\"\(group)\"\n")
        try host.write("nsswitch.conf", "passwd: files tries\ngroup: files tries\ninitgroups: files tries\n")
        let source = "\(Program.repository)/Tests/CommandLineTests/nss_tries.c"
        let module = ["-shared", "-fPIC", "-o", host.at("libnss_tries.so.2"), source]
        let compiled = try await Program.run(under: ["cc"], module)
        try #require(compiled.status == 0, "\(compiled)")
        let script = """
            mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf
            export LD_LIBRARY_PATH="$1"
            shift
            exec "$@"
            """
        return (host, ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", host.folder])
    }

    private func question(_ host: Host, login: String) throws -> [String] {
        ["--user", login, "--uid", "4000000", "--key", try host.base64, "--config", host.at("pair.toml")]
    }

    @Test(
        "the login's own directory decides",
        arguments: [
            // By its primary group in files, by the last of 300 groups of a module, and by a group whose entry is large.
            ("root", "root", nil), ("tries-user", "tries group", nil), ("tries-user", "tries-large", nil),
            ("root", "tries group", "unix-group"), ("tries-user", "root", "unix-group"),
            ("root", "pair-no-such-group", "unix-group"), ("tries-nobody", "root", "unix-group"),
            ("tries-user", "tries-crashes", "unix-group-unavailable"),
            ("tries-user", "tries-fails", "unix-group-unavailable"),
        ])
    func answers(_ login: String, _ group: String, _ reason: String?) async throws {
        let (host, wrapper) = try await host(group, login: login)
        let run = try await host.run(under: wrapper, try question(host, login: login))
        #expect(run.status == 0 && run.error.isEmpty, "\(run)")
        let log = try host.text("access.jsonl")
        if let reason {
            #expect(run.output.isEmpty)
            #expect(log.contains("\"reason\":\"\(reason)\""), "\(log)")
        } else {
            #expect(run.output.hasPrefix("restrict,"), "\(run)\n\(log)")
            #expect(log.contains("\"decision\":\"accept\""), "\(log)")
        }
    }

    @Test("a directory that hangs refuses by reason before the deadline, whatever signals it minds, and does not stay")
    func hangs() async throws {
        let (host, wrapper) = try await host("tries-hangs", login: "tries-user")
        let run = try await host.run(under: wrapper, try question(host, login: "tries-user"))
        #expect(run.status == 0 && run.output.isEmpty && run.error.isEmpty, "\(run)")
        let log = try host.text("access.jsonl")
        #expect(log.contains("\"reason\":\"unix-group-unavailable\"") && log.contains("\"sub\":"), "\(log)")
        // Written so that the pattern is not in what looks for it.
        let left = try await Program.run(under: ["pgrep", "-f"], ["config \(host.folder)/[p]air.toml"])
        #expect(left.status == 1, "\(left)")
    }

    @Test("a person who asks is told what to look at")
    func explained() async throws {
        let (host, wrapper) = try await host("tries-fails", login: "tries-user")
        let run = try await host.run(under: wrapper, try question(host, login: "tries-user") + ["--explain"])
        #expect(run.status == 1)
        #expect(
            run.output.hasSuffix(
                """
                refused: unix-group-unavailable: whether the login is in the group "tries-fails" could not be found out: no \
                answer within 4 seconds
                See whether the directory answers: time id LOGIN; and unix_groups in pair.toml.

                """), "\(run)")
    }
}
