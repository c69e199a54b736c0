import Administration
import Encodings
import Policy
import SSHKeys
import Testing

@Suite("accounts, edited")
struct AccountsFileTests {
    private static func key(_ byte: UInt8) -> PublicKey { .ed25519([UInt8](repeating: byte, count: 32)) }

    private static let file = """
        # Teams.
        team cert-authority,services="pgs" \(key(1).authorizedKeysText) yubikey 1
        alice \(key(2).authorizedKeysText)
        team cert-authority \(key(3).authorizedKeysText) next

        """

    private func accounts(_ text: String = file) throws -> AccountsFile {
        try AccountsFile(Array(text.utf8), path: "accounts")
    }

    private func adding(
        _ account: String, _ key: PublicKey, isAuthority: Bool = false, services: [String]? = nil, comment: Text = "",
        to text: String = file
    ) throws -> LineEdit {
        let addition = AccountsFile.Addition(
            account: account, key: key, isAuthority: isAuthority, services: services, comment: comment)
        return try accounts(text).adding(addition, under: configuration())
    }

    @Test("a key goes behind its account's others, a new account's behind all")
    func adds() throws {
        let new = Self.key(9).authorizedKeysText
        #expect(
            try adding("alice", Self.key(9), comment: "laptop, 2026").changes
                == [.added(line: 4, Text("alice \(new) laptop, 2026"))])
        #expect(
            try adding("ci", Self.key(9), isAuthority: true, services: ["pgs", "admin"]).changes
                == [.added(line: 5, Text("ci cert-authority,services=\"pgs,admin\" \(new)"))])
        #expect(
            try adding("team", Self.key(9), isAuthority: true).changes
                == [.added(line: 5, Text("team cert-authority \(new)"))])
        #expect(try adding("x", Self.key(9), to: "").text == "x \(new)\n")
    }

    @Test("what a host would not take is refused")
    func refuses() {
        let rows: [(() throws -> LineEdit, EditError)] = [
            ({ try self.adding("Team", Self.key(9)) }, .request(.malformed(.account, found: "Team"))),
            ({ try self.adding("", Self.key(9)) }, .request(.malformed(.account, found: ""))),
            ({ try self.adding("a b", Self.key(9)) }, .request(.malformed(.account, found: "a b"))),
            ({ try self.adding("a", Self.key(9), comment: "x\nroot ssh-ed25519") }, .request(.controlCharacter(10))),
            (
                { try self.adding("a", Self.key(9), isAuthority: true, services: ["pgs", "web"]) },
                .serviceUnknown("web", known: ["pgs", "tuns", "admin"])
            ),
            ({ try self.adding("alice", Self.key(1)) }, .keyTwice(account: "team", line: 2)),
            ({ try self.adding("team", Self.key(1)) }, .keyTwice(account: "team", line: 2)),
            ({ try self.adding("team", Self.key(1), isAuthority: true) }, .keyTwice(account: "team", line: 2)),
            ({ try self.adding("alice", Self.key(2), isAuthority: true) }, .keyTwice(account: "alice", line: 3)),
            (
                { try self.adding("x", Self.key(9), to: "x y\n") },
                .policy(
                    PolicyError(
                        file: "accounts", line: 1, column: 3, reason: .optionUnknown("y")))
            ),
        ]
        for (adding, error) in rows { #expect(throws: error) { try adding() } }
    }

    @Test("a key that stands there just so changes nothing")
    func isIdempotent() throws {
        #expect(try adding("team", Self.key(1), isAuthority: true, services: ["pgs"], comment: "x").changes.isEmpty)
        #expect(try adding("alice", Self.key(2)).changes.isEmpty)
    }

    @Test("an account goes whole, or loses one key")
    func removes() throws {
        #expect(try accounts().removing("team", key: nil).changes.map(\.line) == [2, 4])
        let key = try Self.key(3).fingerprint()
        #expect(try accounts().removing("team", key: key).changes.map(\.line) == [4])
        #expect(throws: EditError.accountKeyUnknown("\(key)")) { try accounts().removing("alice", key: key) }
        #expect(throws: EditError.accountUnknown("bob")) { try accounts().removing("bob", key: nil) }
    }
}

