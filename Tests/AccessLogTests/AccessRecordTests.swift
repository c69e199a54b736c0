import AccessLog
import Decision
import Encodings
import SSHKeys
import Testing

@testable import TestSupport

/// One decision as one object of JSON.
@Suite struct AccessRecordTests {
    /// 2026-11-22T12:00:07Z: the record's own time, not the decision's.
    private static let now = UnixTime(seconds: 1_795_348_807)

    private static func record(
        of fixture: String, login: Text? = "alice", space: String? = "build-box"
    ) throws -> AccessRecord? {
        AccessRecord(of: try Fixture(fixture).load().decided(), login: login, space: space, at: now)
    }

    private static func text(_ record: AccessRecord?) -> String? {
        record.map { String(decoding: $0.json, as: UTF8.self) }
    }

    @Test("an accepted login's record names the person, the key and the end")
    func accepted() throws {
        let fixture = try Fixture("ok-all-options")
        let key = try Fingerprint(ofBlob: try fixture.acceptedKey.blob)
        let record = try Self.record(of: "ok-all-options")
        #expect(
            Self.text(record) == """
                {"time":"2026-11-22T12:00:07Z","decision":"accept","reason":"accepted","login":"alice","space":"build-box",\
                "path":"keys","provider":"example","issuer":"https://login.example.com","sub":"248289761001",\
                "email":"alice@example.com","role":"guest","key":"\(key)","expires":"2026-11-22T12:04:00Z"}
                """)
        #expect(record?.isFromAnyone == false)
    }

    struct Account: Sendable, CustomStringConvertible {
        let fixture: String
        /// The members behind `login` and in front of the fingerprints.
        let known: String
        var end = ""

        var description: String { fixture }
    }

    private static let accounts = [
        Account(
            fixture: "ok-ca-ed25519",
            known: #""path":"certificate","account":"acme","services":["pgs"],"key_id":"alice@2026-11-22","serial":42"#,
            end: #","expires":"2026-11-22T12:05:00Z""#),
        Account(
            fixture: "ok-ca-for-ever",
            known: #""path":"certificate","account":"acme","services":["pgs"],"key_id":"alice@2026-11-22","serial":42"#),
        Account(
            fixture: "ok-ca-highest-serial",
            known: #""path":"certificate","account":"acme","services":["pgs"],"serial":"18446744073709551615""#,
            end: #","expires":"2026-11-22T12:05:00Z""#),
        Account(
            fixture: "ok-ca-admin",
            known: #"""
                "path":"certificate","account":"acme","services":["pgs","admin"],"key_id":"alice@2026-11-22","serial":42
                """#,
            end: #","expires":"2026-11-22T12:05:00Z""#),
        Account(
            fixture: "ok-ca-key-id-of-any-bytes",
            known: #"""
                "path":"certificate","account":"acme","services":["pgs"],\#
                "key_id":"x\"\n{\"decision\":\"accept\"}\u001b[2J","serial":42
                """#,
            end: #","expires":"2026-11-22T12:05:00Z""#),
        Account(
            fixture: "ok-account-key-ed25519", known: #""path":"key","account":"acme","services":["pgs","admin"]"#),
        Account(
            fixture: "a18-service-beyond-cap",
            known: #""path":"certificate","account":"acme","key_id":"alice@2026-11-22","serial":42"#),
        Account(
            fixture: "a18-expired",
            known: #""path":"certificate","account":"acme","key_id":"alice@2026-11-22","serial":42"#),
        Account(fixture: "a18-forged-signature", known: #""path":"certificate""#),
        Account(fixture: "a18-plain-key-revoked", known: #""path":"key","account":"acme""#),
    ]

    @Test(
        "a login by an account is recorded with the account, what was granted, and the certificate's name and number",
        arguments: accounts)
    func account(_ row: Account) throws {
        let fixture = try Fixture(row.fixture)
        let decision = try fixture.load().decided()
        let isAccepted = decision.line != nil
        let reason = isAccepted ? "accepted" : String(fixture.expected.dropFirst("refused: ".count))
        let key = decision.facts.key.map { "\($0)" } ?? ""
        let authority = decision.facts.ca.map { ",\"ca\":\"\($0)\"" } ?? ""
        #expect(
            Self.text(try Self.record(of: row.fixture, login: "pgs")) == """
                {"time":"2026-11-22T12:00:07Z","decision":"\(isAccepted ? "accept" : "refuse")","reason":"\(reason)",\
                "login":"pgs","space":"build-box",\(row.known),"key":"\(key)"\(authority)\(row.end)}
                """)
    }

    struct Refused: Sendable, CustomStringConvertible {
        let fixture: String
        /// The members behind `space`, without the fingerprints.
        let known: String
        var isFromAnyone = true
        var fingerprints = ["key"]

        var description: String { fixture }
    }

    private static let person =
        #""issuer":"https://login.example.com","sub":"248289761001","email":"alice@example.com""#
    private static let refused = [
        Refused(fixture: "a19-login-braces", known: "", fingerprints: []),
        Refused(fixture: "a23-base64-cut", known: "", fingerprints: []),
        Refused(fixture: "a16-host-certificate", known: #","path":"keys""#),
        Refused(fixture: "a16-signed-by-another-key", known: #","path":"certificate""#, fingerprints: ["key", "ca"]),
        Refused(fixture: "a06-iss-default-port", known: #","path":"keys""#),
        Refused(fixture: "a21-key-set-missing", known: #","path":"keys","provider":"example""#),
        Refused(fixture: "a03-es256-all-zero", known: #","path":"keys","provider":"example""#),
        Refused(
            fixture: "a08-commitment-in-aud", known: #","path":"keys","provider":"example",\#(person)"#,
            isFromAnyone: false),
        Refused(
            fixture: "a20-denied-by-claim", known: #","path":"keys","provider":"example",\#(person)"#,
            isFromAnyone: false),
    ]

    @Test("a refusal's record has what was known by then, and leaves out the rest", arguments: refused)
    func refuses(_ row: Refused) throws {
        let fixture = try Fixture(row.fixture)
        let facts = try fixture.load().decided().facts
        let found = ["key": facts.key, "ca": facts.ca]
        let fingerprints = row.fingerprints.map { name in
            ",\"\(name)\":\"\(found[name].flatMap { $0 }.map(\.description) ?? "")\""
        }
        let reason = fixture.expected.dropFirst("refused: ".count)
        let record = try Self.record(of: row.fixture)
        #expect(
            Self.text(record) == """
                {"time":"2026-11-22T12:00:07Z","decision":"refuse","reason":"\(reason)","login":"alice",\
                "space":"build-box"\(row.known)\(fingerprints.joined())}
                """)
        #expect(record?.isFromAnyone == row.isFromAnyone)
    }

    @Test("a fault's record has its code, and neither a login nor a Space where none was read")
    func faulted() throws {
        let decision = Decision(.fault(Fault(.configUnsafe, "/etc/pair/pair.toml: writable", mend: "chmod go-w it")))
        let bare = AccessRecord(of: decision, login: nil, space: nil, at: Self.now)
        #expect(
            Self.text(bare) == #"{"time":"2026-11-22T12:00:07Z","decision":"fault","reason":"config-unsafe"}"#)
        #expect(bare?.isFromAnyone == true)
        let named = AccessRecord(of: decision, login: "alice", space: nil, at: Self.now)
        #expect(
            Self.text(named)
                == #"{"time":"2026-11-22T12:00:07Z","decision":"fault","reason":"config-unsafe","login":"alice"}"#)
    }

    @Test("a record says on which host it was made, for which process of sshd's, and by which policy")
    func place() throws {
        let decision = Decision(.refusal(Refusal(.policyExpired, "policy 7 counted until yesterday")))
        func text(_ place: RecordPlace) -> String? {
            Self.text(AccessRecord(of: decision, login: "alice", space: "build-box", on: place, at: Self.now))
        }
        let start = #"{"time":"2026-11-22T12:00:07Z","decision":"refuse","reason":"policy-expired""#
        #expect(
            text(RecordPlace(host: "web1", sshd: 4711, policy: 1_795_366_102))
                == start
                + #","host":"web1","sshd":4711,"login":"alice","space":"build-box","policy":1795366102}"#)
        #expect(text(RecordPlace()) == start + #","login":"alice","space":"build-box"}"#)
        #expect(text(RecordPlace(host: "\u{1B}\n"))?.hasPrefix(start + #","host":"\u001b\n","#) == true)
    }

    @Test("a stray key of nobody leaves no record")
    func strayKey() throws {
        for name in ["a24-plain-key-ed25519", "a24-plain-key-rsa", "a24-plain-key-broken-members"] {
            #expect(try Self.record(of: name) == nil)
            let explained = try Fixture(name).load().decided(isExplained: true)
            #expect(AccessRecord(of: explained, login: "alice", space: "build-box", at: Self.now) == nil)
        }
    }

    /// The members that a record may have, in their order.
    private static let members = [
        "time", "decision", "reason", "host", "sshd", "login", "space", "policy", "path", "provider", "issuer", "sub",
        "email", "role", "account", "services", "key_id", "serial", "key", "ca", "expires",
    ]

    @Test("every record is one line of JSON with known members in order, none of them null", arguments: Decided.all)
    func shape(_ decided: Decided) throws {
        let login = try decided.fixture.load().login
        let place = RecordPlace(host: "web1", sshd: 1, policy: 42)
        let made = AccessRecord(of: decided.decision, login: login, space: "build-box", on: place, at: Self.now)
        guard let record = made else {
            return #expect(decided.fixture.expected == "refused: key-unknown")
        }
        #expect(!record.json.contains { $0 < 0x20 || $0 == 0x7F })
        let object = try #require(try JSON(parsing: record.json).object)
        let names = object.members.map(\.name.string)
        #expect(names == Self.members.filter(names.contains))
        for member in object.members {
            switch member.name.string {
            case "login": #expect(member.value.text != nil)
            case "sshd": #expect(member.value == .integer(1))
            case "policy": #expect(member.value == .integer(42))
            case "services": #expect(member.value.elements?.isEmpty == false)
            case "serial": #expect(member.value == .integer(42) || member.value.text == "18446744073709551615")
            default: #expect(member.value.text?.isEmpty == false)
            }
        }
        #expect(object["login"]?.text == (login.utf8.count > 512 ? object["login"]?.text : login))
        #expect(record.json.count < 4096)
    }

    @Test(
        "a record is from anyone where neither a provider's nor a CA's signature was verified, unless a key was let in",
        arguments: Decided.all)
    func fromAnyone(_ decided: Decided) {
        let record = AccessRecord(of: decided.decision, login: "alice", space: nil, at: Self.now)
        guard let record else { return }
        let isFault = decided.fixture.expected.hasPrefix("fault:")
        let isLetIn = decided.decision.line != nil
        #expect(record.isFromAnyone == (isFault || !(decided.decision.facts.isVouchedFor || isLetIn)))
    }

    @Test("neither the key's blob nor any part of the token is in a record", arguments: Decided.all)
    func secrets(_ decided: Decided) throws {
        let login = try decided.fixture.load()
        guard let text = Self.text(AccessRecord(of: decided.decision, login: login.login, space: "s", at: Self.now))
        else {
            return
        }
        // Each 24 letters that a reader of the log could look for.
        var secrets = stride(from: 0, to: login.key.count - 24, by: 24).map { Array(login.key[$0..<($0 + 24)]) }
        let blob = Base64.standard.decode(login.key) ?? []
        secrets += blob.split(whereSeparator: { !isLetterOfToken($0) }).filter { $0.count >= 24 }.map {
            Array($0.prefix(24))
        }
        let found = secrets.map { String(decoding: $0, as: UTF8.self) }.filter { text.contains($0) }
        #expect(found.isEmpty)
    }

    private func isLetterOfToken(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-_".utf8.contains(byte)
    }

    private static let hostile: [Text] = [
        "alice\n{\"decision\":\"accept\"}", "alice\u{1B}[2K", "alice\",\"decision\":\"accept", "\\", "\\\"", "\u{0}",
        "\r\n\t",
        "\u{7F}", "älice", "\u{2028}", "\u{202E}", "alice\\u000a", "", "\u{8}\u{C}",
    ]

    @Test("a login of any text stays within its member of one line", arguments: hostile)
    func hostileLogin(_ login: Text) throws {
        let decision = try Fixture("a19-login-braces").load().decided()
        let record = try #require(AccessRecord(of: decision, login: login, space: "build-box", at: Self.now))
        #expect(!record.json.contains { $0 < 0x20 || $0 == 0x7F })
        let object = try #require(try JSON(parsing: record.json).object)
        #expect(object["login"]?.text == login)
        #expect(object["decision"]?.text == "refuse")
        #expect(object.members.count == 5)
    }

    @Test("what is longer than 512 bytes is cut there, and says so")
    func long() throws {
        let decision = try Fixture("a19-login-braces").load().decided()
        func login(_ text: Text) throws -> Text? {
            let record = try #require(AccessRecord(of: decision, login: text, space: nil, at: Self.now))
            return try JSON(parsing: record.json).object?["login"]?.text
        }
        let whole = String(repeating: "a", count: 512)
        #expect(try login(Text(whole)) == Text(whole))
        #expect(try login(Text(whole + "b")) == Text(whole + "…"))
        #expect(try login(Text(String(repeating: "a", count: 100_000))) == Text(whole + "…"))
        // Within a letter of four bytes.
        let clef = try #require(try login(Text(String(repeating: "a", count: 511) + "\u{1D11E}")))
        #expect(clef == Text(String(repeating: "a", count: 511) + "\u{FFFD}…"))
    }

    @Test("a record of the longest hostile values is written whole by one write")
    func longest() throws {
        let decision = try Fixture("a19-login-braces").load().decided()
        let worst = Text(String(repeating: "\u{1}", count: 5000))
        let record = try #require(AccessRecord(of: decision, login: worst, space: nil, at: Self.now))
        #expect(record.json.count < 4096)
        #expect(try JSON(parsing: record.json).object != nil)
    }
}
