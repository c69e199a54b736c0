// Starts cluster.py once for all tests of a real cluster.

import Encodings
import Foundation
import HTTP
import Synchronization
import Testing

@testable import Etcd

/// The cluster of cluster.py while it runs.
final class Cluster: Sendable {
    private struct Told: Codable, Sendable {
        let members: [String: String]
        let ca: String
        let otherCA: String
        let user: String
        let password: String
        let withoutWatch: String
    }

    @TaskLocal static var running: Cluster?

    static var current: Cluster {
        get throws { try #require(running) }
    }

    /// By name.
    let members: [String: WebAddress]
    /// A proxy that knows nothing of watches.
    let withoutWatch: WebAddress
    let root: EtcdCredentials
    private let told: Told
    private let pipe: Mutex<CommandPipe>

    fileprivate init(pipe: consuming CommandPipe) throws {
        told = try JSONDecoder().decode(Told.self, from: pipe.line())
        members = try told.members.mapValues { try WebAddress(Text($0)) }
        withoutWatch = try WebAddress(Text(told.withoutWatch))
        root = EtcdCredentials(user: told.user, password: told.password)
        self.pipe = Mutex(pipe)
    }

    var ca: String { told.ca }
    var otherCA: String { told.otherCA }

    /// Has cluster.py do something; for its answer.
    @discardableResult
    func order(_ command: String) throws -> String {
        try pipe.withLock { try $0.order(command) }
    }

    /// A client of all members, or of those named.
    func client(
        of names: [String] = ["a", "b", "c"], as credentials: EtcdCredentials? = nil, timeout: Int64 = 5
    ) throws -> EtcdClient {
        var settings = EtcdSettings(
            members: try names.map { try #require(members[$0]) }, caFile: ca, credentials: credentials ?? root,
            userAgent: "pair/test")
        settings.memberTimeout = Seconds(timeout)
        return EtcdClient(settings)
    }

    /// The name of a member.
    func name(of member: WebAddress) -> String? { members.first { $0.value == member }?.key }

    /// Runs a script for sh with etcdctl set up to be root's.
    @discardableResult
    func etcdctl(_ script: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["--default-signal", "sh", "-ec", script]
        process.environment = [
            "PATH": "/usr/bin:/bin", "ETCDCTL_API": "3", "ETCDCTL_CACERT": ca,
            "ETCDCTL_ENDPOINTS": members.values.map(\.origin).joined(separator: ","),
            "ETCDCTL_USER": "\(told.user):\(told.password)",
        ]
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ScriptFailed(script: script, output: text) }
        return text
    }

    /// A prefix of keys that no other test has.
    static func prefix() -> String { "/\(UUID())/" }

    /// Why there can be none here; `nil` where there can.
    static let obstacle: String? = {
        let missing = ["etcd", "etcdctl"].filter { !FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }
        return missing.isEmpty ? nil : "\(missing.joined(separator: " and ")) not installed: scripts/install-deps fleet"
    }()

    /// `pair`, as it was built beside the tests, or where `PAIR` names it.
    static let pairProgram: String? = {
        let beside = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("pair").path
        let path = ProcessInfo.processInfo.environment["PAIR"] ?? beside
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    static let mustRun = ProcessInfo.processInfo.environment["CI"] == "true"
}

struct ScriptFailed: Error {
    let script: String
    let output: String
}

struct ClusterFailed: Error {}

/// Lines to a program and back.
struct CommandPipe: Sendable {
    private let input: FileHandle
    private let output: FileHandle

    init(_ input: FileHandle, _ output: FileHandle) {
        self.input = input
        self.output = output
    }

    func line() throws -> Data {
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            guard let part = try output.read(upToCount: 1), !part.isEmpty else { throw ClusterFailed() }
            line += part
        }
        return line
    }

    func order(_ command: String) throws -> String {
        try input.write(contentsOf: Data((command + "\n").utf8))
        return String(decoding: try line().dropLast(), as: UTF8.self)
    }
}

/// Runs the cluster around a whole suite.
struct ClusterTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-etcd-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("cluster.py")

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // Foundation starts programs with all signals blocked when it is called off the main thread.
        process.arguments = ["--default-signal", "python3", script.path, folder.path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            // The members end with the script, and that where its standard input does.
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        let cluster = try Cluster(pipe: CommandPipe(input.fileHandleForWriting, output.fileHandleForReading))
        try await Cluster.$running.withValue(cluster) { try await function() }
    }
}

extension Trait where Self == ClusterTrait {
    static var cluster: ClusterTrait { ClusterTrait() }
}

extension Trait where Self == ConditionTrait {
    /// Leaves a suite out where there is no etcd; not under CI, where there must be.
    static var whereEtcdIs: Self {
        .enabled(if: Cluster.obstacle == nil || Cluster.mustRun, "\(Cluster.obstacle ?? "etcd is installed")")
    }
}

/// From now.
func seconds(_ count: Int64) -> ContinuousClock.Instant { .now + .seconds(count) }

/// What a call throws, `nil` where it does not.
func refusal(_ call: () async throws(EtcdError) -> Void) async -> EtcdRefusal? {
    do throws(EtcdError) {
        try await call()
        return nil
    } catch {
        guard case .refused(let refusal, _) = error else {
            Issue.record("\(error)")
            return nil
        }
        return refusal
    }
}