@Suite("revoked, edited")
struct RevokedFileTests {
    private static let key = try? PublicKey.ed25519([UInt8](repeating: 1, count: 32)).fingerprint()

    private func fingerprint() throws -> Fingerprint { try #require(Self.key) }

    private func file() throws -> String {
        """
        # Lost.
        cert \(try fingerprint()) serial=12-40
        cert \(try fingerprint()) id="a \\"b\\""
        identity google sub:1
        identity * Mallory@example.com

        """
    }

    private func revoking(_ revocation: RevokedFile.Revocation) throws -> LineEdit {
        try RevokedFile(Array(file().utf8), path: "revoked", under: configuration()).revoking(revocation)
    }

    @Test("what is revoked is the last line, as it is documented")
    func adds() throws {
        let key = try fingerprint()
        let rows: [(RevokedFile.Revocation, String)] = [
            (.key(key), "key \(key)"), (.serials(7...7, of: key), "cert \(key) serial=7"),
            (.serials(7...40, of: key), "cert \(key) serial=7-40"),
            (.serials(0...UInt64.max, of: key), "cert \(key) serial=0-18446744073709551615"),
            (.keyID("alice@2026-11-22", of: key), "cert \(key) id=alice@2026-11-22"),
            (.keyID("a, \"b\" \\ c", of: key), "cert \(key) id=\"a, \\\"b\\\" \\\\ c\""),
            (.identity("sub:a b", provider: "okta"), "identity okta \"sub:a b\""),
            (.identity("sub:1", provider: "*"), "identity * sub:1"),
        ]
        for (revocation, line) in rows {
            #expect(try revoking(revocation).changes == [.added(line: 6, Text(line))])
        }
    }

    @Test("what is revoked already, or is nothing to revoke, is refused")
    func refuses() throws {
        let key = try fingerprint()
        let rows: [(RevokedFile.Revocation, EditError)] = [
            (.serials(12...12, of: key), .revokedBefore(line: 2)),
            (.serials(13...40, of: key), .revokedBefore(line: 2)),
            (.keyID("a \"b\"", of: key), .revokedBefore(line: 3)),
            (.identity("sub:1", provider: "google"), .revokedBefore(line: 4)),
            (.identity("mallory@example.com", provider: "okta"), .revokedBefore(line: 5)),
            (.identity("mallory@example.com", provider: "*"), .revokedBefore(line: 5)),
            (.identity("mallory@example.com", provider: "azure"), .request(.providerUnknown("azure"))),
            (.identity("group:x", provider: "okta"), .request(.malformed(.revokedIdentity, found: "group:x"))),
            (.identity("*@x.y", provider: "okta"), .request(.malformed(.revokedIdentity, found: "*@x.y"))),
            (.keyID("", of: key), .request(.malformed(.certificates, found: ""))),
            (.keyID("a\nb", of: key), .request(.controlCharacter(10))),
        ]
        for (revocation, error) in rows { #expect(throws: error, "\(revocation)") { try revoking(revocation) } }
    }

    @Test(
        "serials are a number or two",
        arguments: [("0", 0...0), ("12-40", 12...40), ("7-7", 7...7)] as [(Text, ClosedRange<UInt64>)])
    func readsSerials(text: Text, range: ClosedRange<UInt64>) throws {
        #expect(try serials(text) == range)
    }

    @Test(
        "what is no number is no serial",
        arguments: ["", "-", "1-", "-1", "+1", "1-+2", "2-1", "0x1", "1 ", "1-2-3", "18446744073709551616"] as [Text])
    func refusesSerials(text: Text) {
        #expect(throws: EditError.serialsMalformed(text)) { try serials(text) }
    }
}
