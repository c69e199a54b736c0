import Encodings
import Policy
import SSHKeys
import Testing

@Suite("Revocations")
struct RevocationsTests {
    static let one = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
    static let two = "SHA256:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs"

    static func revocations(_ text: String) throws(PolicyError) -> Revocations {
        var revocations = Revocations(under: try configuration(), file: "revoked")
        try forEachLine(of: Array(text.utf8)) { (line, number) throws(PolicyError) in
            try revocations.take(line, number: number)
        }
        return revocations
    }

    static func fingerprint(_ text: String) throws -> Fingerprint { try #require(Fingerprint(Text(text))) }

    @Test(
        "a key is revoked however its line is spaced",
        arguments: ["key \(one)", "  key\t\(one) ", "# key\n\nkey \(one)", "key \"\(one)\""])
    func revokesKeys(text: String) throws {
        let revocations = try Self.revocations(text)
        #expect(try revocations.line(revokingKey: Self.fingerprint(Self.one)) != nil)
        #expect(try revocations.line(revokingKey: Self.fingerprint(Self.two)) == nil)
    }

    @Test("the line of the key is told")
    func tellsLine() throws {
        let revocations = try Self.revocations("key \(Self.two)\nkey \(Self.one)\n")
        #expect(try revocations.line(revokingKey: Self.fingerprint(Self.one)) == 2)
    }

    @Test("of keys that will be asked about the line is told; about others nobody may ask, listed or not")
    func keepsWhatIsAsked() throws {
        let (one, two) = (try Self.fingerprint(Self.one), try Self.fingerprint(Self.two))
        for (asked, line) in [([one], 2), ([two], 1), ([two, one], 2), ([], 0)] {
            var revocations = Revocations(under: try configuration(), file: "revoked", asking: asked)
            try forEachLine(of: Array("key \(Self.two)\nkey \(Self.one)\nidentity google a@b.c\n".utf8)) {
                (line, number) throws(PolicyError) in try revocations.take(line, number: number)
            }
            #expect(asked.last.flatMap { revocations.line(revokingKey: $0) } == (line == 0 ? nil : line))
            #expect(revocations.cover(asked) && revocations.cover([]))
            #expect([one, two].filter { revocations.cover([$0]) } == [one, two].filter(asked.contains))
            #expect(revocations.answer(for: Person(email: "a@b.c").identity) == .revoked(line: 3))
        }
    }

    @Test("certificates are revoked by serial and by key id, of their own CA alone")
    func revokesCertificates() throws {
        let revocations = try Self.revocations(
            """
            cert \(Self.one) serial=12-40
            cert \(Self.one) serial=18446744073709551615
            cert \(Self.one) id="alice@2026 \\"x\\""
            """)
        let (one, two) = (try Self.fingerprint(Self.one), try Self.fingerprint(Self.two))
        let none: [UInt8] = []
        #expect(revocations.line(revokingSerial: 11, keyID: none, of: one) == nil)
        #expect(revocations.line(revokingSerial: 12, keyID: none, of: one) == 1)
        #expect(revocations.line(revokingSerial: 40, keyID: none, of: one) == 1)
        #expect(revocations.line(revokingSerial: 41, keyID: none, of: one) == nil)
        #expect(revocations.line(revokingSerial: .max, keyID: none, of: one) == 2)
        #expect(revocations.line(revokingSerial: 0, keyID: Array("alice@2026 \"x\"".utf8), of: one) == 3)
        #expect(revocations.line(revokingSerial: 0, keyID: Array("alice@2026 \"X\"".utf8), of: one) == nil)
        #expect(revocations.line(revokingSerial: 12, keyID: Array("alice@2026 \"x\"".utf8), of: two) == nil)
    }

    static let identities: [(String, Person, Revocations.IdentityAnswer)] = [
        ("identity google sub:1101694", Person(), .revoked(line: 1)),
        ("identity * sub:1101694", Person(), .revoked(line: 1)),
        ("identity okta sub:1101694", Person(), .notRevoked),
        ("identity google sub:110169", Person(), .notRevoked),
        ("identity google ALICE@example.com", Person(), .revoked(line: 1)),
        ("identity google alice@example.com", Person(isVerified: false), .revoked(line: 1)),
        ("identity google alice@example.com", Person(email: "\u{212A}alice@example.com"), .notRevoked),
        ("identity google bob@example.com", Person(), .notRevoked),
        ("identity google bob@example.com", Person(email: nil), .undecidable(line: 1)),
        ("identity google bob@example.com\nidentity google sub:1101694", Person(email: nil), .revoked(line: 2)),
        ("", Person(), .notRevoked),
    ]

    @Test("an identity is revoked by its subject or its e-mail", arguments: identities)
    func revokesIdentities(text: String, person: Person, expected: Revocations.IdentityAnswer) throws {
        #expect(try Self.revocations(text).answer(for: person.identity) == expected)
    }

    static let rejected: [(String, Int?, PolicyError.Reason)] = [
        ("keys \(one)", 1, .malformed(.kind, found: "keys")),
        ("key", 4, .columnMissing(.fingerprint)),
        ("key MD5:00", 5, .malformed(.fingerprint, found: "MD5:00")),
        ("key \(one)=", 5, .malformed(.fingerprint, found: Text(one + "="))),
        ("key \(one.dropLast())", 5, .malformed(.fingerprint, found: Text(String(one.dropLast())))),
        ("key \(one.dropLast())V", 5, .malformed(.fingerprint, found: Text(one.dropLast() + "V"))),
        ("key \(one.dropLast())-", 5, .malformed(.fingerprint, found: Text(one.dropLast() + "-"))),
        ("key \(one.dropLast(2))-U", 5, .malformed(.fingerprint, found: Text(one.dropLast(2) + "-U"))),
        ("key \(one) x", 56, .columnUnexpected),
        ("key \(one)\r", 55, .controlCharacter(13)),
        ("identity google", 16, .columnMissing(.revokedIdentity)),
        ("identity google group:x", 17, .malformed(.revokedIdentity, found: "group:x")),
        ("identity google *@example.com", 17, .malformed(.revokedIdentity, found: "*@example.com")),
        ("identity google alice", 17, .malformed(.revokedIdentity, found: "alice")),
        ("identity azure sub:1", 10, .providerUnknown("azure")),
        ("cert \(one)", 56, .columnMissing(.certificates)),
        ("cert \(one) serial=", 57, .malformed(.certificates, found: "")),
        ("cert \(one) serial=5-4", 57, .malformed(.certificates, found: "5-4")),
        ("cert \(one) serial=1-2-3", 57, .malformed(.certificates, found: "1-2-3")),
        ("cert \(one) serial=+1", 57, .malformed(.certificates, found: "+1")),
        ("cert \(one) serial=18446744073709551616", 57, .malformed(.certificates, found: "18446744073709551616")),
        ("cert \(one) id=\"\"", 57, .malformed(.certificates, found: "")),
        ("cert \(one) id=a,serial=1", 57, .malformed(.certificates, found: "id")),
        ("cert \(one) name=a", 57, .malformed(.certificates, found: "a")),
    ]

    @Test("a line that says nothing is refused at the right byte", arguments: rejected)
    func refuses(line: String, column: Int?, reason: PolicyError.Reason) {
        let expected = PolicyError(file: "revoked", line: 1, column: column, reason: reason)
        #expect(throws: expected) { try Self.revocations(line) }
    }
}
