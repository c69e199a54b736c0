// Starts gateway.py once for all tests of members that say what they are told to say.

import Encodings
import Foundation
import HTTP
import Synchronization
import Testing

@testable import Etcd

/// The members of gateway.py while it runs.
final class Gateways: Sendable {
    @TaskLocal static var running: Gateways?

    private let pipe: Mutex<CommandPipe>

    fileprivate init(pipe: CommandPipe) { self.pipe = Mutex(pipe) }

    fileprivate func order(_ order: [String: any Sendable]) throws -> Data {
        let line = String(decoding: try JSONSerialization.data(withJSONObject: order), as: UTF8.self)
        return Data(try pipe.withLock { try $0.order(line) }.utf8)
    }
}

/// What a member answers.
struct Answer {
    fileprivate let object: [String: any Sendable]

    static func says(_ body: String, status: Int = 200) -> Answer { Answer(object: ["body": body, "status": status]) }

    /// With @KEY@ for another key each time, behind `prefix`.
    static func counts(_ body: String, _ prefix: String) -> Answer { Answer(object: ["body": body, "key": prefix]) }

    /// A watch's lines; then it holds the connection.
    static func watch(_ lines: String...) -> Answer { Answer(object: ["lines": lines]) }

    /// Closes the connection without a word.
    static var closes: Answer { Answer(object: ["close": true]) }

    /// Says nothing, and holds the connection.
    static var holds: Answer { Answer(object: ["hold": true]) }

    /// So many bytes at a time, a hundred times a second.
    static func drips(_ body: String, _ count: Int) -> Answer { Answer(object: ["body": body, "drip": count]) }

    static func token(_ token: String) -> Answer { says(#"{"token":"\#(token)"}"#) }

    static let refusesToken = says(#"{"code":16,"message":"etcdserver: invalid auth token"}"#, status: 401)

    /// A policy of the key `/pair/policy`, as etcd shows it.
    static func policy(_ text: String, revision: Int64, cluster: Int = 1) -> Answer {
        says(#"{"header":{"cluster_id":"\#(cluster)","revision":"\#(revision)"},"kvs":[\#(pair(text, revision))]}"#)
    }

    static func pair(_ text: String, _ revision: Int64) -> String {
        let (key, value) = (Base64.standard.encode("/pair/policy".utf8), Base64.standard.encode(text.utf8))
        return #"{"key":"\#(key)","mod_revision":"\#(revision)","value":"\#(value)"}"#
    }

    static func event(_ text: String, _ revision: Int64) -> String {
        #"{"result":{"header":{"revision":"\#(revision)"},"events":[{"kv":\#(pair(text, revision))}]}}"#
    }

    static let began = #"{"result":{"header":{"revision":"1"},"created":true}}"#
}

/// A member that says what it is told to say.
struct HostileMember: Sendable {
    let port: Int
    private let gateways: Gateways

    init() throws {
        gateways = try #require(Gateways.running)
        port = try JSONDecoder().decode(Int.self, from: gateways.order(["do": "member"]))
    }

    var address: WebAddress {
        get throws { try WebAddress(Text("http://127.0.0.1:\(port)")) }
    }

    func says(_ method: EtcdMethod, _ answers: Answer...) throws {
        _ = try gateways.order([
            "do": "say", "port": port, "path": "\(method.path)", "answers": answers.map(\.object),
        ])
    }

    func push(_ line: String) throws { _ = try gateways.order(["do": "push", "port": port, "line": line]) }

    func waits(for count: Int, of method: EtcdMethod) throws {
        _ = try gateways.order(["do": "wait", "port": port, "path": "\(method.path)", "count": count])
    }

    struct Request: Decodable {
        let path: String
        let token: String?
        let body: String

        init(from decoder: any Decoder) throws {
            var parts = try decoder.unkeyedContainer()
            path = try parts.decode(String.self)
            token = try parts.decodeIfPresent(String.self)
            body = try parts.decode(String.self)
        }
    }

    func requests(of method: EtcdMethod) throws -> [Request] {
        try JSONDecoder().decode([Request].self, from: gateways.order(["do": "requests", "port": port]))
            .filter { $0.path == "\(method.path)" }
    }
}

/// A client that asks these members, the first one first.
func client(of members: HostileMember..., user: Bool = false, timeout: Int64 = 5) throws -> EtcdClient {
    var settings = EtcdSettings(members: try members.map { try $0.address }, userAgent: "pair/test")
    if user { settings.credentials = EtcdCredentials(user: "host-web1", password: "correct horse battery") }
    settings.memberTimeout = Seconds(timeout)
    return EtcdClient(settings, random: { 0 })
}

/// Runs the members around a whole suite.
struct GatewayTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("gateway.py")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // Foundation starts programs with all signals blocked when it is called off the main thread.
        process.arguments = ["--default-signal", "python3", script.path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            // It ends where its standard input does.
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        let gateways = Gateways(pipe: CommandPipe(input.fileHandleForWriting, output.fileHandleForReading))
        try await Gateways.$running.withValue(gateways) { try await function() }
    }
}

extension Trait where Self == GatewayTrait {
    static var gateways: GatewayTrait { GatewayTrait() }
}
