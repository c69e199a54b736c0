// Starts server.py once for all tests of the client.

import Encodings
import Foundation
import HTTP
import Testing

/// The servers of server.py while they run.
struct Server: Codable, Sendable {
    let ports: [String: UInt16]
    /// The CA that signed the certificates of all the https servers.
    let ca: String

    @TaskLocal static var running: Server?

    static var current: Server {
        get throws { try #require(running) }
    }

    /// An address at the server called `name`.
    func address(_ name: String, _ target: String = "/ok", host: String = "127.0.0.1") throws -> WebAddress {
        let scheme = name.hasPrefix("http") && name != "https" ? "http" : "https"
        return try WebAddress(Text("\(scheme)://\(host):\(port(name))\(target)"))
    }

    func port(_ name: String) throws -> UInt16 { try #require(ports[name]) }

    /// A file of the servers'.
    func path(_ name: String) -> String { String(ca.dropLast("ca.pem".count)) + name }

    /// A client that trusts the servers' CA alone.
    func client(timeout: Int64 = 20, connectTimeout: Int64 = 20, maximumBody: Int = 10_000) -> HTTPClient {
        HTTPClient(
            userAgent: "pair/test", caFile: ca, timeout: Seconds(timeout), connectTimeout: Seconds(connectTimeout),
            maximumBody: maximumBody)
    }
}

/// Runs the servers around a whole suite.
struct ServerTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-http-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("server.py")

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // Foundation starts programs with all signals blocked when it is called off the main thread.
        process.arguments = ["--default-signal", "python3", "-W", "ignore", script.path, folder.path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
            // Kept open until here: the servers end by themselves where this process dies before them.
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

/// What `/echo` says that it was sent.
struct Echo: Decodable {
    let method: String
    let target: String
    let headers: [String: [String]]
    let body: String
    /// The port that it came from.
    let peer: UInt16

    init(_ response: HTTPResponse) throws {
        self = try JSONDecoder().decode(Echo.self, from: Data(response.body))
    }
}

/// What the client throws for `request`, `nil` where it gets an answer.
func failure(of request: HTTPRequest, by client: HTTPClient) async -> HTTPFailure? {
    do throws(HTTPError) {
        _ = try await client.send(request)
        return nil
    } catch {
        return error.failure
    }
}

extension HTTPFailure {
    /// The same without libcurl's words, which differ from one version to the next.
    var kind: HTTPFailure {
        switch self {
        case .couldNotResolve: .couldNotResolve(detail: "")
        case .couldNotConnect: .couldNotConnect(detail: "")
        case .certificate(let defect, _): .certificate(defect, detail: "")
        case .tls: .tls(detail: "")
        case .proxy: .proxy(detail: "")
        case .closedEarly: .closedEarly(detail: "")
        case .notHTTP: .notHTTP(detail: "")
        default: self
        }
    }
}
