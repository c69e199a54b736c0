import Foundation
import Testing

@testable import TestSupport

/// `pair accounts`, with pair-authkeys as judge of what it writes.
@Suite("pair accounts", .onTestHost)
struct AccountsTests {
    private let host: TestHost

    init() throws { host = try TestHost() }

    /// A CA, and a user's key that it has certified.
    private func certified(
        _ principals: String = "pgs", serial: Int = 7, id: String = "alice@laptop"
    ) throws -> (authority: String, key: String, certificate: String) {
        let (authority, key) = (try host.key(), try host.key())
        try certify(key, by: authority, principals, serial: serial, id: id)
        return (authority, key, "@\(key)-cert.pub")
    }

    private func certify(
        _ key: String, by authority: String, _ principals: String, serial: Int = 7, id: String = "alice@laptop"
    ) throws {
        try host.keygen(
            "-q", "-s", authority, "-I", id, "-n", principals, "-z", "\(serial)", "-V", "-1d:+1d", "\(key).pub")
    }

    // MARK: - What the decision makes of it

    @Test("what a CA signs enters its services, until the CA goes")
    func letsCertificatesIn() throws {
        let (authority, key, certificate) = try certified()
        #expect(try host.decision(certificate, user: "games", uid: 5) == "ca-unknown")
        let added = try host.pair("accounts", "add-ca", "team", "\(authority).pub", "--services", "pgs")
        #expect(added.status == 0, "\(added)")
        #expect(try host.decision(certificate, user: "games", uid: 5) == "accepted")
        #expect(try host.decision(certificate, user: "root", uid: 0) == "service-not-granted")
        // The key without its certificate, and the CA as a login key.
        #expect(try host.decision("@\(key).pub", user: "games", uid: 5) == "key-unknown")
        #expect(try host.decision("@\(authority).pub", user: "games", uid: 5) == "key-unknown")
        // Beyond the cap.
        try certify(key, by: authority, "admin")
        #expect(try host.decision(certificate, user: "root", uid: 0) == "admin-not-granted")
        #expect(try host.pair("accounts", "remove", "team", "--key", try host.fingerprint(authority)).status == 0)
        #expect(try host.decision(certificate, user: "games", uid: 5) == "ca-unknown")
    }

    @Test("a plain key enters everywhere, until it is removed")
    func letsKeysIn() throws {
        let key = try host.key()
        #expect(try host.decision("@\(key).pub", user: "root", uid: 0) == "key-unknown")
        #expect(try host.pair("accounts", "add-key", "alice", "\(key).pub").status == 0)
        #expect(try host.decision("@\(key).pub", user: "root", uid: 0) == "accepted")
        #expect(try host.decision("@\(key).pub", user: "games", uid: 5) == "accepted")
        // It is the last way in for root.
        let refused = try host.pair("accounts", "remove", "alice")
        #expect(refused.status == 1 && refused.error.contains("nobody would be left who may enter as root"))
        #expect(try host.pair("accounts", "remove", "alice", "--yes").status == 0)
        #expect(try host.decision("@\(key).pub", user: "root", uid: 0) == "key-unknown")
    }

    @Test("a certificate, its key, its CA or a person is refused once revoked")
    func revokes() throws {
        let (authority, key, certificate) = try certified()
        #expect(try host.pair("accounts", "add-ca", "team", "\(authority).pub", "--services", "pgs").status == 0)
        let rows = [
            ["\(key)-cert.pub", "--serial", "7"], ["\(key)-cert.pub", "--id", "alice@laptop"], ["\(key)-cert.pub"],
            ["\(key).pub"], [try host.fingerprint(key)], [try host.fingerprint(authority)],
            [try host.fingerprint(authority), "--serial", "1-9"],
        ]
        for arguments in rows {
            #expect(try host.decision(certificate, user: "games", uid: 5) == "accepted")
            let run = try host.pair(["accounts", "revoke"] + arguments)
            #expect(run.status == 0, "\(run)")
            #expect(try host.decision(certificate, user: "games", uid: 5).hasPrefix("revoked-"), "\(arguments)")
            try host.write("revoked", "")
        }
        // Other certificates of the CA go on.
        #expect(try host.pair("accounts", "revoke", "\(key)-cert.pub", "--serial", "8-9").status == 0)
        #expect(try host.decision(certificate, user: "games", uid: 5) == "accepted")
    }

    // MARK: - The file

