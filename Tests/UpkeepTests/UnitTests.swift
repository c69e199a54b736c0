import Foundation
import Glibc
import Testing

/// The units and snippets of the package.
@Suite("systemd units") struct UnitTests {
    private static let folder = "\(Program.repository)/scripts/package.d/debian"
    private static let units = [
        "pair-refresh.service", "pair-refresh.timer", "pair-refresh.path", "pair-policy-watch.service",
        "pair-doctor.service", "pair-doctor.timer",
    ]

    /// The units in a folder of their own, with the built pair as the program.
    private func copies() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-units-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in Self.units {
            let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
            try text.replacingOccurrences(of: "/usr/bin/pair ", with: "\(Program.built("pair")) ")
                .write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        return folder
    }

    @Test("systemd finds nothing wrong with them", .withSystemd)
    func verify() async throws {
        let folder = try copies()
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = try await Program.run(
            ["systemd-analyze", "verify", "--man=no"] + Self.units.map { folder.appendingPathComponent($0).path })
        #expect(run.description == "status 0\n\n")
    }

    @Test(
        "a service is exposed by 2.0 at most", .withSystemd,
        arguments: ["pair-refresh.service", "pair-policy-watch.service"])
    func security(_ unit: String) async throws {
        let folder = try copies()
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = try await Program.run([
            "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20",
            folder.appendingPathComponent(unit).path,
        ])
        #expect(run.status == 0, "\(run)")
        print(run.output.split(separator: "\n").last { $0.contains("Overall") } ?? "")
    }

    @Test("under systemd a login that misses a key has it fetched, in the sandbox, and is let in", .booting)
    func boots() async throws {
        let tree = try BootTree()
        for name in Self.units { try tree.copy("\(Self.folder)/\(name)", to: "etc/systemd/system/\(name)") }
        let fixture = "\(Program.repository)/Fixtures/ok-opkssh-certificate"
        try tree.copy("\(BootTree.tests)/server.py", to: "mnt/server.py")
        try tree.copy("\(fixture)/key.pub", to: "mnt/key.pub")
        try tree.copy("\(fixture)/members", to: "etc/pair/members")
        try tree.copy("\(fixture)/keysets/example.json", to: "mnt/keys.json")
        let run = try await tree.boot("boot-refresh")
        #expect(run.description == "status 0\n\(Self.expected)\n")
    }

    /// What boot-refresh tells.
    static let expected = """
        refuse keyset-missing
        asked 1
        root 644 /var/cache/pair/keysets/example.json
        accept accepted
        once more: activating, asked 1
        whoever is _pair may do no more with the file
        thirty times opened for writing: pair-refresh.path active, asked 2
        a provider in trouble: failed
        pair: example: https://login.example.com/.well-known/openid-configuration: a discovery document expected, status 500 found: "database"
        Try again later: the server at login.example.com is in trouble.
        No key set of example counts: there is no key set. Nobody there can log in until one is fetched.
        refuse policy-missing
        root 755 /var/lib/pair
        root 644 /var/lib/pair/policy
        accept accepted
        doctor: ok: the policy in etcd is not followed, what is published comes with the next refresh only; pair-policy-watch.service would follow it
        a watch: active
        doctor: ok: pair-policy-watch.service follows the policy in etcd
        refuse not-a-member
        stopped: success
        doctor: policy-watch-stopped: pair-policy-watch.service is enabled, and does not run
        doctor: policy-watch-unused: pair-policy-watch.service is on, and pair.toml has no etcd in [policy_source] to follow
        doctor: policy-watch-failed: pair-policy-watch.service has failed (status 3)
        its last word: "pair: /etc/pair/pair.toml: etcd in [policy_source] expected, which is followed"

        """
}

extension Trait where Self == ConditionTrait {
    static var mustRun: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

    /// Leaves a test out where there is no systemd to look at units; not under CI.
    static var withSystemd: Self {
        let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze")
        if !isThere { print("tests of units are skipped: they need systemd-analyze") }
        return .enabled(if: isThere || mustRun, "needs systemd-analyze")
    }
}
