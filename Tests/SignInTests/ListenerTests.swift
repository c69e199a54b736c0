import Encodings
import Foundation
import HTTP
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(1))) struct ListenerTests {
    /// Sockets of ::1 can be had here.
    static let hasIPv6 = (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8))?.isEmpty == false

    // MARK: - Callbacks

    @Test("a callback is handed over with its query as it came, and gets the page that it is answered with")
    func callback() async throws {
        try await withListener(.started()) { listener in
            let (connection, callback) = try await listener.callback("code=a%2Fb+c&state=%zz&x=?#")
            #expect(callback.query == "code=a%2Fb+c&state=%zz&x=?#")
            let page = ResultPage.signedIn(who: "alice@example.com", provider: "google", until: "noon")
            await callback.respond(page)
            let answer = try await connection.answer()
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n" + page.html))
            #expect(answer.contains("\r\nContent-Length: \(page.html.utf8.count)\r\n"))
        }
    }

    @Test("a callback without a query is one, with an empty query", arguments: ["/callback", "/callback?"])
    func noQuery(_ target: String) async throws {
        try await withListener(.started()) { listener in
            async let answer = listener.answer("GET \(target)")
            let callback = try await listener.next()
            #expect(callback.query.isEmpty)
            await callback.respond(.failed(what: "no state", advice: nil))
            #expect(try await answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        }
    }

    @Test("a redirect sends the browser on to the very address, and is not kept")
    func redirect() async throws {
        try await withListener(.started()) { listener in
            let (connection, callback) = try await listener.callback()
            await callback.redirect(to: try WebAddress("https://idp.example/authorize?state=%C3%A9&scope=a%20b"))
            let answer = try await connection.answer()
            #expect(answer.hasPrefix("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"))
            #expect(answer.contains("\r\nLocation: https://idp.example/authorize?state=%C3%A9&scope=a%20b\r\n"))
            #expect(answer.contains("\r\nCache-Control: no-store\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test("the second answer to a callback is lost, and so is one to a browser that went away")
    func answeredTwice() async throws {
        try await withListener(.started()) { listener in
            let (connection, callback) = try await listener.callback()
            await callback.respond(.failed(what: "the first", advice: nil))
            await callback.respond(.failed(what: "the second", advice: nil))
            let answer = try await connection.answer()
            #expect(answer.contains("the first") && !answer.contains("the second"))

            let (gone, unheard) = try await listener.callback()
            await gone.close()
            await unheard.respond(.failed(what: "nobody reads this", advice: nil))
        }
    }

    @Test("callbacks that come at once are handed over and answered each for itself")
    func several() async throws {
        try await withListener(.started()) { listener in
            let (first, one) = try await listener.callback("n=1")
            let (second, two) = try await listener.callback("n=2")
            await two.respond(.failed(what: Text("to \(two.query)"), advice: nil))
            #expect(try await second.answer().contains("to n=2"))
            await one.respond(.failed(what: Text("to \(one.query)"), advice: nil))
            #expect(try await first.answer().contains("to n=1"))
        }
    }

    // MARK: - What is none

    struct Refused: Sendable, CustomTestStringConvertible {
        let line: String
        var fields = ""
        var body = ""
        let status: String
        var testDescription: String { "\(quoted(line, limit: 40)) \(quoted(fields, limit: 40))" }
    }

    static let refused = [
        Refused(line: "GET /", status: "404 Not Found"),
        Refused(line: "GET /favicon.ico", status: "404 Not Found"),
        Refused(line: "GET /callback/", status: "404 Not Found"),
        Refused(line: "GET /Callback?code=c", status: "404 Not Found"),
        Refused(line: "GET /x/../callback", status: "404 Not Found"),
        Refused(line: "GET /%63allback", status: "404 Not Found"),
        Refused(line: "GET http://127.0.0.1/callback", status: "404 Not Found"),
        Refused(line: "POST /elsewhere", status: "404 Not Found"),
        Refused(line: "HEAD /callback?code=c", status: "405 Method Not Allowed"),
        Refused(line: "OPTIONS /callback", status: "405 Method Not Allowed"),
        Refused(
            line: "POST /callback", fields: "Content-Length: 6\r\n", body: "code=c", status: "405 Method Not Allowed"),
        Refused(
            line: "GET /callback", fields: "Content-Length: 6\r\n", body: "code=c", status: "413 Payload Too Large"),
        Refused(
            line: "GET /callback", fields: "Transfer-Encoding: chunked\r\n", body: "1\r\nx\r\n0\r\n\r\n",
            status: "413 Payload Too Large"),
        Refused(line: "GET /callback", fields: "Content-Length: 1e99\r\n", status: "400 Bad Request"),
        Refused(line: "GET /callback?c", fields: "Sec-Fetch-Mode: cors\r\n", status: "403 Forbidden"),
        Refused(line: "GET /callback?c", fields: "sec-fetch-mode: no-cors\r\n", status: "403 Forbidden"),
        Refused(
            line: "GET /callback?c", fields: "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
            status: "403 Forbidden"),
        Refused(line: "GET /callback?c", fields: "Sec-Fetch-Dest: image\r\n", status: "403 Forbidden"),
        Refused(
            line: "GET /callback?c", fields: "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Mode: cors\r\n",
            status: "403 Forbidden"),
        Refused(line: "GET /callback?\(String(repeating: "a", count: 8193))", status: "414 URI Too Long"),
        Refused(line: "GET /callback?caf\u{e9}", status: "400 Bad Request"),
        Refused(
            line: "GET /callback", fields: "Cookie: \(String(repeating: "a", count: 70_000))\r\n",
            status: "431 Request Header Fields Too Large"),
        Refused(
            line: "GET /callback", fields: String(repeating: "Cookie: a\r\n", count: 300),
            status: "431 Request Header Fields Too Large"),
        Refused(line: "GET /callback", fields: "Host: 127.0.0.1\r\n", status: "400 Bad Request"),
        Refused(line: "GET", status: "400 Bad Request"),
        // How a browser begins that takes http for https.
        Refused(line: "\u{16}\u{3}\u{1}", status: "400 Bad Request"),
    ]

    @Test("what is no callback is answered at once and handed to nobody", arguments: refused)
    func refuses(_ row: Refused) async throws {
        try await withListener(.started()) { listener in
            let answer = try await listener.answer(row.line, row.fields, body: row.body)
            #expect(answer.prefix { $0 != "\r\n" } == "HTTP/1.1 \(row.status)")
            #expect(row.line.hasPrefix("HEAD ") ? answer.hasSuffix("\r\n\r\n") : answer.hasSuffix("</html>\n"))
            #expect(answer.contains("\r\nAllow: GET\r\n") == row.status.hasPrefix("405"))
            // It would have come before this one.
            let (_, callback) = try await listener.callback("the-next")
            #expect(callback.query == "the-next")
        }
    }

    @Test("a navigation of a browser, with the longest query and much in the header, is a callback")
    func navigation() async throws {
        try await withListener(.started()) { listener in
            let query = String(repeating: "q", count: 8192)
            let fields = """
                Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r
                Sec-Fetch-Dest: document\r
                Content-Length: 0\r\nCookie: \(String(repeating: "a", count: 20_000))\r\n
                """
            async let answer = listener.answer("GET /callback?\(query)", fields)
            let callback = try await listener.next()
            #expect(callback.query == query)
            await callback.respond(.failed(what: "seen", advice: nil))
            #expect(try await answer.contains("seen"))
        }
    }

    @Test("an answer arrives whole although the request goes on and on")
    func longBody() async throws {
        try await withListener(.started()) { listener in
            let body = String(repeating: "x", count: 3 << 20)
            let answer = try await listener.answer("POST /callback", "Content-Length: \(3 << 20)\r\n", body: body)
            #expect(answer.hasPrefix("HTTP/1.1 405 ") && answer.hasSuffix("</html>\n"))
        }
    }

    @Test("of two requests in one connection the second is passed over")
    func pipelined() async throws {
        try await withListener(.started()) { listener in
            let host = "Host: 127.0.0.1:\(try listener.port)\r\n"
            let connection = try await RawConnection.open(listener.port)
            await connection.send("GET /callback?1 HTTP/1.1\r\n\(host)\r\nGET /callback?2 HTTP/1.1\r\n\(host)\r\n")
            let first = try await listener.next()
            #expect(first.query == "1")
            await first.respond(.failed(what: "x", advice: nil))
            #expect(try await connection.answer().components(separatedBy: "HTTP/1.1 ").count == 2)
            #expect(try await listener.callback("3").1.query == "3")
        }
    }

    @Test(
        "nothing that is sent may be kept, framed, guessed at or run", arguments: ["a page", "a redirect", "a notice"])
    func headers(_ kind: String) async throws {
        try await withListener(.started()) { listener in
            let answer: String
            switch kind {
            case "a notice": answer = try await listener.answer("GET /favicon.ico")
            default:
                let (connection, callback) = try await listener.callback()
                if kind == "a page" { await callback.respond(.refused(provider: "p", reason: nil)) }
                if kind == "a redirect" { await callback.redirect(to: try WebAddress("https://idp.example/")) }
                answer = try await connection.answer()
            }
            for line in [
                "Connection: close", "Cache-Control: no-store", "Referrer-Policy: no-referrer",
                "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY",
                "Content-Security-Policy: \(ResultPage.contentSecurityPolicy)",
            ] { #expect(answer.contains("\r\n\(line)\r\n"), "\(line)") }
            #expect(answer.contains("\r\nContent-Type: text/html; charset=utf-8\r\n") == (kind != "a redirect"))
        }
    }

    // MARK: - Time and number

    @Test("a connection whose request is not whole in time is closed without an answer", arguments: ["", "GET /call"])
    func slow(_ text: String) async throws {
        try await withListener(.started(requestTime: .milliseconds(20))) { listener in
            let connection = try await RawConnection.open(listener.port)
            await connection.send(text)
            // What is sent behind the closing is answered by a reset, which is no answer either.
            let answer = (try? await connection.answer()) ?? ""
            #expect(answer.isEmpty)
        }
    }

    @Test("a connection beyond the most there may be is closed as it comes")
    func full() async throws {
        try await withListener(.started(maximumConnections: 2)) { listener in
            let (_, first) = try await listener.callback("1")
            let (second, _) = try await listener.callback("2")
            #expect(try await RawConnection.open(listener.port).answer().isEmpty)
            await first.respond(.failed(what: "x", advice: nil))
            await second.close()
        }
    }

    @Test("closing tells a callback that waits, ends the callbacks, and leaves nothing open")
    func closing() async throws {
        let listener = try await Listener.started()
        let port = try listener.port
        let idle = try await RawConnection.open(port)
        let (waiting, callback) = try await listener.callback()
        await listener.close()
        let answer = try await waiting.answer()
        #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains("does not wait for this any more"))
        #expect(answer.hasSuffix("</html>\n"))
        #expect(try await idle.answer().isEmpty)
        var callbacks = listener.callbacks.makeAsyncIterator()
        #expect(await callbacks.next() == nil)
        await #expect(throws: (any Error).self) { try await RawConnection.open(port) }
        // Neither of these waits for anything.
        await callback.respond(.failed(what: "x", advice: nil))
        await listener.close()
    }
}
