// Starts token_server.py once for all tests of the token endpoint.

import Discovery
import Encodings
import Foundation
import HTTP
import SignIn
import Testing

/// The server of token_server.py while it runs.
struct TokenServer: Sendable {
    let port: UInt16

    @TaskLocal static var running: TokenServer?

    static var current: TokenServer {
        get throws { try #require(running) }
    }

    func address(_ path: String, id: String) throws -> WebAddress {
        try WebAddress(Text("http://127.0.0.1:\(port)/\(path)")).adding([("id", id)])
    }

    static func client(timeout: Int64 = 20) -> HTTPClient {
        HTTPClient(userAgent: "pair/test", timeout: Seconds(timeout), maximumBody: 20_000)
    }

    /// What came to the endpoint with that id, each request's fields sorted and without `Host`, which has the port.
    func received(_ id: String) async throws -> [Received] {
        let body = try await TokenServer.client().send(.get(address("received", id: id))).body
        return try JSONDecoder().decode([Received].self, from: Data(body)).map { request in
            Received(fields: request.fields.filter { !$0.hasPrefix("Host:") }.sorted(), body: request.body)
        }
    }

    struct Received: Decodable, Equatable {
        let fields: [String]
        let body: String
    }
}

/// What the endpoint answers to anything.
struct Answer: Sendable {
    /// Everything, from the status line on; `nil` for never.
    let raw: [UInt8]?

    init(raw: String?) { self.raw = raw.map { Array($0.utf8) } }

    init(_ status: Int = 200, _ body: some Sequence<UInt8>, type: String = "application/json") {
        let body = Array(body)
        let head = "HTTP/1.1 \(status) X\r\nContent-Length: \(body.count)\r\nContent-Type: \(type)\r\n\r\n"
        raw = Array(head.utf8) + body
    }

    init(_ status: Int = 200, _ body: String, type: String = "application/json") {
        self.init(status, body.utf8, type: type)
    }
}

/// A provider whose token endpoint gives one answer.
struct FakeProvider {
    static let issuer: Text = "https://idp.example"
    /// An endpoint on this machine is of an issuer on it.
    static let localIssuer: Text = "http://127.0.0.1"
    let id = String(UInt64.random(in: .min ... .max))
    let metadata: ProviderMetadata

    init(_ answer: Answer, authMethods: [String]? = nil) async throws {
        let server = try TokenServer.current
        let endpoint = try server.address("token", id: id)
        metadata = try FakeProvider.metadata(
            issuer: FakeProvider.localIssuer, tokenEndpoint: endpoint.description, authMethods: authMethods)
        guard let raw = answer.raw else { return }
        let request = HTTPRequest.post(try server.address("prepare", id: id), form: [("raw", hex(raw))])
        try #require(try await TokenServer.client().send(request).isSuccess)
    }

    static func metadata(
        issuer: Text = FakeProvider.issuer, authorizationEndpoint: String = "https://idp.example/authorize",
        tokenEndpoint: String = "https://idp.example/token", scopes: [String]? = nil, sendsIssuer: Bool? = nil,
        authMethods: [String]? = nil
    ) throws -> ProviderMetadata {
        var document = JSON.Object()
        document.add("issuer", .string(issuer))
        document.add("authorization_endpoint", authorizationEndpoint)
        document.add("token_endpoint", tokenEndpoint)
        document.add("jwks_uri", "https://idp.example/keys")
        document.add("response_types_supported", .array([.string("code")]))
        document.add("subject_types_supported", .array([.string("public")]))
        document.add("id_token_signing_alg_values_supported", .array([.string("RS256")]))
        if let scopes { document.add("scopes_supported", .array(scopes.map { .string(Text($0)) })) }
        if let sendsIssuer { document.add("authorization_response_iss_parameter_supported", .bool(sendsIssuer)) }
        if let authMethods {
            document.add("token_endpoint_auth_methods_supported", .array(authMethods.map { .string(Text($0)) }))
        }
        return try ProviderMetadata(parsing: JSON.object(document).encoded, issuer: issuer)
    }

    static func registration(
        clientID: Text = "client 1", secret: Text? = nil, scopes: [Text]? = nil, parameters: [Parameter] = []
    ) -> ClientRegistration {
        ClientRegistration(
            name: "example", issuer: issuer, clientID: clientID, clientSecret: secret, scopes: scopes,
            parameters: parameters)
    }
}

/// Runs the server around a whole suite.
struct TokenServerTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("token_server.py")
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
            try #require(!part.isEmpty)
            line += part
        }
        let port = try #require(UInt16(String(decoding: line.dropLast(), as: UTF8.self)))
        try await TokenServer.$running.withValue(TokenServer(port: port)) { try await function() }
    }
}

extension Trait where Self == TokenServerTrait {
    static var tokenServer: TokenServerTrait { TokenServerTrait() }
}
