import Encodings
import HTTP
import Testing

extension HTTPClientTests {
    @Suite struct Refusals {
        static let malformed = [
            ("X", ""), ("X", "a\r\nY: b"), ("X", "a\u{0}b"), ("X", " a"), ("X", "a "), ("X", "\u{7F}"), ("", "a"),
            ("X Y", "a"),
            ("X:", "a"), ("X\n", "a"),
        ]

        @Test("a header that could become two is not sent, nor its value shown", arguments: malformed)
        func headers(_ name: String, _ value: String) async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http"), headers: [name: value])
            #expect(await failure(of: request, by: server.client()) == .headerMalformed(name))
        }

        @Test("a body is taken up to its cap")
        func exactBody() async throws {
            let server = try Server.current
            let client = server.client(maximumBody: 1000)
            #expect(try await client.send(.get(server.address("http", "/sized?count=1000"))).body.count == 1000)
            let larger = HTTPRequest.get(try server.address("http", "/sized?count=1001"))
            #expect(await failure(of: larger, by: client) == .tooLarge(limit: 1000))
        }

        @Test("a body without end is left at its cap", arguments: ["http", "https"])
        func endlessBody(_ scheme: String) async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address(scheme, "/endless"))
            #expect(await failure(of: request, by: server.client(maximumBody: 500)) == .tooLarge(limit: 500))
            let post = HTTPRequest.post(try server.address(scheme, "/endless"), form: [])
            #expect(await failure(of: post, by: server.client(maximumBody: 500)) == .tooLarge(limit: 500))
        }

        @Test("a header without end is left at its cap", arguments: ["endless_header", "endless_interim"])
        func endlessHeader(_ path: String) async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", "/\(path)"))
            #expect(await failure(of: request, by: server.client()) == .headerTooLarge(limit: 65536))
        }

        @Test("a compressed body is refused")
        func compressed() async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", "/packed"))
            #expect(await failure(of: request, by: server.client()) == .encoded("gzip"))
        }

        static let brokenOff = [
            ("http", "truncated"), ("https", "truncated"), ("http", "truncated_chunk"), ("https", "truncated_chunk"),
            ("http", "closed"), ("https", "closed"), ("http", "reset"), ("https", "reset"),
        ]

        @Test("an answer that is not whole is none", arguments: brokenOff)
        func cutShort(_ scheme: String, _ path: String) async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address(scheme, "/\(path)"))
            #expect(await failure(of: request, by: server.client())?.kind == .closedEarly(detail: ""))
        }

        @Test("a server that goes while it is sent to ends the request, not the program", arguments: ["http", "https"])
        func goneWhileSending(_ scheme: String) async throws {
            let server = try Server.current
            let form = [("a", String(repeating: "x", count: 8_000_000))]
            let request = HTTPRequest.post(try server.address(scheme, "/reset"), form: form)
            #expect(await failure(of: request, by: server.client())?.kind == .closedEarly(detail: ""))
        }

        @Test("what answers otherwise is no HTTP server", arguments: ["old", "ssh", "no_colon"])
        func notHTTP(_ path: String) async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", "/\(path)"))
            #expect(await failure(of: request, by: server.client())?.kind == .notHTTP(detail: ""))
        }

        @Test("a slow answer ends at the time-out", .timeLimit(.minutes(1)), arguments: ["silent", "trickle"])
        func slowAnswer(_ path: String) async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("https", "/\(path)"))
            let client = server.client(timeout: 1, maximumBody: 1_000_000)
            #expect(await failure(of: request, by: client) == .timedOut(.answering, after: Seconds(1)))
        }

        @Test(
            "a connection that is not made ends at its own time-out", .timeLimit(.minutes(1)),
            arguments: ["full", "mute"])
        func slowConnection(_ name: String) async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address(name))
            let failure = await failure(of: request, by: server.client(connectTimeout: 1))
            #expect(failure == .timedOut(.connecting, after: Seconds(1)))
        }

        @Test("nobody there is said with host and port")
        func nobodyThere() async throws {
            let server = try Server.current
            let address = try server.address("unused", "/keys?secret=1")
            let error = await #expect(throws: HTTPError.self) { try await server.client().send(.get(address)) }
            let port = address.port
            #expect(
                error?.description.hasPrefix(
                    "https://127.0.0.1:\(port)/keys: could not connect: \"Failed to connect to 127.0.0.1 port \(port)")
                    == true)
            #expect(error?.description.contains("secret") == false)
            #expect(error?.advice == "Start the server on port \(port).")
        }
    }
}
