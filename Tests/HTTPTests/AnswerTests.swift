import Encodings
import HTTP
import Testing

extension HTTPClientTests {
    @Suite struct Answers {
        @Test("a GET brings status, fields and body, over http and https", arguments: ["http", "https"])
        func get(_ scheme: String) async throws {
            let server = try Server.current
            let address = try server.address(scheme)
            let response = try await server.client().send(.get(address))
            #expect(response.status == 200)
            #expect(response.isSuccess)
            #expect(response.address == address)
            #expect(response.body == Array(#"{"keys":[]}"#.utf8))
            #expect(response["etag"] == "\"v1\"")
            #expect(response["ETAG"] == response.entityTag)
            #expect(response.mediaType == "application/json")
            #expect(response.freshFor == Seconds(300))
            #expect(response.date?.rfc3339 == "2026-11-22T12:00:00Z")
            #expect(response["X-None"] == nil)
        }

        @Test("localhost and [::1] are reached")
        func otherLoopback() async throws {
            let server = try Server.current
            #expect(try await server.client().send(.get(server.address("http", host: "localhost"))).status == 200)
            #expect(try await server.client().send(.get(server.address("https", host: "localhost"))).status == 200)
            // A machine may have no IPv6.
            if server.ports["http6"] != nil {
                #expect(try await server.client().send(.get(server.address("http6", host: "[::1]"))).status == 200)
            }
        }

        @Test("a request says what it is and no more")
        func requestFields() async throws {
            let server = try Server.current
            let address = try server.address("http", "/echo?a=%2E%2e/../b")
            let echo = try Echo(try await server.client().send(.get(address, headers: ["Authorization": "Basic eA=="])))
            #expect(echo.method == "GET")
            #expect(echo.target == "/echo?a=%2E%2e/../b")
            #expect(
                echo.headers == [
                    "host": ["127.0.0.1:\(address.port)"], "user-agent": ["pair/test"], "accept": ["*/*"],
                    "accept-encoding": ["identity"], "authorization": ["Basic eA=="],
                ])
        }

        @Test("a path is sent as it stands")
        func pathAsItIs() async throws {
            let server = try Server.current
            #expect(try await server.client().send(.get(server.address("http", "/x/../ok"))).status == 404)
        }

        @Test("a file is put as it is, with the conditions it is put under")
        func put() async throws {
            let server = try Server.current
            let address = try server.address("https", "/echo")
            let request = HTTPRequest.put(address, body: Array("a=b\n".utf8), headers: ["If-Match": "\"1\""])
            let echo = try Echo(try await server.client().send(request))
            #expect(echo.method == "PUT")
            #expect(echo.body == "a=b\n")
            #expect(echo.headers["content-type"] == ["application/octet-stream"])
            #expect(echo.headers["if-match"] == ["\"1\""])
            #expect(echo.headers["expect"] == nil)
            // What the handle was last used for is forgotten.
            #expect(try Echo(try await server.client().send(.get(address))).method == "GET")
        }

        @Test("a form is sent encoded, an empty one too")
        func post() async throws {
            let server = try Server.current
            let address = try server.address("https", "/echo")
            let form = [("grant_type", "authorization_code"), ("code", "a+b/c=&\r\n é")]
            let echo = try Echo(try await server.client().send(.post(address, form: form)))
            #expect(echo.method == "POST")
            #expect(echo.body == "grant_type=authorization_code&code=a%2Bb%2Fc%3D%26%0D%0A%20%C3%A9")
            #expect(echo.headers["content-type"] == ["application/x-www-form-urlencoded"])
            #expect(echo.headers["expect"] == nil)
            let empty = try Echo(try await server.client().send(.post(address, form: [])))
            #expect(empty.method == "POST")
            #expect(empty.body == "")
            #expect(empty.headers["content-length"] == ["0"])
        }

        @Test("a large form is sent at once, without asking for leave")
        func largePost() async throws {
            let server = try Server.current
            let client = server.client(maximumBody: 10_000_000)
            let value = String(repeating: "x", count: 3_000_000)
            let echo = try Echo(try await client.send(.post(server.address("http", "/echo"), form: [("a", value)])))
            #expect(echo.body.utf8.count == 3_000_002)
            #expect(echo.headers["expect"] == nil)
        }

        @Test("a status that says failure is an answer", arguments: [204, 300, 304, 400, 401, 404, 429, 500, 503])
        func statuses(_ status: Int) async throws {
            let server = try Server.current
            let answered = try await server.client().send(.get(server.address("http", "/empty?is=\(status)")))
            #expect(answered.status == status)
            #expect(answered.body.isEmpty)
            #expect(answered.isSuccess == (status == 204))
        }

