import Encodings
import HTTP
import Testing

@testable import Discovery
@testable import IdentityToken

/// Documents and key sets as the server of server.py serves them.
@Suite("Fetching", .server)
struct FetchingTests {
    private static let now = UnixTime(seconds: 1_795_348_800)

    private func error(discovering issuer: Text) async throws -> DiscoveryError? {
        let client = try Server.current.client
        do throws(DiscoveryError) {
            _ = try await discover(issuer: issuer, with: client)
            return nil
        } catch {
            return error
        }
    }

    private func error(fetching name: String) async throws -> DiscoveryError? {
        let server = try Server.current
        let metadata = try server.metadata(keys: name)
        do throws(DiscoveryError) {
            _ = try await fetchKeySet(of: metadata, at: Self.now, with: server.client)
            return nil
        } catch {
            return error
        }
    }

    // MARK: - The document

    @Test("a provider is discovered, with a slash at its issuer's end or none", arguments: ["good", "slash/"])
    func discovers(name: String) async throws {
        let server = try Server.current
        let metadata = try await discover(issuer: server.issuer(name), with: server.client)
        #expect(metadata.issuer == server.issuer(name))
        #expect(metadata.tokenEndpoint == (try server.address("/\(name)/token")))
        #expect(metadata.scopesSupported == (name == "good" ? ["openid", "email"] : nil))
    }

    @Test("another issuer is told, the slash at its end included")
    func tellsOtherIssuers() async throws {
        let server = try Server.current
        for (configured, name, found) in [
            ("good/", "good", server.issuer("good")), ("slash", "slash", server.issuer("slash/")),
            ("other", "other", "https://evil.example"), ("tenants", "tenants", server.issuer("{tenantid}")),
        ] {
            let issuer = server.issuer(configured)
            let expected = DiscoveryError.otherIssuer(found, expected: issuer, at: try server.document(name))
            #expect(try await error(discovering: issuer) == expected)
        }
    }

    static let bodies: [(String, BodyDefect)] = [
        ("empty", .empty), ("blank", .empty), ("no-content", .empty), ("page", .webPage),
        ("words", .json(.unexpected(at: 0))), ("list", .notAnObject), ("large", .tooLarge),
    ]

    @Test("an answer that is no document is told by what it is", arguments: bodies)
    func tellsBodies(name: String, defect: BodyDefect) async throws {
        let server = try Server.current
        let expected = DiscoveryError.body(defect, of: .metadata, at: try server.document(name))
        #expect(try await error(discovering: server.issuer(name)) == expected)
    }

    static let statuses: [(String, Int, Text?)] = [
        ("missing", 404, "404 page not found"), ("missing-page", 404, nil), ("forbidden", 403, nil),
        ("broken", 500, #"{"error": "database"}"#), ("binary", 502, nil), ("colours", 503, nil),
        ("long", 503, Text(String(repeating: "zu beschäftigt ", count: 33) + "zu be")),
    ]

    @Test("a failure's status is told, with what it says where that is plain text", arguments: statuses)
    func tellsStatuses(name: String, status: Int, text: Text?) async throws {
        let server = try Server.current
        let expected = DiscoveryError.status(status, of: .metadata, at: try server.document(name), said: text)
        #expect(try await error(discovering: server.issuer(name)) == expected)
    }

    @Test("a provider that is not there, sends without end or sends us elsewhere gives no answer")
    func tellsNoAnswer() async throws {
        let server = try Server.current
        func failure(_ issuer: Text) async throws -> HTTPFailure? {
            guard case .noAnswer(let failure) = try await error(discovering: issuer) else { return nil }
            return failure.failure
        }
        #expect(try await failure(server.issuer("huge")) == .tooLarge(limit: 1 << 20))
        let target: Text = "https://elsewhere.example/.well-known/openid-configuration"
        #expect(try await failure(server.issuer("moved")) == .redirectRefused(to: target, .otherOrigin))
        // Port 1 of this machine: tcpmux, which nobody has.
        guard case .couldNotConnect = try await failure("http://127.0.0.1:1") else {
            Issue.record("connected to port 1")
            return
        }
    }

    @Test("what is asked for is JSON, and a key set under either of its names")
    func asksForJSON() async throws {
        let server = try Server.current
        let document = DiscoveryError.status(
            404, of: .metadata, at: try server.document("accept"), said: "application/json")
        #expect(try await error(discovering: server.issuer("accept")) == document)
        let keys = DiscoveryError.status(
            404, of: .keySet, at: try server.address("/keys/accept"), said: "application/json, application/jwk-set+json"
        )
        #expect(try await error(fetching: "accept") == keys)
    }

    @Test("what cannot be an issuer is asked nothing")
    func refusesIssuers() async throws {
        let expected = DiscoveryError.issuer("http://idp.example", .address(.plainHTTP))
        #expect(try await error(discovering: "http://idp.example") == expected)
    }

    // MARK: - The key set

    static let keys: [(String, [(Text, SigningAlgorithm)])] = [
        ("good", [("ec", .es256)]), ("without-alg", [("ec", .es256), ("rsa", .rs256), ("rsa", .ps256)]),
        ("ed25519", [("ed", .eddsa)]), ("mixed", [("ec", .es256)]), ("jwk-set-json", [("ec", .es256)]),
        ("without-type", [("ec", .es256)]),
    ]

    @Test("a key set is fetched, with keys for something else in it or not", arguments: keys)
    func fetches(name: String, expected: [(Text, SigningAlgorithm)]) async throws {
        let server = try Server.current
        let set = try await fetchKeySet(of: server.metadata(keys: name), at: Self.now, with: server.client)
        #expect(set.issuer == "http://localhost")
        #expect(set.fetchedAt == Self.now)
        for (id, algorithm) in expected {
            #expect(try set.key(named: id, for: algorithm).keyID == id)
            #expect(try set.key(named: nil, for: algorithm).keyID == id)
        }
    }

    static let keyBodies: [(String, BodyDefect)] = [
        ("empty", .empty), ("page", .webPage), ("cut", .json(.unexpected(at: 9))),
    ]

    @Test("an answer that is no key set is told by what it is", arguments: keyBodies)
    func tellsKeyBodies(name: String, defect: BodyDefect) async throws {
        let expected = DiscoveryError.body(defect, of: .keySet, at: try Server.current.address("/keys/\(name)"))
        #expect(try await error(fetching: name) == expected)
    }

    static let defects: [(String, TokenError.KeySetDefect)] = [
        ("secret", .secretKey(index: 1)), ("none", .noKeys), ("list", .member("keys")), ("large", .tooLarge),
    ]

    @Test("a key set that cannot be used is refused for its reason", arguments: defects)
    func refusesKeySets(name: String, defect: TokenError.KeySetDefect) async throws {
        let address = try Server.current.address("/keys/\(name)")
        #expect(try await error(fetching: name) == .keySet(.keySet(defect), at: address))
    }

    @Test("a key set that is not there is told by its status")
    func tellsMissingKeySets() async throws {
        let server = try Server.current
        let gone = DiscoveryError.status(410, of: .keySet, at: try server.address("/keys/gone"), said: nil)
        #expect(try await error(fetching: "gone") == gone)
        let missing = DiscoveryError.status(
            404, of: .keySet, at: try server.address("/keys/missing"), said: #"{ "error": "not found" }"#)
        #expect(try await error(fetching: "missing") == missing)
    }
}
