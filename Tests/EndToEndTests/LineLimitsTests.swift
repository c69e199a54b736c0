// What a grant's options on the printed line mean to a real sshd.

import Testing

extension EndToEnd {
    @Suite("a grant's limits")
    struct LineLimits {
        let lab: Lab

        init() async throws {
            lab = try #require(Lab.current)
        }

        /// Logs alice in under a grant with these options.
        func login(
            granted options: String, ssh: [String] = [], running command: String = "id -un"
        ) async throws -> Login {
            try await lab.configure(members: ["lab alice@example.org lab \(lab.alice) \(options)"])
            let keys = try await lab.signIn("alice")
            return try await lab.login(with: keys, as: lab.alice, options: ssh, running: command)
        }

        @Test("without any, a terminal and forwarding are there")
        func none() async throws {
            let terminal = try await login(granted: "", ssh: ["-tt"], running: "tty")
            #expect(terminal.ssh.output.hasPrefix("/dev/pts/"), "\(terminal)")
            let forwarding = try await login(granted: "", ssh: EndToEnd.LineLimits.forwarding)
            #expect(forwarding.isIn, "\(forwarding)")
        }

        @Test("no-pty gives no terminal")
        func noPTY() async throws {
            let login = try await login(granted: "no-pty", ssh: ["-tt"], running: "tty")
            #expect(!login.isIn, "\(login)")  // ssh -tt insists
            #expect(login.ssh.error.contains("PTY allocation request failed"), "\(login)")
        }

        /// Asks sshd to listen for us on any loopback port; ssh gives up if it may not.
        static let forwarding = ["-R", "127.0.0.1:0:127.0.0.1:9", "-o", "ExitOnForwardFailure=yes"]

        @Test("no-port-forwarding forwards no port")
        func noPortForwarding() async throws {
            let login = try await login(granted: "no-port-forwarding", ssh: EndToEnd.LineLimits.forwarding)
            #expect(login.ssh.status == 255, "\(login)")
            #expect(login.ssh.error.contains("remote port forwarding failed"), "\(login)")
            #expect(login.reasons == ["accepted"], "\(login)")
        }

        @Test("command runs in place of what was asked for")
        func command() async throws {
            let login = try await login(granted: #"command="echo granted: $SSH_ORIGINAL_COMMAND""#, running: "id -un")
            #expect(login.ssh.output == "granted: id -un\n", "\(login)")
        }

        @Test("from lets in from there and from nowhere else")
        func from() async throws {
            let here = try await login(granted: #"from="10.0.0.0/8,127.0.0.1""#)
            #expect(here.isIn, "\(here)")
            let elsewhere = try await login(granted: #"from="10.0.0.0/8""#)
            #expect(elsewhere.isRefused, "\(elsewhere)")
            #expect(elsewhere.reasons == ["accepted"], "\(elsewhere)")  // from is sshd's to enforce
        }
    }
}