        @Test("an error's page is an answer's body")
        func errorPage() async throws {
            let server = try Server.current
            let answered = try await server.client().send(.post(server.address("http", "/status?is=400"), form: []))
            #expect(answered.status == 400)
            #expect(answered.mediaType == "text/html")
            #expect(String(decoding: answered.body, as: UTF8.self) == "<html><body>No.</body></html>")
        }

        @Test("a conditional GET is answered 304 as long as nothing changed")
        func conditional() async throws {
            let server = try Server.current
            let address = try server.address("https", "/conditional")
            let first = try await server.client().send(.get(address))
            let tag = try #require(first.entityTag)
            let second = try await server.client().send(.get(address, headers: ["If-None-Match": tag.string]))
            #expect(second.status == 304)
            #expect(second.body.isEmpty)
            #expect(second.entityTag == tag)
            let third = try await server.client().send(.get(address, headers: ["If-None-Match": "\"v0\""]))
            #expect(third.status == 200)
        }

        @Test("odd fields: not UTF-8 is as if absent, a name twice is joined, what is no field is passed over")
        func oddFields() async throws {
            let server = try Server.current
            let response = try await server.client().send(.get(server.address("http", "/odd_fields")))
            #expect(response.status == 200)
            #expect(response["X-Odd"] == nil)
            #expect(response["X-Twice"] == "one, two")
            #expect(response["X-Empty"] == "")
            #expect(response["Not a name"] == nil)
            #expect(response.date == nil)
            #expect(response.freshFor == nil)
            #expect(response.mediaType == nil)
        }

        @Test("fields of an interim response and behind the body do not count", arguments: ["interim", "trailer"])
        func foreignFields(_ path: String) async throws {
            let server = try Server.current
            let response = try await server.client().send(.get(server.address("http", "/\(path)")))
            #expect(response.status == 200)
            #expect(response.entityTag == (path == "interim" ? "\"v1\"" : nil))
            #expect(response["X-Early"] == nil)
        }

        @Test("a body without length ends with the connection", arguments: ["http", "https"])
        func lengthless(_ scheme: String) async throws {
            let server = try Server.current
            let response = try await server.client().send(.get(server.address(scheme, "/cut")))
            #expect(String(decoding: response.body, as: UTF8.self) == "perhaps whole")
        }

        @Test("GETs in a row share a connection, a form has its own", arguments: ["http", "https"])
        func sharing(_ scheme: String) async throws {
            let server = try Server.current
            let client = server.client()
            let address = try server.address(scheme, "/echo")
            let first = try Echo(try await client.send(.get(address, headers: ["X-First": "1"])))
            let second = try Echo(try await client.send(.get(address)))
            #expect(second.peer == first.peer)
            #expect(second.headers["x-first"] == nil)
            let form = try Echo(try await client.send(.post(address, form: [("a", "b")])))
            #expect(form.peer != first.peer)
            let last = try Echo(try await client.send(.get(address)))
            #expect(last.method == "GET")
            #expect(last.body == "")
        }

        @Test("a connection that the server has closed since is made anew", arguments: ["http", "https"])
        func closedSince(_ scheme: String) async throws {
            let server = try Server.current
            let client = server.client()
            for _ in 0..<20 {
                #expect(try await client.send(.get(server.address(scheme, "/interim"))).status == 200)
                #expect(try await client.send(.get(server.address(scheme, "/echo"))).status == 200)
            }
        }

        @Test("after a failure requests go on")
        func afterFailure() async throws {
            let server = try Server.current
            let client = server.client()
            for path in ["/endless", "/truncated", "/packed", "/closed"] {
                #expect(try await client.send(.get(server.address("https"))).status == 200)
                #expect(await failure(of: .get(try server.address("https", path)), by: client) != nil)
            }
            #expect(try await client.send(.get(server.address("https"))).status == 200)
        }

        @Test("many requests run at the same time")
        func together() async throws {
            let server = try Server.current
            let address = try server.address("http", "/together?count=40")
            // Each is answered once all are there.
            try await withThrowingTaskGroup { group in
                for _ in 0..<40 { group.addTask { try await server.client().send(.get(address)).status } }
                for try await status in group { #expect(status == 200) }
            }
        }

        @Test("a request can be sent by a thread that waits for it")
        func blocking() throws {
            let server = try Server.current
            #expect(try server.client().sendAndWait(.get(server.address("http"))).status == 200)
        }
    }
}
