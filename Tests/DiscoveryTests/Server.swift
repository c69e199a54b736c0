// Starts server.py once for all tests that fetch.

import Encodings
import Foundation
import HTTP
import Testing

@testable import Discovery

/// The server of server.py while it runs.
struct Server: Sendable {
    let port: UInt16
    let client = HTTPClient(userAgent: "pair/test", caFile: nil)

    @TaskLocal static var running: Server?

    static var current: Server {
        get throws { try #require(running) }
    }

    var origin: String { "http://127.0.0.1:\(port)" }

    /// The issuer called `name`.
    func issuer(_ name: String) -> Text { Text("\(origin)/\(name)") }

    func address(_ path: String) throws -> WebAddress { try WebAddress(Text(origin + path)) }

    /// Where the document of the issuer called `name` is.
    func document(_ name: String) throws -> WebAddress { try address("/\(name)/.well-known/openid-configuration") }

    /// A provider whose key set is the one called `name`.
    func metadata(keys name: String) throws -> ProviderMetadata {
        let (issuer, origin) = ("https://idp.example", origin)
        let text = #"""
            {"issuer":"http://localhost","authorization_endpoint":"\#(issuer)/authorize",
            "token_endpoint":"\#(issuer)/token","jwks_uri":"\#(origin)/keys/\#(name)"}
            """#
        return try ProviderMetadata(parsing: Array(text.utf8), issuer: "http://localhost")
    }
}

/// Runs the server around a whole suite.
struct ServerTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("server.py")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // Foundation starts programs with all signals blocked when it is called off the main thread.
        process.arguments = ["--default-signal", "python3", script.path]
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
        guard let port = UInt16(String(decoding: line.dropLast(), as: UTF8.self)) else { throw ServerFailed() }
        try await Server.$running.withValue(Server(port: port)) { try await function() }
    }
}

struct ServerFailed: Error {}

extension Trait where Self == ServerTrait {
    static var server: ServerTrait { ServerTrait() }
}
