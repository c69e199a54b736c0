import Encodings
import Foundation
import HostFiles
import KeyStore
import SSHKeys
import Testing

@testable import TestSupport

/// A state file that is not read, and why.
struct SpoiltState: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Of the whole file, by another.
    let replacement: (String, String)
    let defect: StateDefect

    init(_ name: String, _ old: String, _ new: String, _ defect: StateDefect) {
        testDescription = name
        replacement = (old, new)
        self.defect = defect
    }
}

@Suite("The state of Keys")
struct StoredStateTests {
    let scratch: Scratch
    let store: KeyStore

    init() throws {
        scratch = try Scratch()
        store = KeyStore(scratch)
        try scratch.run("mkdir", "-m", "700", "-p", "ssh/pair")
    }

    private static let fingerprint = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

    private static let largest =
        #"{"version":1,"name":"work","provider":{"name":"google","issuer":"https://op.example","#
        + #""client_id":"pair","scopes":["openid"],"redirect_uris":["http://127.0.0.1:7/callback"],"#
        + #""parameters":[["hd","example.com"],["hd",""]],"keys_lifetime":300,"renewable_for":3600,"beyond_token_expiry":true,"#
        + #""token_types":["JWT"],"algorithms":[]},"keys":["\#(fingerprint)"],"in_agent":true,"refresh_token":"a\"b","#
        + #""identity":{"sub":"1","email":"alice@example.com"},"issued":1000,"expires":2000}"#

    private static let smallest =
        #"{"version":1,"name":"work","provider":{"name":"google","issuer":"https://op.example","#
        + #""client_id":"pair"},"keys":["\#(fingerprint)"],"in_agent":false,"identity":{"sub":"1"},"#
        + #""issued":1000,"expires":2000}"#

    private func load(_ text: String) throws -> StoredState? {
        try scratch.write(Array(text.utf8), to: "ssh/pair/work.json")
        try scratch.run("chmod", "600", "ssh/pair/work.json")
        return try store.load("work")
    }

    @Test("every member is read, and written again the same")
    func readsAll() throws {
        let state = try #require(try load(Self.largest))
        #expect(
            state.provider
                == StoredProvider(
                    name: "google", issuer: "https://op.example", clientID: "pair", scopes: ["openid"],
                    redirectURIs: ["http://127.0.0.1:7/callback"],
                    parameters: [
                        StoredProvider.Parameter(name: "hd", value: "example.com"),
                        StoredProvider.Parameter(name: "hd", value: ""),
                    ], keysLifetime: Seconds(300), renewableFor: Seconds(3600), beyondTokenExpiry: true,
                    tokenTypes: ["JWT"], algorithms: []))
        #expect(state.name == "work")
        #expect(state.keys.map { $0.description } == [Self.fingerprint])
        #expect(state.isInAgent)
        #expect(state.refreshToken == "a\"b")
        #expect(state.subject == "1")
        #expect(state.email == "alice@example.com")
        #expect(state.issued == UnixTime(seconds: 1000))
        #expect(state.expires == UnixTime(seconds: 2000))
        try scratch.write([], to: "ssh/pair/work.json")
        try scratch.run("rm", "ssh/pair/work.json")
        try store.saveState(state, under: store.lock("work"))
        #expect(store.bytes(of: .state) == Array((Self.largest + "\n").utf8))
    }

    @Test("what may be left out is left out")
    func readsLeast() throws {
        let state = try #require(try load(Self.smallest))
        #expect(state.provider == StoredProvider(name: "google", issuer: "https://op.example", clientID: "pair"))
        #expect(state.refreshToken == nil && state.email == nil && !state.isInAgent)
        try store.saveState(state, under: store.lock("work"))
        #expect(store.bytes(of: .state) == Array((Self.smallest + "\n").utf8))
        #expect(
            try load(Self.smallest.replacing(#""issued""#, with: #""refresh_token":null,"later":{},"issued""#)) == state
        )
    }

    @Test("a moment may be the last there is")
    func readsNever() throws {
        let state = try load(Self.smallest.replacing("2000", with: "9223372036854775807"))
        #expect(state?.expires == .never)
    }

    private static let spoilt: [SpoiltState] = [
        SpoiltState("torn", "2000}", "2000", .json(.unexpected(at: smallest.utf8.count - 1))),
        SpoiltState("a list", smallest, "[]", .member("")),
        SpoiltState("nothing", smallest, "", .json(.unexpected(at: 0))),
        SpoiltState("a later version", #"n":1"#, #"n":2"#, .version(2)),
        SpoiltState("a later version of another shape", smallest, #"{"version":7}"#, .version(7)),
        SpoiltState("no version", #""version":1,"#, "", .member("version")),
        SpoiltState("a version in quotes", #"n":1"#, #"n":"1""#, .member("version")),
        SpoiltState("another name", #""name":"work""#, #""name":"home""#, .name("home")),
        SpoiltState("no provider", #""provider":"#, #""x":"#, .member("provider")),
        SpoiltState("no issuer", #""issuer":"#, #""x":"#, .member("provider.issuer")),
        SpoiltState("no client", #""client_id":"#, #""x":"#, .member("provider.client_id")),
        SpoiltState("scopes in one text", #""client_id""#, #""scopes":"a b","client_id""#, .member("provider.scopes")),
        SpoiltState("a scope that is none", #""client_id""#, #""scopes":[1],"client_id""#, .member("provider.scopes")),
        SpoiltState(
            "a parameter without value", #""client_id""#, #""parameters":[["a"]],"client_id""#,
            .member("provider.parameters")),
        SpoiltState(
            "half a second", #""client_id""#, #""keys_lifetime":0.5,"client_id""#, .member("provider.keys_lifetime")),
        SpoiltState("no keys", #""keys":"#, #""x":"#, .member("keys")),
        SpoiltState("an empty list of keys", #"["\#(fingerprint)"]"#, "[]", .member("keys")),
        SpoiltState("a key that is none", "SHA256:47", "SHA256:4", .member("keys")),
        SpoiltState("an agent's place that is neither", #"t":false"#, #"t":0"#, .member("in_agent")),
        SpoiltState("no identity", #""sub":"1""#, "", .member("identity.sub")),
        SpoiltState("no time", #""expires":2000"#, #""expires":null"#, .member("expires")),
        SpoiltState(
            "a member twice", #""version":1"#, #""version":1,"version":1"#, .json(.duplicateMember("version", at: 13))),
    ]

    @Test("a file that is anything else is refused", arguments: spoilt)
    func refuses(row: SpoiltState) throws {
        let text = Self.smallest.replacing(row.replacement.0, with: row.replacement.1)
        try #require(text != Self.smallest)
        #expect(throws: KeyStoreError.state(store.path(of: .state, "work"), row.defect)) { try load(text) }
    }

    @Test("a file that is too large is not read")
    func refusesLarge() throws {
        let text = Self.smallest + String(repeating: " ", count: 65_537 - Self.smallest.utf8.count)
        #expect(throws: KeyStoreError.state(store.path(of: .state, "work"), .tooLarge(limit: 65_536))) {
            try load(text)
        }
        #expect(try load(String(text.dropLast())) != nil)
    }

    @Test("no secret of the state is in an error's text")
    func keepsSecrets() throws {
        let text = Self.largest.replacing(#""sub":"1""#, with: #""sub":1"#)
        let error = #expect(throws: KeyStoreError.self) { try load(text) }
        let said = "\(String(describing: error)) \(error?.advice ?? "")"
        #expect(said.contains("identity.sub") && !said.contains(#"a"b"#) && !said.contains("a\\\"b"))
    }
}
