import Encodings
import Policy
import TOML
import Testing

@testable import Upkeep

/// opkssh's `providers` as tables of pair.toml.
@Suite struct OpksshImportProvidersTests {
    /// One expiry, and what becomes of it.
    struct Expiry: Sendable, CustomStringConvertible {
        let word: String
        let lifetime: Int64
        let renewable: Int64
        let isBeyond: Bool
        var reasons: [OpksshReason] = []

        var description: String { word }
    }

    static let expiries = [
        Expiry(word: "12h", lifetime: 43_200, renewable: 43_200, isBeyond: true),
        Expiry(word: "24h", lifetime: 86_400, renewable: 86_400, isBeyond: true),
        Expiry(word: "48h", lifetime: 172_800, renewable: 172_800, isBeyond: true),
        Expiry(word: "1week", lifetime: 604_800, renewable: 604_800, isBeyond: true),
        Expiry(word: "never", lifetime: 604_800, renewable: 604_800, isBeyond: true, reasons: [.lifetime(.never)]),
        Expiry(word: "oidc", lifetime: 86_400, renewable: 3600, isBeyond: false, reasons: [.lifetime(.firstToken)]),
        Expiry(
            word: "oidc_refreshed", lifetime: 86_400, renewable: 86_400, isBeyond: false,
            reasons: [.lifetime(.refreshedTokens)]),
        Expiry(
            word: "oidc-refreshed", lifetime: 86_400, renewable: 86_400, isBeyond: false,
            reasons: [.lifetime(.refreshedTokens), .lifetime(.misspelt("oidc-refreshed"))]),
    ]

    @Test("an expiry becomes lifetimes that end no later, or says so", arguments: expiries)
    func expiry(row: Expiry) throws {
        let made = try imported(providers: "https://idp.example.com pair \(row.word)\n")
        let provider = try #require(try made.parsed.providers.first)
        #expect(provider.issuer == "https://idp.example.com")
        #expect(provider.clientIDs == ["pair"])
        #expect(provider.keysLifetime == Seconds(row.lifetime))
        #expect(provider.renewableFor == Seconds(row.renewable))
        #expect(provider.beyondTokenExpiry == row.isBeyond)
        #expect(made.findings.map(\.reasons) == [row.reasons])
        #expect(made.findings.map(\.result) == [["[[provider]] idp.example.com"]])
    }

    static let names: [(Text, String)] = [
        ("https://accounts.google.com", "google"), ("https://gitlab.com", "gitlab"),
        ("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", "entra"),
        ("https://login.microsoftonline.com/contoso/v2.0", "entra"), ("https://issuer.hello.coop", "hello"),
        ("https://IdP.Example.com:8443/realms/x", "idp.example.com"), ("http://localhost:8080", "localhost"),
        ("https://auth.local/application/o/opkssh/", "auth.local"), ("https://[::1]:1/", "provider"),
        ("https://a-very-long-name-for-a-host-indeed.example.com", "a-very-long-name-for-a-host-inde"),
        ("https://gitlab.example.com", "gitlab.example.com"), ("https://accounts.google.com/", "accounts.google.com"),
        ("https://_idp.example.com", "idp.example.com"),
    ]

    @Test("a provider is called by its host, or as our documentation calls it", arguments: names)
    func name(issuer: Text, name: String) throws {
        #expect(providerName(of: issuer) == name)
        #expect(try imported(providers: "\(issuer.string) pair 12h\n").parsed.providers.map(\.name) == [name])
    }

    @Test("clients at one issuer with one expiry are one provider, with another expiry another one")
    func grouping() throws {
        let made = try imported(
            providers: """
                https://idp.example.com a 12h
                https://idp.example.com b 24h
                https://idp.example.com c 12h
                https://idp.example.com d never
                """)
        let providers = try made.parsed.providers
        #expect(providers.map(\.name) == ["idp.example.com", "idp.example.com-2", "idp.example.com-3"])
        #expect(providers.map(\.clientIDs) == [["a", "c"], ["b"], ["d"]])
        #expect(made.configuration.contains("# providers, line 1, 3\n[[provider]]"))
    }

