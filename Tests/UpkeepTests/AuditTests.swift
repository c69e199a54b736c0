import Foundation
import Testing

/// What journald keeps of logins, and sends on with the configuration that the package brings for it.
@Suite("records in the journal") struct AuditTests {
    @Test(
        "the journal has each record as the log has it, says whose it is, and is sent on without loss", .booting,
        .withJournalRemote)
    func journal() async throws {
        let tree = try BootTree()
        let fixture = "\(Program.repository)/Fixtures/ok-opkssh-certificate"
        try tree.copy("\(fixture)/key.pub", to: "mnt/key.pub")
        try tree.copy("\(fixture)/members", to: "etc/pair/members")
        try tree.copy("\(fixture)/keysets/example.json", to: "var/cache/pair/keysets/example.json")
        for name in ["journal-upload.conf", "journal-upload-restart.conf", "journal-remote.conf", "10-pair.conf"] {
            try tree.copy("\(Program.repository)/scripts/package.d/examples/\(name)", to: "mnt/\(name)")
        }
        let run = try await tree.boot("boot-journal")
        #expect(run.description == "status 0\n\(Self.expected)\n")
    }

    /// What boot-journal tells.
    private static let expected = """
        accept accepted on web1
        refuse login-not-granted on web1
        the journal has what the log has
        3 say that they are pair-authkeys
        pair-authkeys facility 10 priority 6 on web1 of _pair
        pair-authkeys facility 10 priority 6 on web1 of _pair
        2 connections, as sshd has it: True
        deploy 2
        deploy 2
        they are elsewhere, too
        forty more, and nobody takes them: 6 there
        now they are

        """
}

extension Trait where Self == ConditionTrait {
    /// Leaves a test out where no journal can be sent on; not under CI.
    static var withJournalRemote: Self {
        let isThere = FileManager.default.fileExists(atPath: "/usr/lib/systemd/systemd-journal-remote")
        return .enabled(if: isThere || mustRun, "needs systemd-journal-remote: scripts/install-deps audit")
    }
}
