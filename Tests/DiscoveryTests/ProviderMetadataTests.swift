import Discovery
import Encodings
import HTTP
import Testing

@Suite("ProviderMetadata")
struct ProviderMetadataTests {
    private static let issuer: Text = "https://idp.example/realm"

    /// A good document's members, as JSON; those of `changes` in their place, and none where they are `nil`.
    private static func document(_ changes: [String: String?] = [:], issuer: Text = issuer) -> [UInt8] {
        var members: [String: String?] = [
            "issuer": "\"\(issuer.string)\"", "authorization_endpoint": #""https://idp.example/authorize?realm=1""#,
            "token_endpoint": #""https://idp.example/token""#, "jwks_uri": #""https://keys.example/jwks""#,
        ]
        members.merge(changes) { _, new in new }
        let texts = members.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.sorted()
        return Array("{\(texts.joined(separator: ","))}".utf8)
    }

    private static let address = try? WebAddress("https://idp.example/realm/.well-known/openid-configuration")

    @Test("a document with the least there may be is read, and says nothing of the rest")
    func readsLeast() throws {
        let metadata = try ProviderMetadata(parsing: Self.document(), issuer: Self.issuer)
        #expect(metadata.issuer == Self.issuer)
        #expect(metadata.authorizationEndpoint.description == "https://idp.example/authorize?realm=1")
        #expect(metadata.tokenEndpoint.description == "https://idp.example/token")
        #expect(metadata.jwksURI.description == "https://keys.example/jwks")
        #expect(metadata.scopesSupported == nil)
        #expect(!metadata.sendsIssuer)
        #expect(metadata.codeChallengeMethods == nil)
        #expect(metadata.tokenEndpointAuthMethods == nil)
    }

    @Test("what a provider supports is read, and what it says of all else may have any shape")
    func readsMost() throws {
        let document = Self.document([
            "scopes_supported": #"["openid","email","groups"]"#,
            "code_challenge_methods_supported": #"["plain","S256"]"#,
            "token_endpoint_auth_methods_supported": "[]", "authorization_response_iss_parameter_supported": "true",
            "mtls_endpoint_aliases": #"{"token_endpoint":"http://x"}"#, "claims_supported": "7",
            "userinfo_endpoint": "null",
        ])
        let metadata = try ProviderMetadata(parsing: document, issuer: Self.issuer)
        #expect(metadata.scopesSupported == ["openid", "email", "groups"])
        #expect(metadata.codeChallengeMethods == ["plain", "S256"])
        #expect(metadata.tokenEndpointAuthMethods == [])
        #expect(metadata.sendsIssuer)
    }

    @Test("null in what may be absent is as if it were absent")
    func readsNull() throws {
        let names = [
            "scopes_supported", "code_challenge_methods_supported", "token_endpoint_auth_methods_supported",
            "authorization_response_iss_parameter_supported",
        ]
        let nulls = Self.document(Dictionary(uniqueKeysWithValues: names.map { ($0, "null") }))
        let read = try ProviderMetadata(parsing: nulls, issuer: Self.issuer)
        #expect(read == (try ProviderMetadata(parsing: Self.document(), issuer: Self.issuer)))
    }

    // MARK: - Where it is

    @Test(
        "a document is below its issuer's path, a slash at the end taken away",
        arguments: [
            ("https://idp.example", "https://idp.example/.well-known/openid-configuration"),
            ("https://idp.example/", "https://idp.example/.well-known/openid-configuration"),
            ("https://idp.example/a/b", "https://idp.example/a/b/.well-known/openid-configuration"),
            ("https://idp.example/a/b/", "https://idp.example/a/b/.well-known/openid-configuration"),
            ("https://idp.example:8443", "https://idp.example:8443/.well-known/openid-configuration"),
            ("http://127.0.0.1:8080/o", "http://127.0.0.1:8080/o/.well-known/openid-configuration"),
            ("http://[::1]", "http://[::1]/.well-known/openid-configuration"),
        ] as [(Text, String)])
    func findsDocument(issuer: Text, address: String) throws {
        #expect(try ProviderMetadata.address(of: issuer).description == address)
    }