    /// A second line below one of client a for 12h, and the finding on it.
    static let left: [(String, OpksshReason)] = [
        ("https://idp.example.com a 12h", .client(.sameAgain(firstLine: 1))),
        ("https://idp.example.com a 24h", .client(.again(firstLine: 1))),
        ("https://idp.example.com b 36h", .lifetime(.unknown("36h"))),
        ("https://idp.example.com b 12H", .lifetime(.unknown("12H"))),
        ("https://idp.example.com b", .row(.columns(2))),
        ("https://idp.example.com,b 12h", .row(.columns(2))),
        ("https://idp.example.com b 12h x", .row(.columns(4))),
        ("https://token.actions.githubusercontent.com github oidc", .client(.ofJobs)),
        ("https://codeberg.org/api/actions codeberg oidc", .client(.ofJobs)),
        ("https://git.example.com/api/actions/ forgejo oidc", .client(.ofJobs)),
        ("https://gitlab.com gitlab-ci 24h", .client(.ofJobs)),
        ("https://gitlab.com OPENPUBKEY-PKTOKEN:ssh-deploy-prod 24h", .client(.ofJobs)),
        (
            "http://idp.example.com b 12h",
            .client(
                .refused(
                    .settings(
                        .memberValue(
                            "issuer", table: "provider", found: "http://idp.example.com",
                            expected: "an https URL without query"))))
        ),
    ]

    @Test("a line that makes no provider has a finding and a comment in its place", arguments: left)
    func leaves(line: String, reason: OpksshReason) throws {
        let made = try imported(providers: "https://idp.example.com a 12h\n\(line)\n")
        #expect(try made.parsed.providers.map(\.clientIDs) == [["a"]])
        #expect(
            made.findings.last == OpksshFinding(file: "providers", line: 2, source: line, reasons: [reason]))
        #expect(made.configuration.contains("# not taken over (providers:2, \(reason.code)): \(line)\n"))
    }

    @Test("a client id that opkssh brings along is taken, with a word about it")
    func clientOfProject() throws {
        let made = try imported(
            providers: "https://gitlab.com 8d8b7024572c7fd501f64374dec6bba37096783dfcd792b3988104be08cb6923 24h\n")
        #expect(try made.parsed.providers.count == 1)
        #expect(made.findings.map(\.reasons) == [[.client(.ofProject)]])
    }

    @Test("comments stay with the line that they stand by")
    func comments() throws {
        let made = try imported(
            providers: "# first\nhttps://a.example x 12h # second\n# third\n\nhttps://b.example x 12h\n# last\n")
        #expect(
            made.configuration == """
                # Taken over from opkssh by `pair host import-opkssh`.
                space = "build-box"

                # first
                # second
                # providers, line 2
                [[provider]]
                name = "a.example"
                issuer = "https://a.example"
                client_ids = ["x"]
                keys_lifetime = "12h"
                renewable_for = "12h"
                beyond_token_expiry = true

                # third
                # providers, line 5
                [[provider]]
                name = "b.example"
                issuer = "https://b.example"
                client_ids = ["x"]
                keys_lifetime = "12h"
                renewable_for = "12h"
                beyond_token_expiry = true

                # last

                """)
    }

    @Test(
        "a client id comes through whatever is in it",
        arguments: [
            "a\"b", "a\\\\b", "a\u{1B}[31mb", "a\u{7F}b", "ключ", "a'''b", "a\\ b", "a\u{2028}b", "a\u{202E}b",
        ])
    func quoting(client: String) throws {
        let made = try imported(providers: "https://idp.example.com \(client) 12h\n")
        guard let provider = try made.parsed.providers.first else {
            // White space to opkssh.
            #expect(made.findings.map(\.reasons) == [[.row(.columns(4))]])
            return
        }
        let expected = client.replacing("\\\\", with: "\\").replacing("\\ ", with: " ")
        #expect(provider.clientIDs == [Text(expected)])
    }

    @Test("a file without any line comes to a configuration without a provider")
    func empty() throws {
        let made = try imported(providers: "")
        #expect(try made.parsed.providers.isEmpty)
        #expect(made.findings.isEmpty)
    }
}