    @Test("lines go beside their account's, and the rest stays byte for byte")
    func writes() throws {
        let keys = try (0..<3).map { _ in try host.key() }
        let lines = try keys.map { try String(contentsOfFile: "\($0).pub", encoding: .utf8) }
        try host.write("accounts", "# ours\nteam \(lines[0])\n# others\n")
        #expect(
            try host.pair("accounts", "add-ca", "team", "-", "--services", "pgs,admin", input: lines[1]).status == 0)
        #expect(try host.pair("accounts", "add-key", "alice", "\(keys[2]).pub", "--comment", "a laptop").status == 0)
        let third = lines[2].dropLast(" me\n".count)
        #expect(
            try host.text("accounts")
                == "# ours\nteam \(lines[0])team cert-authority,services=\"pgs,admin\" \(lines[1])\n# others\nalice \(third) a laptop\n"
        )
        let again = try host.pair("accounts", "add-key", "alice", "\(keys[2]).pub")
        #expect(again.status == 0 && again.error == "Nothing to change: it is so already.\n", "\(again)")
    }

    @Test("what is no key for an account is refused, with what to do")
    func refuses() throws {
        let (authority, key, _) = try certified()
        let short = try host.key("-t", "rsa", "-b", "1024")
        #expect(try host.pair("accounts", "add-ca", "team", "\(authority).pub").status == 0)
        let before = try host.text("accounts")
        let rows: [([String], String)] = [
            (["add-ca", "team", authority], "a private key\n"),
            (["add-ca", "team", "\(key)-cert.pub"], "a certificate, where a plain public key is expected\n"),
            (["add-key", "team", "\(key)-cert.pub"], "a certificate, where a plain public key is expected\n"),
            (["add-key", "team", "\(short).pub"], "an RSA key of 1024 bits; 2048 are the least that is taken\n"),
            (["add-key", "team", "\(authority).pub"], "the key stands on line 1 already, of account team\n"),
            (["add-ca", "other", "\(authority).pub"], "the key stands on line 1 already, of account team\n"),
            (["add-ca", "team", "\(key).pub", "--services", "web"], "pair.toml has no service \"web\"\n"),
            (["add-ca", "A B", "\(key).pub"], "ACCOUNT: a name of"),
            (["add-key", "a", "/nowhere"], "cannot be read\n"),
            (["add-key", "a", "-"], "no key in it\n"), (["remove", "other"], "no account \"other\"\n"),
            (["remove", "team", "--key", try host.fingerprint(key)], "the account has no key SHA256:"),
            (["remove", "team", "--key", "MD5:00"], "FINGERPRINT: SHA256: and 43 characters"),
            (["revoke", "SHA256:abc"], "FINGERPRINT: SHA256: and 43 characters"),
            (["revoke", "\(key)-cert.pub", "--serial", "9-1"], "serial: a number or FIRST-LAST expected"),
            (["revoke", "--identity", "azure", "sub:1"], "pair.toml has no provider \"azure\"\n"),
            (["revoke", "--identity", "okta", "group:x"], "sub:… or an e-mail expected"),
        ]
        for (arguments, message) in rows {
            let run = try host.pair(["accounts"] + arguments)
            #expect(run.status == 1 && run.error.contains(message), "\(arguments) \(run)")
            #expect(try host.text("accounts") == before)
        }
        #expect(try host.names == ["accounts", "accounts.lock", "pair.toml"])
        #expect(try host.pair("accounts", "revoke", "\(authority).pub", "--yes").status == 0)
        #expect(try host.pair("accounts", "revoke", "\(key).pub").status == 0)
        let revoked = try host.pair("accounts", "add-key", "a", "\(key).pub")
        #expect(revoked.status == 1 && revoked.error.contains("the key is revoked, by line 2"))
    }

    @Test("accounts are listed with what they reach, and what is revoked marked")
    func lists() throws {
        let (authority, key) = (try host.key(), try host.key("-t", "ecdsa", "-b", "384"))
        #expect(try host.pair("accounts", "add-ca", "team", "\(authority).pub", "--services", "pgs").status == 0)
        #expect(try host.pair("accounts", "add-key", "alice", "\(key).pub").status == 0)
        #expect(try host.pair("accounts", "revoke", "\(authority).pub").status == 0)
        let (first, second) = (try host.fingerprint(authority), try host.fingerprint(key))
        let table = try host.pair("accounts", "list").output
        #expect(
            table == """
                LINE  ACCOUNT  KIND  SERVICES  KEY          FINGERPRINT                                         COMMENT
                1     team     CA    pgs       Ed25519      \(first)  revoked (line 1) me
                2     alice    key   all       ECDSA P-384  \(second)  me

                """)
        let json = try host.pair("accounts", "list", "--json").json
        #expect(json.map { $0["kind"] as? String } == ["ca", "key"])
        #expect(json.map { $0["fingerprint"] as? String } == [first, second])
        #expect(json[0]["services"] as? [String] == ["pgs"] && json[1]["services"] is NSNull)
        #expect(json.map { $0["revoked"] as? Bool } == [true, false])
    }
}
