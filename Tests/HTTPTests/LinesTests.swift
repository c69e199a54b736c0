import Encodings
import HTTP
import Synchronization
import Testing

extension HTTPClientTests {
    /// Answers that are taken line by line while they come.
    @Suite struct Lines {
        @Test(
            "lines are handed over whole, however they are sent, and empty ones are not", arguments: ["http", "https"])
        func whole(_ scheme: String) async throws {
            let server = try Server.current
            let lines = Collector()
            let request = HTTPRequest.get(try server.address(scheme, "/parts"))
            let response = try await server.client().lines(of: request, upTo: 100) { lines.take($0) }
            #expect(lines.all == ["one", "two", "three", "last"])
            #expect(response.status == 200)
            #expect(response.body.isEmpty)
        }

        @Test("a line is handed over before the next one is sent")
        func atOnce() async throws {
            let server = try Server.current
            let client = server.client()
            let step = HTTPRequest.get(try server.address("http", "/step"))
            _ = try await client.send(step)
            let (taken, continuation) = AsyncStream.makeStream(of: String.self)
            async let ended = client.lines(of: .get(try server.address("http", "/stepwise")), upTo: 100) { line in
                continuation.yield(String(decoding: line, as: UTF8.self))
                return true
            }
            var count = 0
            for await line in taken {
                #expect(line == "line \(count)")
                count += 1
                guard count < 3 else { break }
                _ = try await client.send(step)
            }
            #expect(try await ended.status == 200)
        }

        @Test("a line may be as long as the cap says, and no longer")
        func cap() async throws {
            let server = try Server.current
            let client = server.client()
            let sized = HTTPRequest.get(try server.address("http", "/sized?count=1000"))
            let lines = Collector()
            _ = try await client.lines(of: sized, upTo: 1000) { lines.take($0) }
            #expect(lines.all.map(\.utf8.count) == [1000])
            // Without the cap the next one would not end.
            try #require(await failureOfLines(sized, by: client, upTo: 999) == .tooLarge(limit: 999))
            let endless = HTTPRequest.get(try server.address("https", "/endless"))
            #expect(await failureOfLines(endless, by: client, upTo: 5000) == .tooLarge(limit: 5000))
        }

        @Test("an answer that says failure is a response with its body, and no lines")
        func failure() async throws {
            let server = try Server.current
            let lines = Collector()
            let request = HTTPRequest.post(try server.address("http", "/status?is=503"), json: Array("{}".utf8))
            let response = try await server.client().lines(of: request, upTo: 100) { lines.take($0) }
            #expect(response.status == 503)
            #expect(String(decoding: response.body, as: UTF8.self) == "<html><body>No.</body></html>")
            #expect(lines.all.isEmpty)
            let long = HTTPRequest.get(try server.address("http", "/status?is=500"))
            #expect(await failureOfLines(long, by: server.client(maximumBody: 5), upTo: 100) == .tooLarge(limit: 5))
        }

        @Test("a redirect is not followed")
        func redirect() async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", "/redirect?is=307&to=/parts"))
            let response = try await server.client().lines(of: request, upTo: 100) { _ in
                Issue.record("a line")
                return true
            }
            #expect(response.status == 307)
        }

        @Test("what breaks off is a failure", arguments: ["/truncated_chunk", "/closed", "/reset"])
        func broken(_ path: String) async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", path))
            #expect(await failureOfLines(request, by: server.client(), upTo: 10_000)?.kind == .closedEarly(detail: ""))
        }

        @Test("a server that does not begin to answer is left after the client's time-out")
        func neverBegun() async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", "/silent"))
            let failure = await failureOfLines(request, by: server.client(timeout: 1), upTo: 100)
            #expect(failure == .timedOut(.answering, after: Seconds(1)))
        }

        @Test("a packed answer has no lines")
        func packed() async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", "/packed"))
            #expect(await failureOfLines(request, by: server.client(), upTo: 10_000) == .encoded("gzip"))
        }

        @Test("what is put is put, and not got")
        func method() async throws {
            let server = try Server.current
            let lines = Collector()
            let request = HTTPRequest.put(try server.address("http", "/echo"), body: Array("x".utf8))
            _ = try await server.client().lines(of: request, upTo: 10_000) { lines.take($0) }
            #expect(lines.all.joined().contains(#""method": "PUT""#), "\(lines.all)")
        }

        @Test("whoever wants no more gets no more")
        func enough() async throws {
            let server = try Server.current
            let lines = Collector()
            let response = try await server.client().lines(of: .get(server.address("http", "/parts")), upTo: 100) {
                line in
                _ = lines.take(line)
                return lines.all.count < 2
            }
            #expect(lines.all == ["one", "two"])
            #expect(response.status == 200)
        }

        @Test("a cancelled task ends it", .timeLimit(.minutes(1)))
        func cancelled() async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", "/begun"))
            let (begun, continuation) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                try await server.client().lines(of: request, upTo: 100) { _ in
                    continuation.yield()
                    return true
                }
            }
            for await _ in begun { break }
            task.cancel()
            #expect(try await task.value.status == 200)
        }

        @Test("a cancelled task gives up a request that is not answered", .timeLimit(.minutes(1)))
        func cancelledRequest() async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", "/silent"))
            // Its own time-out is far off.
            let task = Task { await HTTPTests.failure(of: request, by: server.client(timeout: 3600)) }
            task.cancel()
            #expect(await task.value == .cancelled)
        }

        @Test("an answer that does not go on is left, though it has begun", arguments: ["/begun", "/silent"])
        func stalled(_ path: String) async throws {
            let server = try Server.current
            let address = try server.address("http", path)
            let patience = HTTPPatience(whole: Seconds(3600), stall: Seconds(1))
            do throws(HTTPError) {
                _ = try await server.client().send(.get(address), within: patience)
                Issue.record("an answer")
            } catch {
                #expect(error.failure == .timedOut(.answering, after: Seconds(1)))
            }
        }

        @Test("JSON is sent as such, over the connection that is there")
        func json() async throws {
            let server = try Server.current
            let client = server.client()
            let address = try server.address("https", "/echo")
            let first = try Echo(try await client.send(.post(address, json: Array(#"{"a":1}"#.utf8))))
            #expect(first.method == "POST")
            #expect(first.body == #"{"a":1}"#)
            #expect(first.headers["content-type"] == ["application/json"])
            #expect(first.headers["expect"] == nil)
            let second = try Echo(try await client.send(.post(address, json: [], headers: ["Authorization": "t"])))
            #expect(second.peer == first.peer)
            #expect(second.headers["authorization"] == ["t"])
        }
    }
}

/// Lines that came.
private final class Collector: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func take(_ line: [UInt8]) -> Bool {
        lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        return true
    }
}

/// What the client throws for `request`, `nil` where its answer ends well.
private func failureOfLines(
    _ request: HTTPRequest, by client: HTTPClient, upTo maximumLine: Int,
    _ take: @escaping @Sendable ([UInt8]) -> Bool = { _ in true }
) async -> HTTPFailure? {
    do throws(HTTPError) {
        _ = try await client.lines(of: request, upTo: maximumLine, take)
        return nil
    } catch {
        return error.failure
    }
}
