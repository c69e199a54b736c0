import Encodings
import SignIn
import Testing

@Suite struct RedirectURITests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let text: Text
        let host: RedirectURI.Host
        var port: UInt16?
        var path = "/callback"
        let atPort9: String
        var testDescription: String { quoted(text) }
    }

    static let accepted = [
        Accepted(text: "http://127.0.0.1/callback", host: .ipv4, atPort9: "http://127.0.0.1:9/callback"),
        Accepted(text: "http://[::1]/callback", host: .ipv6, atPort9: "http://[::1]:9/callback"),
        Accepted(
            text: "http://localhost:8085/callback", host: .localhost, port: 8085,
            atPort9: "http://localhost:9/callback"),
        // Providers compare the text: a slash that was not registered is another address.
        Accepted(text: "http://127.0.0.1", host: .ipv4, path: "", atPort9: "http://127.0.0.1:9"),
        Accepted(text: "http://127.0.0.1/", host: .ipv4, path: "/", atPort9: "http://127.0.0.1:9/"),
        // http's own port is a port like any other where it is written.
        Accepted(text: "http://[::1]:80", host: .ipv6, port: 80, path: "", atPort9: "http://[::1]:9"),
        Accepted(
            text: "http://127.0.0.1:65535/a//b%2Fc/...", host: .ipv4, port: 65535, path: "/a//b%2Fc/...",
            atPort9: "http://127.0.0.1:9/a//b%2Fc/..."),
    ]

    @Test("a redirect URI is taken apart and keeps its text", arguments: accepted)
    func accepts(_ row: Accepted) throws {
        let uri = try #require(RedirectURI(row.text))
        #expect(uri.host == row.host)
        #expect(uri.port == row.port)
        #expect(uri.path == row.path)
        #expect(uri.description == row.text.string)
        #expect(uri.at(port: 9) == row.atPort9)
    }

    static let rejected: [Text] = [
        "", "callback", "127.0.0.1:8085/callback", "https://127.0.0.1/callback", "https://localhost:8085/",
        // Not this machine, or not by a name that no resolver is asked for.
        "http://127.0.0.2/callback", "http://0.0.0.0/callback", "http://[::]/callback", "http://10.0.0.1:8085/callback",
        "http://idp.example/callback", "http://localhost.example/callback", "http://127.0.0.1.example/",
        "http://localhost@idp.example/", "http://me@localhost/",
        // Read alike by browsers and not by providers.
        "HTTP://127.0.0.1/callback", "http://LOCALHOST/callback", "http://[0::1]/callback", "http://127.1/callback",
        "http://0x7f.0.0.1/callback", "http://localhost./callback",
        "http://127.0.0.1:0/callback", "http://127.0.0.1:65536/callback", "http://127.0.0.1:/callback",
        "http://127.0.0.1:08085/callback",
        "http://127.0.0.1/callback?", "http://127.0.0.1/callback?x=1", "http://127.0.0.1/callback#",
        "http://127.0.0.1?x",
        // Browsers ask for another path than these.
        "http://127.0.0.1/a/../callback", "http://127.0.0.1/./callback", "http://127.0.0.1/callback/..",
        "http://127.0.0.1/a/%2E%2e/callback", "http://127.0.0.1/.%2e", "http://127.0.0.1/call back",
        "http://127.0.0.1\\callback", "http://127.0.0.1/call\nback", "http://127.0.0.1/caf\u{e9}",
    ]

    @Test("what is no http address of this machine, or not written as browsers write it, is none", arguments: rejected)
    func rejects(_ text: Text) {
        #expect(RedirectURI(text) == nil)
    }
}
