import Encodings
import Foundation
import NIOHTTP1
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(1))) struct ListenerBindTests {
    @Test("the redirect URI is the text that was given, with the real port", arguments: ["/callback", "/", ""])
    func redirectURI(_ path: String) async throws {
        try await withListener(.started(Text("http://127.0.0.1\(path)"))) { listener in
            #expect(listener.redirectURI == "http://127.0.0.1:\(try listener.port)\(path)")
            async let answer = listener.answer("GET \(path.isEmpty ? "/" : path)")
            await (try await listener.next()).respond(.failed(what: "seen", advice: nil))
            #expect(try await answer.contains("seen"))
        }
    }

    @Test("a port that is taken is passed over for the next, and named with why where there is none")
    func taken() async throws {
        try await withListener(.started()) { other in
            let taken = try #require(RedirectURI(Text(other.redirectURI)))
            let alike = try #require(RedirectURI(Text("http://localhost:\(try other.port)/")))
            try await withListener(.started(Text(other.redirectURI), "http://127.0.0.1/b")) { listener in
                let ports = try [listener.port, other.port]
                #expect(ports[0] != ports[1])
                #expect(listener.redirectURI.hasSuffix("/b"))
            }
            let error = ListenerError.nothingFree([
                BindFailure(redirectURI: taken, defect: .taken), BindFailure(redirectURI: alike, defect: .taken),
            ])
            await #expect(throws: error) { try await Listener.bind(to: [taken, alike]) }
        }
    }

    @Test("a fixed port can be had again right after a sign-in that used it")
    func again() async throws {
        let first = try await Listener.bind(to: fixed("127.0.0.1"))
        let uri = Text(first.redirectURI)
        // Whoever closes first keeps the port in TIME_WAIT, and that is the listener.
        try await withListener(first) { _ = try await $0.answer("GET /other") }
        try await withListener(.started(uri)) { #expect(Text($0.redirectURI) == uri) }
    }

    /// Some ports below those that the system gives to connections, and so to nobody while a test looks away.
    private func fixed(_ host: String) throws -> [RedirectURI] {
        try (0..<20).map { _ in try #require(RedirectURI(Text("http://\(host):\(Int.random(in: 20000..<32000))/"))) }
    }

    @Test("no redirect URI at all is an error")
    func none() async {
        await #expect(throws: ListenerError.noRedirectURI) { try await Listener.bind(to: []) }
    }

    // MARK: - IPv6

    @Test(
        "localhost is listened on in both families on one port, and answers to that name alone",
        .enabled(if: ListenerTests.hasIPv6))
    func localhost() async throws {
        try await withListener(.started("http://localhost/callback")) { listener in
            let port = try listener.port
            for address in ["127.0.0.1", "::1"] {
                let ours = try await RawConnection.open(port, address)
                await ours.send("GET /callback?\(address) HTTP/1.1\r\nHost: LocalHost:\(port)\r\n\r\n")
                let callback = try await listener.next()
                #expect(callback.query == address)
                await callback.respond(.failed(what: "seen", advice: nil))
                #expect(try await ours.answer().contains("seen"))

                let other = try await RawConnection.open(port, address)
                await other.send("GET /callback HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n")
                #expect(try await other.answer().hasPrefix("HTTP/1.1 421 Misdirected Request\r\n"))
            }
        }
    }

    @Test(
        "localhost is not to be had where somebody else has it in the other family", .enabled(if: ListenerTests.hasIPv6)
    )
    func halfTaken() async throws {
        try await withListener(.bind(to: fixed("[::1]"))) { other in
            let uri = try #require(RedirectURI(Text("http://localhost:\(try other.port)/")))
            let error = ListenerError.nothingFree([BindFailure(redirectURI: uri, defect: .taken)])
            await #expect(throws: error) { try await Listener.bind(to: [uri]) }
            // Nothing is left of the half that could be had.
            let half = Text("http://127.0.0.1:\(try other.port)/")
            try await withListener(.started(half)) { #expect(Text($0.redirectURI) == half) }
        }
    }

    // MARK: - Whose host it is

    struct Authority: Sendable, CustomTestStringConvertible {
        let redirectURI: Text
        let port: Int
        let hosts: [String]
        let status: UInt?
        var testDescription: String { "\(redirectURI.string) \(port) \(hosts)" }
    }

    static let authorities = [
        Authority(redirectURI: "http://127.0.0.1/c", port: 4711, hosts: ["127.0.0.1:4711"], status: nil),
        Authority(redirectURI: "http://[::1]/c", port: 4711, hosts: ["[::1]:4711"], status: nil),
        Authority(redirectURI: "http://localhost/c", port: 4711, hosts: ["LOCALHOST:4711"], status: nil),
        Authority(redirectURI: "http://127.0.0.1/c", port: 80, hosts: ["127.0.0.1"], status: nil),
        Authority(redirectURI: "http://127.0.0.1/c", port: 80, hosts: ["127.0.0.1:80"], status: nil),
        Authority(redirectURI: "http://127.0.0.1/c", port: 4711, hosts: ["127.0.0.1"], status: 421),
        Authority(redirectURI: "http://127.0.0.1/c", port: 4711, hosts: ["127.0.0.1:4712"], status: 421),
        Authority(redirectURI: "http://127.0.0.1/c", port: 4711, hosts: ["localhost:4711"], status: 421),
        // The name of an attacker's that leads here.
        Authority(redirectURI: "http://127.0.0.1/c", port: 4711, hosts: ["evil.example:4711"], status: 421),
        Authority(redirectURI: "http://127.0.0.1/c", port: 4711, hosts: ["127.0.0.1:4711.evil.example"], status: 421),
        Authority(redirectURI: "http://127.0.0.1/c", port: 4711, hosts: [""], status: 421),
        Authority(redirectURI: "http://127.0.0.1/c", port: 4711, hosts: [], status: 400),
        Authority(
            redirectURI: "http://127.0.0.1/c", port: 4711, hosts: ["127.0.0.1:4711", "127.0.0.1:4711"], status: 400),
    ]

    @Test("a request is ours only if its one Host is our own host and port", arguments: authorities)
    func authority(_ row: Authority) throws {
        let rules = RequestRules(redirectURI: try #require(RedirectURI(row.redirectURI)), port: row.port)
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/c?q", headers: HTTPHeaders(row.hosts.map { ("Host", $0) }))
        switch rules.verdict(on: head) {
        case .callback(let query): #expect(row.status == nil && query == "q")
        case .refused(let answer): #expect(answer.status.code == row.status)
        }
    }

    // MARK: - Texts

    @Test("an error says what was tried, why each failed and what to do, each advice once")
    func texts() throws {
        let uris = try ["http://127.0.0.1:8085/callback", "http://127.0.0.1:80", "http://[::1]/"]
            .map { try #require(RedirectURI(Text($0))) }
        let defects = [BindDefect.taken, .notPermitted, .noSuchAddress]
        let error = ListenerError.nothingFree(zip(uris, defects).map { BindFailure(redirectURI: $0, defect: $1) })
        #expect(
            error.description == """
                nothing to listen on for the browser: http://127.0.0.1:8085/callback: another program has the port \
                (EADDRINUSE); http://127.0.0.1:80: this user may not have the port (EACCES); http://[::1]/: this \
                machine does not have the address (EADDRNOTAVAIL)
                """)
        #expect(
            error.advice == """
                End the program that has the port (ss -ltnp names it), or register one more redirect URI at the \
                provider and add it to redirect_uris. Register a redirect URI with a port above 1023. Register a \
                redirect URI with 127.0.0.1.
                """)
        let twice = ListenerError.nothingFree(uris.map { BindFailure(redirectURI: $0, defect: .notPermitted) })
        #expect(twice.advice == "Register a redirect URI with a port above 1023.")
        let other = BindDefect.other(code: 24, detail: "socket: Too many open files")
        #expect(other.description == "error 24: \"socket: Too many open files\"")
        #expect(ListenerError.noRedirectURI.description == "a redirect URI expected, none found")
    }
}
