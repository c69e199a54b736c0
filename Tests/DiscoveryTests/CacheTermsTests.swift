import Encodings
import HTTP
import IdentityToken
import Testing

@testable import Discovery

/// Key sets that are asked for again.
@Suite("CacheTerms", .server) struct CacheTermsTests {
    private static let now = UnixTime(seconds: 1_795_348_800)

    private func ask(
        _ name: String, unless tag: EntityTag? = nil, isUrgent: Bool = false
    ) async throws -> KeySetAnswer {
        let server = try Server.current
        return try await askForKeySet(
            of: server.metadata(keys: name), unless: tag, isUrgent: isUrgent, at: Self.now, with: server.client)
    }

    private func error(_ name: String, unless tag: EntityTag? = nil, isUrgent: Bool = false) async -> DiscoveryError? {
        do {
            _ = try await ask(name, unless: tag, isUrgent: isUrgent)
            return nil
        } catch {
            return error as? DiscoveryError
        }
    }

    @Test("a set comes whole, with its name and how long it is good still")
    func serves() async throws {
        guard case .served(let set, let jwks, let terms) = try await ask("tagged") else {
            Issue.record("no set")
            return
        }
        #expect(set.fetchedAt == Self.now)
        #expect(try KeySet(jwks: jwks, issuer: set.issuer, fetchedAt: Self.now).algorithmsOfKeys == [[.es256]])
        #expect(terms.entityTag == EntityTag("\"v1\""))
        #expect(terms.freshFor == Seconds(500))
    }

    @Test(
        "a set that is named is not served again, and keeps its name where the server forgets it",
        arguments: ["tagged", "nameless"])
    func isUnchanged(name: String) async throws {
        guard case .unchanged(let terms) = try await ask(name, unless: EntityTag("\"v1\"")) else {
            Issue.record("a set")
            return
        }
        #expect(terms.entityTag == EntityTag("\"v1\""))
        #expect(terms.freshFor == Seconds(500))
    }

    @Test("a set of another name is served")
    func isChanged() async throws {
        guard case .served = try await ask("tagged", unless: EntityTag("\"v0\"")) else {
            Issue.record("no set")
            return
        }
    }

    @Test("nothing is unchanged for who has named nothing")
    func refusesUnasked() async throws {
        let address = try Server.current.address("/keys/untagged")
        #expect(await error("untagged") == .status(304, of: .keySet, at: address, said: nil))
        guard case .unchanged = try await ask("untagged", unless: EntityTag("\"v1\"")) else {
            Issue.record("a set")
            return
        }
    }

    @Test("caches on the way are passed by where it is urgent, and not else")
    func passesCaches() async throws {
        let address = try Server.current.address("/keys/no-cache")
        #expect(await error("no-cache") == .status(404, of: .keySet, at: address, said: "none"))
        #expect(await error("no-cache", isUrgent: true) == .status(404, of: .keySet, at: address, said: "no-cache"))
    }

    @Test("what cannot be used is refused as it is the first time")
    func refuses() async throws {
        let address = try Server.current.address("/keys/secret")
        #expect(await error("secret") == .keySet(.keySet(.secretKey(index: 1)), at: address))
    }

    static let tags: [Text] = [
        "\"\"", "\"v1\"", "W/\"v1\"", "\"a!#\\'~\"", Text("\"" + String(repeating: "x", count: 254) + "\""),
    ]

    @Test("an entity tag is kept as it is", arguments: tags)
    func keeps(tag: Text) {
        #expect(EntityTag(tag)?.text == tag)
    }

    static let others: [Text] = [
        "", "\"", "v1", "w/\"v1\"", "W/v1", "W/\"", "\"v1", "v1\"", "\"a\", \"b\"", "\"a\"b\"", "\"a b\"", "\"é\"",
        "\"a\tb\"",
        "\"a\u{7F}\"", Text("\"" + String(repeating: "x", count: 255) + "\""),
    ]

    @Test("what is no entity tag is none, so that it is never sent", arguments: others)
    func rejects(text: Text) {
        #expect(EntityTag(text) == nil)
    }
}
