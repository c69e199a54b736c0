import AccessLog
import Decision
import Encodings
import Policy
import SSHKeys
import Testing

@testable import Upkeep

/// Records, and a policy to ask about them.
enum SampleRecord {
    static let key = "SHA256:PLhKD4B13nka6jX8uUXqz5uLQdR/UYzcCydnt9Dw4Ns"

    /// A record with `members` put in or replaced.
    static func entry(_ members: String, reason: String = "not-a-member") throws -> AccessEntry {
        let decision = reason == "accepted" ? "accept" : reason.hasPrefix("config") ? "fault" : "refuse"
        return try AccessEntry(
            line: Array(
                #"{"time":"2026-11-22T05:46:00Z","decision":"\#(decision)","reason":"\#(reason)"\#(members)}"#.utf8))
    }

    /// Bob's, by Keys, as `deploy`.
    static func bob(_ reason: String = "not-a-member", email: String? = "bob@example.com") throws -> AccessEntry {
        let email = email.map { #","email":"\#($0)""# } ?? ""
        return try entry(
            #","login":"deploy","path":"keys","provider":"idp","sub":"2"\#(email),"key":"\#(key)""#, reason: reason)
    }

    static let services = """
        [[service]]
        name = "pgs"
        logins = ["pgs"]

        """

    static func policy(
        members: String = "", accounts: String = "", revoked: String = "", google: Bool = false
    ) throws -> TodaysPolicy {
        var text = SampleHost.toml + services
        if google { text = text.replacing("https://idp.example.com", with: "https://accounts.google.com") }
        let configuration = try Configuration(parsing: Array(text.utf8), file: "/etc/pair/pair.toml")
        return try TodaysPolicy(
            configuration, members: Array(members.utf8), accounts: Array(accounts.utf8), revoked: Array(revoked.utf8))
    }
}

@Suite("how somebody of the log stands today")
struct StandingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let members: String
        var revoked = ""
        var isGoogle = false
        var email: String? = "Bob@example.com"
        let expected: Standing
        var testDescription: String { name }
    }

    private static let file = "/etc/pair/members"

    private static func maybe(_ line: Int, _ what: String, _ more: String = "") -> Standing {
        .uncertain(
            "\(file):\(line)\(more) may let them in (\"\(what)\"): the log does not keep what groups and other claims they have"
        )
    }

    static let rows = [
        Row(name: "granted by e-mail", members: "x bob@example.com idp deploy\n", expected: .letIn(by: "\(file):1")),
        Row(name: "granted by sub", members: "# c\nx sub:2 idp deploy\n", expected: .letIn(by: "\(file):2")),
        Row(name: "granted by domain", members: "x *@example.com idp deploy\n", expected: .letIn(by: "\(file):1")),
        Row(name: "by nobody", members: "", expected: .refused(.notAMember, "no line of members means them")),
        Row(
            name: "of another Space", members: "y bob@example.com idp deploy\n",
            expected: .refused(.notAMember, "no line of members means them")),
        Row(
            name: "another login", members: "x bob@example.com idp bob\n",
            expected: .refused(.loginNotGranted, "\(file):1 means them, and does not grant deploy")),
        Row(
            name: "over", members: "x bob@example.com idp deploy until=2026-01-01T00:00:00Z\n",
            expected: .refused(.grantExpired, "\(file):1 is over since 2026-01-01T00:00:00Z")),
        Row(
            name: "denied", members: "x bob@example.com idp deploy\nx sub:2 idp deny\n",
            expected: .refused(.denied, "\(file):2 denies them")),
        Row(name: "perhaps by a group", members: "x group:ops idp deploy\n", expected: maybe(1, "group:ops")),
        Row(
            name: "perhaps by two lines", members: "x group:ops idp deploy\nx claim:a=b idp deploy,x\n",
            expected: maybe(1, "group:ops", " and 1 more")),
        Row(
            name: "by a group, and another login", members: "x group:ops idp root\n",
            expected: .refused(.notAMember, "no line of members means them")),
        Row(
            name: "by a group, and over", members: "x group:ops idp deploy until=2026-01-01T00:00:00Z\n",
            expected: .refused(.notAMember, "no line of members means them")),
        Row(
            name: "by a claim that is required", members: "x bob@example.com idp deploy require=amr:mfa\n",
            expected: maybe(1, "bob@example.com")),
        Row(
            name: "by a group of the host's, or not at all", members: "x bob@example.com idp deploy unix-group=ops\n",
            expected: .uncertain("\(file):1 lets them in where deploy is in a group of this host's")),
        Row(
            name: "by a group of the host's, or without",
            members: "x bob@example.com idp deploy unix-group=ops\nx bob@example.com idp deploy\n",
            expected: .letIn(by: "\(file):2")),
        Row(
            name: "somebody else, by a claim that is required",
            members: "x eve@example.com idp deploy require=amr:mfa\n",
            expected: .refused(.notAMember, "no line of members means them")),
        Row(
            name: "perhaps denied by a group", members: "x bob@example.com idp deploy\nx group:out idp deny\n",
            expected: .uncertain("\(file):2 denies \"group:out\", and the log does not keep that of them")),
        Row(
            name: "out anyway, whatever a deny on a group says", members: "x group:out idp deny\n",
            expected: .refused(.notAMember, "no line of members means them")),
        Row(
            name: "of a domain at Google", members: "x *@example.com idp deploy\n", isGoogle: true,
            expected: .uncertain(
                "\(file):1 means accounts of their domain, and the log does not keep whose theirs is")),
        Row(
            name: "revoked", members: "x bob@example.com idp deploy\n", revoked: "identity idp sub:2\n",
            expected: .refused(.revokedIdentity, "/etc/pair/revoked:1 revokes them")),
        Row(
            name: "key revoked", members: "x bob@example.com idp deploy\n", revoked: "key \(SampleRecord.key)\n",
            expected: .refused(.revokedKey, "/etc/pair/revoked:1 revokes \(SampleRecord.key)")),
        Row(
            name: "no e-mail, and one is revoked", members: "x sub:2 idp deploy\n",
            revoked: "identity * eve@example.com\n",
            email: nil,
            expected: .refused(.denyUndecidable, "/etc/pair/revoked:1 asks for an e-mail, and their token has none")),
        Row(
            name: "a template, and no uid that it may give", members: "x *@example.com idp {email-local}\n",
            email: "deploy@example.com",
            expected: .refused(.loginUID, "\(file):1 gives no system account")),
    ]

    @Test("somebody with Keys stands as the lines say, as far as the record goes", arguments: rows)
    func members(_ row: Row) throws {
        let policy = try SampleRecord.policy(members: row.members, revoked: row.revoked, google: row.isGoogle)
        let standing = policy.standing(
            of: try SampleRecord.bob(email: row.email), uid: 999, at: SampleHost.now)
        #expect(standing == row.expected)
    }

    @Test("a provider that is gone refuses its people; a record without a person is nobody's")
    func others() throws {
        let policy = try SampleRecord.policy()
        let other = try SampleRecord.entry(#","login":"deploy","path":"keys","provider":"old","sub":"2""#)
        #expect(
            policy.standing(of: other, uid: nil, at: SampleHost.now)
                == .refused(.providerUnknown, "pair.toml has no provider \"old\""))
        for text in ["", #","login":"deploy""#, #","login":"deploy","path":"keys","provider":"idp""#] {
            #expect(policy.standing(of: try SampleRecord.entry(text), uid: nil, at: SampleHost.now) == .nobody)
        }
    }

    private static let authority = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

    private func certificate(_ ca: String, _ more: String = "") throws -> AccessEntry {
        try SampleRecord.entry(
            #","login":"pgs","path":"certificate","key_id":"ci","serial":7,"key":"\#(SampleRecord.key)","ca":"\#(ca)"\#(more)"#
        )
    }

    @Test("a certificate stands as its CA does")
    func certificates() throws {
        let blob = try #require(Base64.standard.decode(Array(Self.authority.utf8.dropFirst("ssh-ed25519 ".utf8.count))))
        let ca = try Fingerprint(ofBlob: blob).description
        let line = "acme cert-authority,services=\"pgs\" \(Self.authority)\n"
        func standing(_ accounts: String, _ entry: AccessEntry, revoked: String = "") throws -> Standing {
            try SampleRecord.policy(accounts: accounts, revoked: revoked).standing(
                of: entry, uid: nil, at: SampleHost.now)
        }
        let granted = try certificate(ca, #","services":["pgs"]"#)
        #expect(try standing(line, granted) == .letIn(by: "/etc/pair/accounts:1"))
        #expect(try standing("", granted) == .refused(.caUnknown, "no account has the CA \(ca)"))
        #expect(
            try standing(line, granted, revoked: "cert \(ca) serial=5-9\n")
                == .refused(.revokedCert, "/etc/pair/revoked:1 revokes the certificate"))
        #expect(try standing(line, granted, revoked: "key \(ca)\n").isOut)
        #expect(
            try standing(line, try certificate(ca, #","services":["pgs","admin"]"#))
                == .refused(.serviceNotGranted, "/etc/pair/accounts:1: the CA may not grant \"admin\""))
        guard case .uncertain = try standing(line, try certificate(ca)) else {
            Issue.record("what a refused certificate is for is not on record")
            return
        }
    }
}
