// A host with pair on it, to be run under a systemd of its own (Tests/Lab/boot).

import Foundation
import Glibc
import Testing

/// What is laid over this machine's files; removed with the value.
final class BootTree: Sendable {
    static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-tree-\(UUID())")

    /// Both programs, their user and folders.
    init() throws {
        for (name, variable) in [("pair", "PAIR"), ("pair-authkeys", "PAIR_AUTHKEYS")] {
            let path = ProcessInfo.processInfo.environment[variable] ?? Program.built(name)
            try copy(path, to: "usr/bin/\(name)", mode: 0o755)
        }
        for name in ["sysusers", "tmpfiles"] {
            try copy("\(Program.repository)/scripts/package.d/debian/pair.\(name)", to: "usr/lib/\(name).d/pair.conf")
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func copy(_ source: String, to target: String, mode: Int = 0o644) throws {
        let target = folder.appendingPathComponent(target)
        try FileManager.default.createDirectory(
            at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: source, toPath: target.path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: target.path)
    }

    /// Runs a script of this folder there.
    func boot(_ script: String) async throws -> Run {
        let run = try await Program.run([
            "\(Program.repository)/Tests/Lab/boot", folder.path, "\(Self.tests)/\(script)",
        ])
        return withExtendedLifetime(self) { run }
    }
}

extension Trait where Self == ConditionTrait {
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
