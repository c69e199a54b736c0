import Discovery
import Encodings
import HTTP
import IdentityToken
import Testing

@Suite("DiscoveryError")
struct DiscoveryErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let error: DiscoveryError
        let description: String
        let advice: String
        var testDescription: String { description }

        init(_ error: DiscoveryError, _ description: String, _ advice: String) {
            self.error = error
            self.description = description
            self.advice = advice
        }
    }

    private static let there = "https://idp.example/.well-known/openid-configuration"

    private static func rows() throws -> [Row] {
        let address = try WebAddress(Text(there))
        let keys = try WebAddress("https://idp.example/jwks?secret=1")
        return [
            Row(
                .issuer("idp.example\n", .address(.scheme)),
                #"issuer "idp.example\x0a": an address that begins with https:// expected"#,
                "Correct the issuer: it is an address such as https://idp.example.com, as the provider's documentation "
                    + "has it."),
            Row(
                .issuer("https://a?b", .query), #"issuer "https://a?b": an address without ? expected"#,
                "Correct the issuer: it is an address such as https://idp.example.com, as the provider's documentation "
                    + "has it."),
            Row(
                .status(404, of: .metadata, at: address, said: nil),
                "\(there): a discovery document expected, status 404 found",
                "Check the issuer's spelling, its path included: the document has to be at that address."),
            Row(
                .status(500, of: .metadata, at: address, said: "no \u{1B}"),
                #"\#(there): a discovery document expected, status 500 found: "no \x1b""#,
                "Try again later: the server at idp.example is in trouble."),
            Row(
                .status(404, of: .keySet, at: keys, said: nil),
                "https://idp.example/jwks: a key set expected, status 404 found",
                "Tell whoever runs idp.example that its discovery document names this address as jwks_uri."),
            Row(
                .status(403, of: .keySet, at: keys, said: nil),
                "https://idp.example/jwks: a key set expected, status 403 found",
                "Check that what stands before idp.example lets everybody read that address."),
            Row(
                .body(.webPage, of: .metadata, at: address),
                "\(there): a discovery document expected, a web page found",
                "Open the address in a browser: if it shows a sign-in to your network, sign in there and try again; "
                    + "otherwise check the issuer's spelling."),
            Row(
                .body(.json(.unexpected(at: 0)), of: .metadata, at: address),
                "\(there): a discovery document expected, no JSON (byte 0: not JSON here) found",
                "Check the issuer's spelling, or tell whoever runs idp.example."),
            Row(
                .body(.empty, of: .keySet, at: keys), "https://idp.example/jwks: a key set expected, nothing found",
                "Tell whoever runs idp.example that this address, its jwks_uri, has no key set."),
            Row(
                .otherIssuer("https://idp.example/", expected: "https://idp.example", at: address),
                #"\#(there): issuer "https://idp.example" expected, "https://idp.example/" found"#,
                #"Configure the issuer with the slash at its end, as the provider has it: "https://idp.example/"."#),
            Row(
                .otherIssuer("https://idp.example", expected: "https://idp.example/", at: address),
                #"\#(there): issuer "https://idp.example/" expected, "https://idp.example" found"#,
                #"Configure the issuer without the slash at its end, as the provider has it: "https://idp.example"."#),
            Row(
                .otherIssuer("https://idp.example/{tenantid}/v2.0", expected: "https://idp.example", at: address),
                #"\#(there): issuer "https://idp.example" expected, "https://idp.example/{tenantid}/v2.0" found"#,
                "Configure the issuer of your own tenant: the provider has its id in place of what stands in braces."),
            Row(
                .otherIssuer("https://b\"", expected: "https://a", at: address),
                #"\#(there): issuer "https://a" expected, "https://b\"" found"#,
                #"If "https://b\"" is the provider that you mean, configure that as its issuer, byte for byte."#),
            Row(
                .member("token_endpoint", .plainHTTP("http://idp.example/token"), at: address),
                #"\#(there): token_endpoint: an https address expected, "http://idp.example/token" found"#,
                "Tell whoever runs idp.example to set the public https address there: behind a proxy, a provider often "
                    + "does not know it."),
            Row(
                .member("jwks_uri", .address("jwks", .scheme), at: address),
                #"\#(there): jwks_uri: an address that begins with https:// expected, "jwks" found"#,
                "Tell whoever runs idp.example that jwks_uri of its discovery document cannot be used."),
            Row(
                .member("jwks_uri", .missing, at: address), "\(there): jwks_uri: an address expected, none found",
                "Tell whoever runs idp.example that jwks_uri of its discovery document cannot be used."),
            Row(
                .member("scopes_supported", .shape("a list of strings"), at: address),
                "\(there): scopes_supported: a list of strings expected",
                "Tell whoever runs idp.example that scopes_supported of its discovery document cannot be used."),
            Row(
                .keySet(.keySet(.noKeys), at: keys), "https://idp.example/jwks: key set: no keys in it",
                "Tell whoever runs idp.example that its key set cannot be used."),
            Row(
                .keySet(.keySet(.secretKey(index: 2)), at: keys),
                "https://idp.example/jwks: key set: key 2: a secret or private key; whoever can read it can sign",
                "Tell whoever runs idp.example at once: everybody can read that key, and has to be expected to use it."),
        ]
    }

    @Test("each reason says where, what was expected and found, and what to do; no query is shown")
    func describes() throws {
        for row in try Self.rows() {
            #expect("\(row.error)" == row.description)
            #expect(row.error.advice == row.advice)
        }
    }

    @Test("no answer is told in the words of the one who asked, and its advice is a sentence")
    func wrapsHTTPErrors() async throws {
        let client = HTTPClient(userAgent: "pair/test", caFile: nil)
        do throws(DiscoveryError) {
            _ = try await discover(issuer: "http://127.0.0.1:1/a", with: client)
            Issue.record("connected to port 1")
        } catch {
            let start = "http://127.0.0.1:1/a/.well-known/openid-configuration: could not connect: "
            #expect("\(error)".hasPrefix(start))
            #expect(error.advice == "Start the server on port 1.")
        }
    }
}
