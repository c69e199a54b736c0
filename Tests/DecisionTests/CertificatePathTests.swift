import Decision
import Encodings
import Foundation
import SSHKeys
import Testing

@testable import TestSupport

/// What a certificate of an account's CA reaches, and what sshd is told of it.
@Suite struct CertificatePathTests {
    // MARK: - Which service

    /// The rules of docs/configuration.md "What a certificate reaches", written out once more.
    private static func expected(login: String, principals: Set<String>, cap: Set<String>?, hasAdmin: Bool) -> String {
        let own = ["pgs": "pgs", "both": "pgs", "tuns": "tuns"][login]
        let isAdmins = hasAdmin && ["root", "both"].contains(login)
        func isGranted(_ name: String) -> Bool {
            principals.contains(name) && (cap == nil || cap?.contains(name) == true)
        }
        if let own, isGranted(own) { return own }
        guard own != nil || isAdmins else { return "service-not-granted" }
        if isGranted("admin") { return "admin" }
        return principals.contains("admin") ? "admin-not-granted" : "service-not-granted"
    }

    private static func subsets(of names: [String]) -> [[String]] {
        names.reduce([[]]) { subsets, name in subsets + subsets.map { $0 + [name] } }
    }

    @Test("every login is reached by its service or by admin, within the CA's cap, and by nothing else")
    func everyCombination() {
        let withoutAdmin = AuthorityCertificate.defaultServices.components(separatedBy: "[[service]]")
            .filter { !$0.contains("admin") }.joined(separator: "[[service]]")
        let caps = [nil] + Self.subsets(of: ["pgs", "tuns", "admin"]).filter { !$0.isEmpty }.map(Optional.some)
        var seen: [String: Int] = [:]
        for principals in Self.subsets(of: ["root", "tuns", "admin", "pgs"]) where !principals.isEmpty {
            for cap in caps {
                for hasAdmin in [true, false] {
                    var certificate = AuthorityCertificate(principals: principals.map { Text($0) })
                    if let cap { certificate.account += ",services=\"\(cap.joined(separator: ","))\"" }
                    if !hasAdmin { certificate.services = withoutAdmin }
                    for login in ["pgs", "both", "tuns", "root", "alice"] {
                        let decision = certificate.offered(for: Text(login)).decided()
                        let expected = Self.expected(
                            login: login, principals: Set(principals), cap: cap.map { Set($0) }, hasAdmin: hasAdmin)
                        let found = decision.principals?.first ?? String(decision.expectation.dropFirst(9))
                        #expect(found == expected, "\(login) \(principals) \(cap ?? ["no cap"]) \(hasAdmin)")
                        seen[expected, default: 0] += 1
                    }
                }
            }
        }
        #expect(seen.keys.sorted() == ["admin", "admin-not-granted", "pgs", "service-not-granted", "tuns"])
        #expect(seen.values.allSatisfy { $0 > 40 })
    }

    struct Refused: Sendable, CustomStringConvertible {
        let login: Text
        var principals: [Text] = ["pgs"]
        var cap: String?
        let detail: String
        var description: String { detail }
    }

    private static let refused = [
        Refused(login: "alice", detail: "alice is a login of no service in pair.toml"),
        Refused(login: "tuns", detail: "tuns is a login of tuns, and neither that nor admin is a principal"),
        Refused(login: "root", detail: "root is a login of admin, which is not a principal"),
        Refused(login: "pgs", cap: "tuns", detail: "pgs among the principals, but the CA may grant tuns alone"),
        Refused(
            login: "both", principals: ["admin", "pgs"], cap: "tuns,x",
            detail: "pgs and admin among the principals, but the CA may grant tuns, x alone"),
    ]

    @Test("a refusal says what is missing", arguments: refused)
    func detail(_ row: Refused) {
        var certificate = AuthorityCertificate(principals: row.principals)
        if let cap = row.cap { certificate.account += ",services=\"\(cap)\"" }
        let decision = certificate.offered(for: row.login).decided()
        guard case .refused(let refusal) = decision.outcome else {
            Issue.record("\(decision.outcome)")
            return
        }
        #expect(refusal.detail == row.detail)
    }

    // MARK: - Nothing but what the CA signed

