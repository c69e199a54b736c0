import Encodings
import HTTP
import Testing

@Suite struct WebAddressTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let text: Text
        let whole: String
        var host = "idp.example"
        var port: UInt16 = 443
        var path = "/"
        var query: String?
        var testDescription: String { quoted(text) }
    }

    static let accepted = [
        Accepted(text: "https://idp.example", whole: "https://idp.example/"),
        Accepted(text: "HTTPS://IDP.Example:443/", whole: "https://idp.example/"),
        Accepted(text: "https://idp.example:8443/a", whole: "https://idp.example:8443/a", port: 8443, path: "/a"),
        Accepted(text: "https://idp.example?", whole: "https://idp.example/?", query: ""),
        Accepted(
            text: "https://idp.example/a%2Fb;c=d/?x=/:@&y=%C3%A9?",
            whole: "https://idp.example/a%2Fb;c=d/?x=/:@&y=%C3%A9?",
            path: "/a%2Fb;c=d/", query: "x=/:@&y=%C3%A9?"),
        Accepted(text: "https://a_b-c.1x/", whole: "https://a_b-c.1x/", host: "a_b-c.1x"),
        Accepted(text: "https://192.0.2.1/", whole: "https://192.0.2.1/", host: "192.0.2.1"),
        Accepted(
            text: "https://[2001:DB8:0::1]:444/", whole: "https://[2001:db8::1]:444/", host: "[2001:db8::1]", port: 444),
        Accepted(text: "http://127.0.0.1:1/x", whole: "http://127.0.0.1:1/x", host: "127.0.0.1", port: 1, path: "/x"),
        Accepted(text: "http://LocalHost:80", whole: "http://localhost/", host: "localhost", port: 80),
        Accepted(text: "http://[0::1]:65535", whole: "http://[::1]:65535/", host: "[::1]", port: 65535),
    ]

    @Test("an address is taken apart, and put together as everybody would write it", arguments: accepted)
    func accepts(_ row: Accepted) throws {
        let address = try WebAddress(row.text)
        #expect(address.description == row.whole)
        #expect(address.host == row.host)
        #expect(address.port == row.port)
        #expect(address.path == row.path)
        #expect(address.query == row.query)
        #expect(try WebAddress(Text(address.description)) == address)
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let text: Text
        let error: WebAddressError
        var testDescription: String { quoted(text) }
    }

    static let rejected = [
        Rejected(text: "", error: .scheme),
        Rejected(text: "https", error: .scheme),
        Rejected(text: "https:", error: .scheme),
        Rejected(text: "https:/idp.example", error: .scheme),
        Rejected(text: "httpss://idp.example", error: .scheme),
        Rejected(text: "ftp://idp.example", error: .scheme),
        Rejected(text: "file:///etc/passwd", error: .scheme),
        Rejected(text: "//idp.example/", error: .scheme),
        Rejected(text: "https://", error: .host),
        Rejected(text: "https:///path", error: .host),
        Rejected(text: "https://?x", error: .host),
        Rejected(text: "https://:443/", error: .host),
        Rejected(text: "https://.example", error: .host),
        Rejected(text: "https://idp..example", error: .host),
        Rejected(text: "https://idp.example.", error: .host),
        Rejected(text: "https://-idp.example", error: .host),
        Rejected(text: "https://idp-.example", error: .host),
        Rejected(text: "https://idp%2eexample/", error: .host),
        Rejected(text: "https://idp,example/", error: .host),
        Rejected(text: "https://idp~example/", error: .host),
        Rejected(text: Text("https://\(String(repeating: "a", count: 64)).example"), error: .host),
        Rejected(text: Text("https://\(String(repeating: "abc.", count: 63))ab"), error: .host),
        Rejected(text: "https://1", error: .host),
        Rejected(text: "https://2130706433", error: .host),
        Rejected(text: "https://127.1", error: .host),
        Rejected(text: "https://0x7f.0.0.1", error: .host),
        Rejected(text: "https://127.0.0.0x1", error: .host),
        Rejected(text: "https://127.0.0.01", error: .host),
        Rejected(text: "https://127.0.0.256", error: .host),
        Rejected(text: "https://1.127.0.0.1", error: .host),
        Rejected(text: "https://[]", error: .host),
        Rejected(text: "https://[::1", error: .host),
        Rejected(text: "https://[127.0.0.1]", error: .host),
        Rejected(text: "https://[fe80::1%25eth0]/", error: .host),
        Rejected(text: "https://[::1]x", error: .host),
        Rejected(text: "https://::1/", error: .host),
        Rejected(text: "https://idp.example:", error: .port),
        Rejected(text: "https://idp.example:/", error: .port),
        Rejected(text: "https://idp.example:0", error: .port),
        Rejected(text: "https://idp.example:0443", error: .port),
        Rejected(text: "https://idp.example:65536", error: .port),
        Rejected(text: "https://idp.example:+443", error: .port),
        Rejected(text: "https://idp.example:443x", error: .port),
        Rejected(text: "https://user@idp.example/", error: .userInfo),
        Rejected(text: "https://idp.example:443@evil.example/", error: .userInfo),
        Rejected(text: "http://127.0.0.1@evil.example/", error: .userInfo),
        Rejected(text: "https://idp.example/#x", error: .fragment),
        Rejected(text: "https://idp.example#@evil.example/", error: .fragment),
        Rejected(text: "http://idp.example/", error: .plainHTTP),
        Rejected(text: "http://127.0.0.2/", error: .plainHTTP),
        Rejected(text: "http://localhost.example/", error: .plainHTTP),
        Rejected(text: "http://[::2]/", error: .plainHTTP),
        Rejected(text: "https://idp.example/a b", error: .character(at: 21)),
        Rejected(text: " https://idp.example/", error: .character(at: 0)),
        Rejected(text: "https://idp.example/\r\nX: y", error: .character(at: 20)),
        Rejected(text: "https://idp.example/\u{0}", error: .character(at: 20)),
        Rejected(text: "https://idp.example\\@evil.example/", error: .character(at: 19)),
        Rejected(text: "https://idp.éxample/", error: .character(at: 12)),
        Rejected(text: "https://idp.example/é", error: .character(at: 20)),
        Rejected(text: "https://idp.example/%", error: .character(at: 20)),
        Rejected(text: "https://idp.example/%4", error: .character(at: 20)),
        Rejected(text: "https://idp.example/%4g", error: .character(at: 20)),
        Rejected(text: "https://idp.example/[", error: .character(at: 20)),
        Rejected(text: "https://idp.example/?a[]=b", error: .character(at: 22)),
        Rejected(
            text: Text("https://idp.example/" + String(repeating: "a", count: 8173)), error: .tooLong(count: 8193)),
    ]

    @Test("what is no address that we send to is refused, with the reason", arguments: rejected)
    func rejects(_ row: Rejected) {
        #expect(throws: row.error, "\(row.text.string)") { try WebAddress(row.text) }
        #expect(row.error.description.utf8.allSatisfy { $0 >= 0x20 })
    }

    @Test("no byte that stands anywhere in an address leads it to another host")
    func foreignBytes() throws {
        let text = Array("https://idp.example:8443/keys?x=y".utf8)
        for position in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed.insert(byte, at: position)
                guard let changed = Text(validating: changed), let address = try? WebAddress(changed) else { continue }
                #expect(address.description.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
                #expect(try WebAddress(Text(address.description)) == address)
                // Within host and port the byte makes another name; behind them it must change neither.
                if position > 24 { #expect(address.origin == "https://idp.example:8443") }
            }
        }
    }

    @Test("origins are the same by scheme, host and port")
    func origins() throws {
        let address = try WebAddress("https://localhost/a")
        #expect(address.isSameOrigin(as: try WebAddress("https://LOCALHOST:443/b?c")))
        for other: Text in ["http://localhost:443/a", "https://localhost:444/a", "https://127.0.0.1/a"] {
            #expect(!address.isSameOrigin(as: try WebAddress(other)))
        }
    }

    @Test("parameters are encoded and come behind those that are there")
    func parameters() throws {
        let address = try WebAddress("https://idp.example/authorize")
        let added = address.adding([("scope", "openid email"), ("redirect_uri", "http://127.0.0.1:1/?a=b&c#d+é")])
        #expect(
            added.description
                == "https://idp.example/authorize?scope=openid%20email&redirect_uri="
                + "http%3A%2F%2F127.0.0.1%3A1%2F%3Fa%3Db%26c%23d%2B%C3%A9")
        #expect(try WebAddress(Text(added.description)) == added)
        #expect(try WebAddress("https://idp.example/?tenant=1").adding([("a", "b")]).query == "tenant=1&a=b")
        #expect(try WebAddress("https://idp.example/?").adding([("a", "b")]).query == "a=b")
        #expect(address.adding([]) == address)
    }
}
