import Encodings
import HTTP
import Testing

extension HTTPClientTests {
    @Suite struct Redirects {
        private func redirect(_ server: Server, to target: String, status: Int = 302, by scheme: String = "http") throws
            -> WebAddress
        {
            try server.address(scheme, "/redirect").adding([("is", "\(status)"), ("to", target)])
        }

        @Test("a GET follows a redirect to where it came from", arguments: [301, 302, 303, 307, 308])
        func follows(_ status: Int) async throws {
            let server = try Server.current
            let response = try await server.client().send(.get(redirect(server, to: "/echo?x=1", status: status)))
            let echo = try Echo(response)
            #expect(echo.target == "/echo?x=1")
            #expect(echo.headers["referer"] == nil)
            #expect(try response.address == server.address("http", "/echo?x=1"))
        }

        @Test("an absolute redirect within https is followed, its headers and cap too")
        func followsAbsolute() async throws {
            let server = try Server.current
            let target = try server.address("https", "/echo").description
            let request = HTTPRequest.get(
                try redirect(server, to: target, by: "https"), headers: ["If-None-Match": "\"v1\""])
            let echo = try Echo(try await server.client().send(request))
            #expect(echo.headers["if-none-match"] == ["\"v1\""])
            let large = HTTPRequest.get(try redirect(server, to: "/sized?count=1001"))
            #expect(await failure(of: large, by: server.client(maximumBody: 1000)) == .tooLarge(limit: 1000))
        }

        @Test("three redirects in a row are followed, a fourth is not")
        func limit() async throws {
            let server = try Server.current
            #expect(try await server.client().send(.get(server.address("http", "/loop?left=3"))).status == 200)
            let failure = await failure(of: .get(try server.address("http", "/loop?left=4")), by: server.client())
            let target = Text(try server.address("http", "/loop?left=0").description)
            #expect(failure == .redirectRefused(to: target, .tooMany(limit: 3)))
        }

        @Test("the time-out is for all redirects together")
        func timeout() async throws {
            let server = try Server.current
            let request = HTTPRequest.get(try server.address("http", "/loop?left=3&pause=0.4"))
            let failure = await failure(of: request, by: server.client(timeout: 1))
            // A slow machine may be at the next connection by then.
            let span = Seconds(1)
            #expect(failure == .timedOut(.answering, after: span) || failure == .timedOut(.connecting, after: span))
        }

        static let elsewhere: [(String, RedirectDefect)] = [
            ("https://idp.example/", .otherOrigin),
            ("http://idp.example/", .address(.plainHTTP)), ("ftp://idp.example/", .address(.scheme)),
            ("file:///etc/passwd", .address(.scheme)), ("https://user:secret@idp.example/", .address(.userInfo)),
            ("/ok#fragment", .address(.fragment)),
        ]

        @Test("a redirect elsewhere is refused, with where it led to", arguments: elsewhere)
        func refuses(_ target: String, _ defect: RedirectDefect) async throws {
            let server = try Server.current
            for scheme in ["http", "https"] {
                let failure = await failure(
                    of: .get(try redirect(server, to: target, by: scheme)), by: server.client())
                guard case .redirectRefused(_, defect) = failure else {
                    Issue.record("\(target): \(String(describing: failure))")
                    continue
                }
            }
        }

        @Test("another scheme, port or name of the same machine is elsewhere")
        func otherOrigins() async throws {
            let server = try Server.current
            let port = try server.port("https")
            for target in [
                "http://127.0.0.1:\(port)/ok", "https://localhost:\(port)/ok", "https://127.0.0.1/ok",
                "https://127.0.0.1:\(try server.port("expired"))/ok",
            ] {
                let failure = await failure(
                    of: .get(try redirect(server, to: target, by: "https")), by: server.client())
                #expect(failure == .redirectRefused(to: Text(target), .otherOrigin))
            }
            let schemeless = await failure(
                of: .get(try redirect(server, to: "//localhost:\(port)/ok", by: "https")), by: server.client())
            #expect(schemeless == .redirectRefused(to: Text("https://localhost:\(port)/ok"), .otherOrigin))
        }

        @Test("a form is never sent on", arguments: [301, 302, 303, 307, 308])
        func post(_ status: Int) async throws {
            let server = try Server.current
            let request = HTTPRequest.post(try redirect(server, to: "/echo", status: status), form: [("code", "x")])
            let target = Text(try server.address("http", "/echo").description)
            #expect(await failure(of: request, by: server.client()) == .redirectRefused(to: target, .form))
        }

        @Test("a redirect that leads nowhere is an answer")
        func withoutLocation() async throws {
            let server = try Server.current
            #expect(try await server.client().send(.get(server.address("http", "/empty?is=302"))).status == 302)
        }
    }
}
