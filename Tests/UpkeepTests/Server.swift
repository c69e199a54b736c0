// Starts server.py once for all tests that fetch.

import Encodings
import Foundation
import HTTP
import Testing

/// The providers of server.py while they run.
struct Server: Codable, Sendable {
    let port: UInt16
    /// The port of a proxy that leads every name to the server.
    let proxy: UInt16
    /// The CA that signed the server's certificate.
    let ca: String

    @TaskLocal static var running: Server?

    static var current: Server {
        get throws { try #require(running) }
    }

    var origin: String { "https://localhost:\(port)" }

    func client(timeout: Int64 = 20) -> HTTPClient {
        HTTPClient(userAgent: "pair/test", caFile: ca, timeout: Seconds(timeout))
    }

    func address(_ path: String) throws -> WebAddress { try WebAddress(Text(origin + path)) }

    /// What came to the provider called `name`, in order.
    func requests(of name: String) async throws -> [Request] {
        let response = try await client().send(.get(address("/requests/\(name)")))
        return try JSONDecoder().decode([Request].self, from: Data(response.body))
    }

    /// Has the provider called `name` behave so from now on.
    func set(_ name: String, _ settings: [String: String]) async throws {
        let address = try address("/control/\(name)").adding(settings.map { ($0.key, $0.value) })
        try #require(try await client().send(.get(address)).status == 200)
    }

    struct Request: Decodable, Equatable, Sendable {
        /// `document` or `keys`.
        let what: String
        let headers: [String: String]
    }
}

/// Runs the server around a whole suite.
struct ServerTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-upkeep-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("server.py")

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // Foundation starts programs with all signals blocked when it is called off the main thread.
        process.arguments = ["--default-signal", "python3", script.path, folder.path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
            // Kept open until here: the server ends by itself where this process dies before it.
            try? input.fileHandleForWriting.close()
        }
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { throw ServerFailed() }
            line += part
        }
        let server = try JSONDecoder().decode(Server.self, from: line)
        try await Server.$running.withValue(server) { try await function() }
    }
}

struct ServerFailed: Error {}

extension Trait where Self == ServerTrait {
    static var server: ServerTrait { ServerTrait() }
}
