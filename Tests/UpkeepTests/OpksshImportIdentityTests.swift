import Encodings
import Policy
import Testing

@testable import Upkeep

/// Whom a line of opkssh's means, in our words.
@Suite struct OpksshImportIdentityTests {
    private static let google: Text = "https://accounts.google.com"
    private static let entra: Text = "https://login.microsoftonline.com/contoso/v2.0"
    private static let other: Text = "https://idp.example.com"

    /// One identity, and the column that it becomes.
    struct Taken: Sendable, CustomStringConvertible {
        let text: Text
        var issuer: Text = other
        let column: Text
        var reasons: [OpksshReason] = []

        var description: String { text.string }
    }

    static let taken = [
        // opkssh README, docs/config.md.
        Taken(text: "alice@example.com", column: "alice@example.com", reasons: [.email(.mustBeVerified)]),
        Taken(text: "oidc:groups:developer", column: "group:developer"),
        Taken(text: "oidc:group:admin", column: "claim:group=admin"),
        Taken(text: "oidc:\"https://acme.com/groups\":ssh-users", column: "claim:https://acme.com/groups=ssh-users"),
        Taken(
            text: "oidc-match-end:email:@example.com", column: "*@example.com", reasons: [.email(.mustBeVerified)]),
        Taken(text: "110169484474386276334", column: "sub:110169484474386276334"),
        // Issues and tests of opkssh.
        Taken(text: "oidc:groups:it.infra@my_domain.com", column: "group:it.infra@my_domain.com"),
        Taken(text: "oidc:opkssh_groups:IT admins", column: "claim:opkssh_groups=IT admins"),
        Taken(
            text: "oidc-match-end:email:@[127.0.0.1]", column: "*@[127.0.0.1]", reasons: [.email(.mustBeVerified)]),
        Taken(
            text: "ä@example.com", column: "ä@example.com",
            reasons: [.email(.mustBeVerified), .email(.beyondASCII)]),
        Taken(
            text: "oidc-match-end:email:@Ä.example", column: "*@Ä.example",
            reasons: [.email(.mustBeVerified), .email(.beyondASCII)]),
        // By provider.
        Taken(text: "a@example.com", issuer: google, column: "a@example.com", reasons: [.email(.mustBeVerified)]),
        Taken(text: "a@example.com", issuer: entra, column: "a@example.com", reasons: [.email(.atEntra)]),
        Taken(
            text: "oidc-match-end:email:@Example.COM", issuer: google, column: "*@example.com",
            reasons: [.email(.mustBeVerified), .email(.domainAtGoogle)]),
        Taken(
            text: "oidc-match-end:email:@example.com", issuer: entra, column: "*@example.com",
            reasons: [.email(.atEntra)]),
        // The colons of a claim, and the quotes.
        Taken(
            text: "oidc:groups:urn:x:admins", column: "group:admins", reasons: [.claim(.lastColon(value: "admins"))]),
        Taken(
            text: "oidc:groups:\"a:b\"", column: "group:\"a:b\"", reasons: [.claim(.quotesCount(value: "\"a:b\""))]),
        Taken(text: "oidc:::groups::a", column: "group:a"), Taken(text: "oidc:\"\"groups\"\":a", column: "group:a"),
        Taken(text: "oidc:sub:x", column: "sub:x"),
        Taken(
            text: "oidc:email:A@example.com", column: "A@example.com",
            reasons: [.email(.mustBeVerified), .email(.withoutCase)]),
        Taken(
            text: "oidc:email_verified:true", column: "claim:email_verified=true",
            reasons: [.claim(.valueNotText("true"))]),
        Taken(text: "oidc:level:5", column: "claim:level=5", reasons: [.claim(.valueNotText("5"))]),
        Taken(text: "oidc:groups:-1.5e+06", column: "group:-1.5e+06", reasons: [.claim(.valueNotText("-1.5e+06"))]),
        Taken(text: "oidc:groups:5x", column: "group:5x"),
        // What looks like a form of ours and is plain text to opkssh.
        Taken(text: "group:admins", column: "sub:group:admins"), Taken(text: "sub:x", column: "sub:sub:x"),
        Taken(text: "claim:a=b", column: "sub:claim:a=b"), Taken(text: "*", column: "sub:*"),
        Taken(text: "claim:a=b@example.com", column: "sub:claim:a=b@example.com"),
        Taken(text: "OIDC:groups:a", column: "sub:OIDC:groups:a"),
        Taken(text: "auth0|1234", column: "sub:auth0|1234"), Taken(text: "urn:a@b", column: "sub:urn:a@b"),
    ]

    @Test("an identity means the same people, or says what is otherwise", arguments: taken)
    func takes(row: Taken) throws {
        let identity = try OpksshIdentity(row.text, issuer: row.issuer)
        #expect(identity.column == row.column)
        #expect(identity.reasons == row.reasons)
    }

    static let left: [(Text, OpksshReason)] = [
        ("oidc:", .claim(.meansNobody)), ("OIDC:", .claim(.meansNobody)), ("oidc::", .claim(.meansNobody)),
        ("oidc:groups", .claim(.meansNobody)), ("oidc:groups:", .claim(.meansNobody)),
        ("oidc-match-end:email:", .claim(.meansNobody)), ("Oidc-Match-End:Email:", .claim(.meansNobody)),
        ("repo:", .claim(.meansNobody)),
        ("oidc-match-end:sub:x", .claim(.otherMatchEnd)), ("oidc-match-end:", .claim(.otherMatchEnd)),
        ("repo:myorg/myrepo:ref:refs/heads/*", .claim(.jobs)),
        ("project_path:group/project:ref_type:branch:ref:main", .claim(.jobs)),
        ("oidc-match-end:email:example.com", .email(.suffixNotDomain("example.com"))),
        ("oidc-match-end:email:.example.com", .email(.suffixNotDomain(".example.com"))),
        ("oidc-match-end:email:bob@example.com", .email(.suffixNotDomain("bob@example.com"))),
        ("oidc-match-end:email:@a@example.com", .email(.suffixNotDomain("@a@example.com"))),
        ("oidc-match-end:email:@", .email(.suffixNotDomain("@"))),
        ("*@example.com", .email(.starIsLetter)), ("a*@example.com", .email(.starIsLetter)),
        ("oidc:a=b:c", .claim(.nameWithEqualsSign("a=b"))), ("oidc:\"a=\":c", .claim(.nameWithEqualsSign("a="))),
        ("@*", .email(.starIsLetter)), ("oidc:email:*@example.com", .email(.starIsLetter)),
    ]

    @Test("an identity that has no equal is not bent into another", arguments: left)
    func leaves(text: Text, reason: OpksshReason) {
        #expect(throws: reason) { try OpksshIdentity(text, issuer: Self.other) }
    }

    /// Identities that members would read otherwise, or not at all.
    static let refused: [(String, PolicyError.Field)] = [
        ("oidc:\\\"\\\":x", .identity), ("a@b@c", .identity), ("@example.com", .identity),
        ("a@", .identity), ("oidc-match-end:email:@*.example.com", .identity), ("a,b@example.com", .identity),
        ("a\"b@example.com", .identity),
    ]

    @Test("an identity that members cannot hold is left out", arguments: refused)
    func refuses(text: String, field: PolicyError.Field) throws {
        let made = try imported(policy: "alice \(text) https://idp.example.com\n")
        #expect(made.grants.isEmpty)
        let reason = try #require(made.findings.last?.reasons.first)
        guard case .entry(.refused(.malformed(field, found: _))) = reason else {
            Issue.record("\(reason)")
            return
        }
    }
}