    @Test("with any bit of the certificate changed nobody enters")
    func bits() {
        let certificate = AuthorityCertificate(
            criticalOptions: [CertificateOption(name: "source-address", string: Array("::1/128".utf8))],
            extensions: [CertificateOption(flag: "permit-pty")])
        let good = certificate.blob
        #expect(certificate.offered().decided().line != nil)
        for index in good.indices {
            for bit in 0..<8 {
                var blob = good
                blob[index] ^= 1 << UInt8(bit)
                #expect(certificate.offered(blob: blob).decided().line == nil, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test("cut off anywhere, or with a byte behind, the certificate is none")
    func cut() {
        let certificate = AuthorityCertificate()
        let good = certificate.blob
        for count in good.indices {
            #expect(certificate.offered(blob: Array(good[..<count])).decided().line == nil)
        }
        #expect(certificate.offered(blob: good + [0]).decided().line == nil)
    }

    // MARK: - The line

    private static let hostile: [Text] = [
        "", " ", "\n", "\"", "\\", "\",command=\"id", "pgs\" ssh-ed25519 AAAA", "pgs\nroot", "pgs,admin", "*", "?",
        "!pgs", "pg\u{1B}[2K", "pgs\u{0}", "PGS", "pgs ", " pgs", "pgs$", "opkssh-wildcard", "root", "admin2", "ädmin",
        "pgѕ", "{account}", "%u", "$(id)",
    ]

    @Test(
        "a principal beside the service's is never on the line, and one that could not be on it refuses",
        arguments: hostile)
    func principal(_ name: Text) throws {
        let isName = ["PGS", "pgs$", "opkssh-wildcard", "root", "admin2"].contains(name)
        for names in [[name, "pgs"], ["pgs", name], ["tuns", name, "pgs", "deploy"]] as [[Text]] {
            let decision = AuthorityCertificate(principals: names).offered().decided()
            #expect((decision.line != nil) == isName, "\(names): \(decision.outcome)")
            if decision.line != nil { #expect(decision.principals == ["pgs"]) }
        }
        #expect(AuthorityCertificate(principals: [name]).offered().decided().line == nil)
    }

    @Test("key id and extensions are never on the line, whatever they say", arguments: hostile)
    func freeText(_ text: Text) throws {
        let isText = !text.utf8.contains(0)
        let extensions = [CertificateOption(name: "zz@example.com", string: Array(text.utf8))]
        let decision = AuthorityCertificate(keyID: Array(text.utf8), extensions: extensions).offered()
            .decided(isExplained: true)
        #expect((decision.line != nil) == isText)
        for check in decision.checks { #expect(check.detail.isPlain) }
        guard let line = decision.line else { return }
        #expect(line.text == AuthorityCertificate().offered().decided().line?.text)
    }

    private static let commands: [(String, Text)] = [
        ("/bin/pgs {account} {service} {login}", "/bin/pgs acme.0 pgs both"),
        (#"sh -c "echo \"{account}\"""#, ""),  // sshd would read it otherwise
        (#"sh -c "exec x '{login}', {account}""#, #"sh -c "exec x 'both', acme.0""#),
        (#""{account}""#, #""acme.0""#), (#"\{account}"#, #"\acme.0"#), (#"{account}\"#, ""),
    ]

    @Test("a command stands in quotes that no name can end, and reads as it was configured", arguments: commands)
    func command(_ row: (configured: String, expected: Text)) throws {
        var certificate = AuthorityCertificate()
        certificate.account = "acme.0 cert-authority"
        certificate.services = """
            [[service]]
            name = "pgs"
            logins = ["both"]
            command = '''\(row.configured)'''
            """
        let decision = certificate.offered(for: "both").decided()
        guard !row.expected.isEmpty else {
            #expect(decision.expectation == "fault: config-invalid")
            return
        }
        let options = try AuthorizedKey(line: #require(decision.line).text.utf8).options
        #expect(options.map(\.name) == Self.permits + ["command", "expiry-time", "cert-authority", "principals"])
        #expect(options.first { $0.name == "command" }?.value == row.expected)
    }

    private static let permits = ["restrict", "pty", "port-forwarding", "agent-forwarding", "user-rc"]

    @Test("the line ends with the certificate, in whichever way sshd wants to be told, and says nothing of no end")
    func end() throws {
        let forms = [
            (UInt64(Keys.now.seconds + 1), "utc", "20261122120001Z"),
            (UInt64(Keys.now.seconds + 300), "local", "20261122130500"),
            (UInt64(Keys.now.seconds + 300), "none", nil),
            (253_402_300_799, "utc", "99991231235959Z"),
            (253_402_300_800, "utc", nil), (.max, "utc", nil), (.max, "local", nil), (1 << 63, "utc", nil),
        ]
        for (end, style, printed) in forms {
            var login = AuthorityCertificate(end: end).offered(localTime: Zone.berlin.localTime)
            login.append("[line]\nexpiry_time = \"\(style)\"")
            let line = try #require(login.decided().line)
            let found = try AuthorizedKey(line: line.text.utf8).options.first { $0.name == "expiry-time" }?.value
            #expect(found?.string == printed, "\(end) \(style)")
            #expect((line.end == .never) == (end > 253_402_300_799))
        }
    }

    @Test("a plain key's line has neither a CA nor an end")
    func plainKey() throws {
        var login = AuthorityCertificate().offered(for: "both")
        login.key = Array(Base64.standard.encode(AuthorityCertificate.user.sshKey.blob).utf8)
        login.setAccounts("acme \(AuthorityCertificate.user.sshKey.authorizedKeysText) laptop\n")
        let line = try #require(login.decided().line)
        let parsed = try AuthorizedKey(line: line.text.utf8)
        #expect(parsed.options.map(\.name) == Self.permits + ["command"])
        #expect(parsed.options.last?.value == "/usr/bin/pgs --account acme")
        #expect(parsed.blob == AuthorityCertificate.user.sshKey.blob)
        #expect(line.end == .never)
    }

    // MARK: - What --explain shows

    private static func details(_ certificate: AuthorityCertificate, for login: Text = "pgs") -> [Check: String] {
        let checks = certificate.offered(for: login).decided(isExplained: true).checks
        return Dictionary(uniqueKeysWithValues: checks.map { ($0.check, $0.detail) })
    }

    @Test("account, CA, cap, principals, service and the critical options are shown")
    func explained() throws {
        var certificate = AuthorityCertificate(
            principals: ["tuns", "pgs"],
            criticalOptions: [
                CertificateOption(name: "force-command", string: Array("echo \"\u{1B}[2K\"".utf8)),
                CertificateOption(name: "source-address", string: Array("10.0.0.0/8".utf8)),
                CertificateOption(flag: "verify-required"),
            ])
        let authority = try AuthorityCertificate.authority.sshKey.fingerprint()
        let open = Self.details(certificate)
        #expect(open[.principals] == "tuns, pgs")
        #expect(
            open[.criticalOptions] == #"""
                force-command "echo \"\x1b[2K\"", source-address "10.0.0.0/8", verify-required; sshd enforces them
                """#)
        #expect(open[.authority] == "acme's, accounts line 1, \(authority); may grant everything")
        #expect(
            open[.service] == """
                pgs, by the principal pgs; sshd will refuse, for the certificate's force-command is another than the \
                service's command
                """)
        certificate.account += ",services=\"pgs,x\""
        certificate.criticalOptions = [
            CertificateOption(name: "force-command", string: Array("/usr/bin/pgs --account acme".utf8))
        ]
        let capped = Self.details(certificate)
        #expect(capped[.authority] == "acme's, accounts line 1, \(authority); may grant pgs, x alone")
        #expect(capped[.service] == "pgs, by the principal pgs")
        // Another option says nothing of the command; without any there is nothing to enforce.
        certificate.criticalOptions = [CertificateOption(name: "source-address", string: Array("::1/128".utf8))]
        #expect(Self.details(certificate)[.service] == "pgs, by the principal pgs")
        certificate.criticalOptions = []
        #expect(Self.details(certificate)[.criticalOptions] == "none")
        certificate.account = "acme cert-authority"
        certificate.principals = ["admin"]
        #expect(Self.details(certificate, for: "tuns")[.service] == "tuns, by the principal admin")
    }
}

extension Decision {
    /// The one value of `principals=` on the line, split as sshd would; `nil` where there is no line.
    fileprivate var principals: [String]? {
        guard let line, let parsed = try? AuthorizedKey(line: line.text.utf8) else { return nil }
        let values = parsed.options.filter { $0.name == "principals" }.map { $0.value?.string ?? "" }
        return values.flatMap { $0.components(separatedBy: ",") }
    }
}