    static let badIssuers: [(Text, IssuerDefect)] = [
        ("", .address(.scheme)), ("idp.example", .address(.scheme)), ("ftp://idp.example", .address(.scheme)),
        ("http://idp.example", .address(.plainHTTP)), ("https://", .address(.host)),
        ("https://idp.example?tenant=1", .query), ("https://idp.example/?", .query),
        ("https://idp.example/#a", .address(.fragment)), ("https://a:b@idp.example", .address(.userInfo)),
        ("https://idp.example/ ", .address(.character(at: 20))),
        ("https://idp.example/\n", .address(.character(at: 20))),
        // Only the document's address is too long.
        (Text("https://idp.example/" + String(repeating: "a", count: 8150)), .address(.tooLong(count: 8203))),
    ]

    @Test("what cannot be an issuer is refused before anybody is asked", arguments: badIssuers)
    func refusesIssuers(issuer: Text, defect: IssuerDefect) {
        #expect(throws: DiscoveryError.issuer(issuer, defect)) { try ProviderMetadata.address(of: issuer) }
        #expect(throws: DiscoveryError.issuer(issuer, defect)) {
            try ProviderMetadata(parsing: Self.document(issuer: issuer), issuer: issuer)
        }
    }

    // MARK: - Whose it is

    @Test(
        "the issuer in a document is the configured one, byte for byte, or it is another",
        arguments: [
            "https://idp.example/realm/", "https://idp.example/Realm", "https://IDP.example/realm",
            "https://idp.example:443/realm", "http://idp.example/realm", "https://evil.example", "",
            "https://idp.example/\u{212A}",
        ] as [Text])
    func comparesIssuers(found: Text) throws {
        let expected: Text = found == "https://idp.example/\u{212A}" ? "https://idp.example/K" : Self.issuer
        let address = try ProviderMetadata.address(of: expected)
        #expect(throws: DiscoveryError.otherIssuer(found, expected: expected, at: address)) {
            try ProviderMetadata(parsing: Self.document(issuer: found), issuer: expected)
        }
    }

    @Test("an issuer with a slash at its end is another than the one without, either way")
    func comparesSlashes() throws {
        for (configured, found) in [("https://a", "https://a/"), ("https://a/", "https://a")] as [(Text, Text)] {
            let address = try WebAddress("https://a/.well-known/openid-configuration")
            #expect(throws: DiscoveryError.otherIssuer(found, expected: configured, at: address)) {
                try ProviderMetadata(parsing: Self.document(issuer: found), issuer: configured)
            }
            #expect(try ProviderMetadata(parsing: Self.document(issuer: found), issuer: found).issuer == found)
        }
    }

    // MARK: - Members

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let value: String?
        let defect: MemberDefect
        var testDescription: String { "\(name): \(value ?? "absent")" }

        init(_ name: String, _ value: String?, _ defect: MemberDefect) {
            self.name = name
            self.value = value
            self.defect = defect
        }
    }

    static let members =
        ["authorization_endpoint", "token_endpoint", "jwks_uri"].flatMap { name in
            [
                Row(name, nil, .missing), Row(name, "null", .missing), Row(name, "1", .shape("a string")),
                Row(name, #"["https://idp.example"]"#, .shape("a string")), Row(name, #""""#, .address("", .scheme)),
                Row(name, #""/token""#, .address("/token", .scheme)),
                Row(name, #""https://idp.example/a#b""#, .address("https://idp.example/a#b", .fragment)),
                Row(name, #""https://u@idp.example/""#, .address("https://u@idp.example/", .userInfo)),
                Row(name, #""javascript:alert(1)""#, .address("javascript:alert(1)", .scheme)),
                Row(name, #""file:///etc/passwd""#, .address("file:///etc/passwd", .scheme)),
                Row(name, #""http://idp.example/""#, .plainHTTP("http://idp.example/")),
                // What listens here is none of a provider's that is elsewhere.
                Row(name, #""http://localhost:8080/""#, .plainHTTP("http://localhost:8080/")),
                Row(name, #""http://127.0.0.1/""#, .plainHTTP("http://127.0.0.1/")),
            ]
        } + [
            Row("issuer", nil, .missing), Row("issuer", "null", .missing), Row("issuer", "1", .shape("a string")),
            Row("issuer", #"["https://idp.example/realm"]"#, .shape("a string")),
            Row("scopes_supported", #""openid""#, .shape("a list of strings")),
            Row("scopes_supported", #"["openid",1]"#, .shape("a list of strings")),
            Row("code_challenge_methods_supported", "{}", .shape("a list of strings")),
            Row("token_endpoint_auth_methods_supported", "[null]", .shape("a list of strings")),
            Row("authorization_response_iss_parameter_supported", #""true""#, .shape("true or false")),
            Row("authorization_response_iss_parameter_supported", "1", .shape("true or false")),
        ]

    @Test("a member that is missing or malformed is named", arguments: members)
    func refusesMembers(_ row: Row) throws {
        let address = try #require(Self.address)
        #expect(throws: DiscoveryError.member(row.name, row.defect, at: address)) {
            try ProviderMetadata(parsing: Self.document([row.name: row.value]), issuer: Self.issuer)
        }
    }

    @Test("a provider on this machine may have endpoints on plain http here, and nowhere else")
    func takesLoopback() throws {
        let issuer: Text = "http://localhost:8080"
        let document = Self.document(
            ["token_endpoint": #""http://127.0.0.1:8080/token""#, "jwks_uri": #""http://[::1]/jwks""#], issuer: issuer)
        let metadata = try ProviderMetadata(parsing: document, issuer: issuer)
        #expect(metadata.tokenEndpoint.description == "http://127.0.0.1:8080/token")
        let address = try ProviderMetadata.address(of: issuer)
        let elsewhere = Self.document(["token_endpoint": #""http://10.0.0.1/token""#], issuer: issuer)
        #expect(throws: DiscoveryError.member("token_endpoint", .plainHTTP("http://10.0.0.1/token"), at: address)) {
            try ProviderMetadata(parsing: elsewhere, issuer: issuer)
        }
    }

    // MARK: - What is no document

    static let bodies: [(String, BodyDefect)] = [
        ("", .empty), (" \r\n\t", .empty), ("<html>", .webPage), ("\n\t <!DOCTYPE html>", .webPage),
        (#"<?xml version="1.0"?>"#, .webPage), ("Not found", .json(.unexpected(at: 0))),
        (#"{"issuer":"https://idp.example/realm""#, .json(.unexpected(at: 37))),
        (#"{"issuer":"a","issuer":"b"}"#, .json(.duplicateMember("issuer", at: 14))), ("{}{}", .json(.trailing(at: 2))),
        ("\u{FEFF}{}", .json(.unexpected(at: 0))), ("[]", .notAnObject), ("null", .notAnObject),
        (#""https://idp.example/realm""#, .notAnObject),
        (String(repeating: " ", count: ProviderMetadata.maximumCount + 1), .tooLarge),
        (String(repeating: "[", count: 17), .json(.tooDeep(at: 16))),
    ]

    @Test("a body that is no document is told by what it is", arguments: bodies)
    func refusesBodies(body: String, defect: BodyDefect) throws {
        let address = try #require(Self.address)
        #expect(throws: DiscoveryError.body(defect, of: .metadata, at: address)) {
            try ProviderMetadata(parsing: Array(body.utf8), issuer: Self.issuer)
        }
    }

    @Test("every truncation of a document is refused, and as large a one as allowed is read")
    func refusesTruncations() throws {
        let document = Self.document()
        for count in document.indices {
            #expect(throws: DiscoveryError.self) {
                try ProviderMetadata(parsing: Array(document.prefix(count)), issuer: Self.issuer)
            }
        }
        let most = document + [UInt8](repeating: 0x20, count: ProviderMetadata.maximumCount - document.count)
        #expect(throws: Never.self) { try ProviderMetadata(parsing: most, issuer: Self.issuer) }
    }
}
