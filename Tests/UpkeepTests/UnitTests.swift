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
        let tree = FileManager.default.temporaryDirectory.appendingPathComponent("pair-tree-\(UUID())")
        defer { try? FileManager.default.removeItem(at: tree) }
        func copy(_ source: String, to target: String, mode: Int = 0o644) throws {
            let target = tree.appendingPathComponent(target)
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: source, toPath: target.path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: target.path)
        }
        for (name, variable) in [("pair", "PAIR"), ("pair-authkeys", "PAIR_AUTHKEYS")] {
            let path = ProcessInfo.processInfo.environment[variable] ?? Program.built(name)
            try copy(path, to: "usr/bin/\(name)", mode: 0o755)
        }
        for name in Self.units { try copy("\(Self.folder)/\(name)", to: "etc/systemd/system/\(name)") }
        for name in ["sysusers", "tmpfiles"] {
            try copy("\(Self.folder)/pair.\(name)", to: "usr/lib/\(name).d/pair.conf")
        }
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let fixture = "\(Program.repository)/Fixtures/ok-opkssh-certificate"
        try copy("\(tests)/server.py", to: "mnt/server.py")
        try copy("\(fixture)/key.pub", to: "mnt/key.pub")
        try copy("\(fixture)/members", to: "etc/pair/members")
        try copy("\(fixture)/keysets/example.json", to: "mnt/keys.json")
        let run = try await Program.run(["\(Program.repository)/Tests/Lab/boot", tree.path, "\(tests)/boot-refresh"])
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
        a watch: active
        refuse not-a-member
        stopped: success

        """
}

extension Trait where Self == ConditionTrait {
    private static var mustRun: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

    /// Leaves a test out where there is no systemd to look at units; not under CI.
    static var withSystemd: Self {
        let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze")
        if !isThere { print("tests of units are skipped: they need systemd-analyze") }
        return .enabled(if: isThere || mustRun, "needs systemd-analyze")
    }

    /// Leaves a test out where systemd cannot be booted; under CI only where the machine lets nobody make namespaces.
    static var booting: Self {
        let isThere = FileManager.default.isExecutableFile(atPath: "/usr/lib/systemd/systemd") && geteuid() == 0
        let reason = "needs systemd, root, and namespaces with a cgroup file system"
        guard isThere, allowsNamespaces else {
            print("the test under systemd is skipped: it \(reason)")
            return .enabled(if: !isThere && mustRun, Comment(rawValue: reason))
        }
        return .enabled(if: true)
    }
}

private let allowsNamespaces: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = [
        "--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup", "sh", "-c",
        "mount -t tmpfs tmpfs /mnt && mount -t cgroup2 cgroup2 /mnt",
    ]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()
