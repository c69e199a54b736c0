import Foundation
import Testing

@testable import TestSupport

/// Certificates made on the spot by `ssh-keygen -s`, through the program as sshd runs it.
@Suite(.onHost, .onCertificateHost) struct CertificateCasesTests {
    private func host() throws -> CertificateHost { try #require(CertificateHost.current) }

    /// Asks as sshd does and as a program does, and compares both answers with `answer`.
    private func expect(
        _ answer: CertificateCase.Answer, of key: String, by ca: String, as login: String
    ) async throws {
        let host = try host()
        let certificate = key + "-cert.pub"
        let words = try String(contentsOfFile: certificate, encoding: .utf8).split(separator: " ")
        let question = [
            "--user", login, "--key", String(words[1]), "--type", String(words[0]), "--config",
            host.host.at("pair.toml"),
        ]
        let sshd = try await host.host.run(question)
        let json = try await host.host.run(question + ["--json"]).json
        #expect(sshd.status == 0 && sshd.error.isEmpty, "\(sshd)")
        switch answer {
        case .refused(let reason):
            #expect(json["reason"] as? String == reason, "\(json["detail"] ?? "")")
            #expect(sshd.output.isEmpty)
        case .accepted(let principal):
            #expect(json["reason"] as? String == "accepted", "\(json["detail"] ?? "")")
            let shown = try host.keys.shown(certificate)
            let line = try line(shown, principal: principal, ca: ca, login: login)
            #expect(sshd.output == line + "\n")
            #expect(json["line"] as? String == line)
        }
    }

    /// The line as it must be, with the end that ssh-keygen reads in the certificate.
    private func line(_ shown: String, principal: String, ca: String, login: String) throws -> String {
        let host = try host()
        let account = CertificateKeys.account(of: ca)
        var options = ["restrict,pty,port-forwarding,agent-forwarding,user-rc"]
        if login == "pgs" {
            options.append(#"command="/usr/bin/pgs --account \#(account) 'pgs' \"pgs\"""#)
        }
        let validity = shown.components(separatedBy: "\n").first { $0.contains("Valid: ") } ?? ""
        let end = validity.replacingOccurrences(of: " before ", with: " to ").components(separatedBy: " to ")
        if end.count == 2, !end[1].contains("forever") {
            options.append("expiry-time=\"\(end[1].filter(\.isNumber))Z\"")
        }
        options.append("cert-authority,principals=\"\(principal)\"")
        return options.joined(separator: ",") + " " + (try host.keys.publicKey(ca))
    }

    @Test("a forged CA signature lets nobody in")
    func forged() async throws {
        let host = try host()
        let flags = ["-n", "pgs", "-V", "+5m"]
        let honest = try host.keys.certificate(for: "user-ed25519", by: "nobody", flags)
        try await expect(.refused("ca-unknown"), of: honest, by: "nobody", as: "pgs")
        let forged = try host.keys.forgedCertificate(for: "user-ed25519", by: "nobody", naming: "ca-ed25519", flags)
        try await expect(.refused("cert-signature"), of: forged, by: "ca-ed25519", as: "pgs")
    }

    @Test(
        "a certificate is judged by who signed it, for whom, for how long and with which options",
        arguments: CertificateCase.all)
    func judged(_ row: CertificateCase) async throws {
        let path = try host().keys.certificate(for: row.user, by: row.ca, row.flags)
        try await expect(row.answer, of: path, by: row.ca, as: row.login)
    }

    @Test("a login leaves a record with the account, the service, the key id and the serial")
    func recorded() async throws {
        let host = try host()
        let flags = ["-n", "tuns", "-I", "alice \"at\" work", "-z", "18446744073709551615"]
        let path = try host.keys.certificate(for: "user-ecdsa-384", by: "capped", flags)
        let key = String(try String(contentsOfFile: path + "-cert.pub", encoding: .utf8).split(separator: " ")[1])
        _ = try await host.host.run(["--user", "tuns", "--key", key, "--config", host.host.at("pair.toml")])
        let lines = try host.host.text("access.jsonl").split(separator: "\n").filter { $0.contains("at\\\" work") }
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(record["decision"] as? String == "accept")
        #expect(record["path"] as? String == "certificate")
        #expect(record["login"] as? String == "tuns")
        #expect(record["account"] as? String == "capped")
        #expect(record["services"] as? [String] == ["tuns"])
        #expect(record["key_id"] as? String == "alice \"at\" work")
        #expect(record["serial"] as? String == "18446744073709551615")
        #expect(record["key"] as? String == (try host.keys.fingerprint("user-ecdsa-384")))
        #expect(record["ca"] as? String == (try host.keys.fingerprint("capped")))
        #expect(record["expires"] == nil && record["email"] == nil)
    }

    struct Plain: Sendable, CustomStringConvertible {
        let key: String
        var login = "pgs"
        /// The options of the line, `nil` where there is none.
        let reason: String
        var description: String { "\(key) as \(login)" }
    }

    static let plain = [
        Plain(key: "laptop", reason: "accepted"), Plain(key: "laptop", login: "tuns", reason: "accepted"),
        Plain(key: "laptop", login: "root", reason: "accepted"),
        Plain(key: "laptop", login: "alice", reason: "service-not-granted"),
        Plain(key: "stolen", reason: "revoked-key"), Plain(key: "nobody", reason: "key-unknown"),
        Plain(key: "user-ed25519", reason: "key-unknown"), Plain(key: "ca-ed25519", reason: "key-unknown"),
        Plain(key: "ca-rsa-4096", reason: "key-unknown"), Plain(key: "ca-ecdsa-521", reason: "key-unknown"),
        Plain(key: "capped", reason: "key-unknown"), Plain(key: "revoked", reason: "key-unknown"),
    ]

    @Test("a plain key enters where an account has it as one, and a CA's never does", arguments: plain)
    func plainKey(_ row: Plain) async throws {
        let host = try host()
        let key = try host.keys.publicKey(row.key)
        let question = ["--user", row.login, "--key", key, "--config", host.host.at("pair.toml")]
        let sshd = try await host.host.run(question)
        #expect(try await host.host.run(question + ["--json"]).json["reason"] as? String == row.reason)
        let command = row.login == "pgs" ? #",command="/usr/bin/pgs --account laptop 'pgs' \"pgs\"""# : ""
        let line = "restrict,pty,port-forwarding,agent-forwarding,user-rc\(command) \(key)\n"
        #expect(sshd.status == 0 && sshd.error.isEmpty)
        #expect(sshd.output == (row.reason == "accepted" ? line : ""))
    }

    @Test("--explain shows account, CA, cap, principals, service and critical options, and that a line has no end")
    func explained() async throws {
        let host = try host()
        let flags = ["-n", "pgs,x", "-O", "force-command=/bin/true", "-O", "source-address=::1/128", "-z", "3"]
        let path = try host.keys.certificate(for: "user-ecdsa-256", by: "capped", flags)
        let question = [
            "--user", "pgs", "--key", "@\(path)-cert.pub", "--config", host.host.at("pair.toml"), "--explain",
        ]
        let run = try await host.host.run(question)
        #expect(run.status == 0, "\(run)")
        for part in [
            "principals             pgs, x\n", #"force-command "/bin/true", source-address "::1/128"; sshd enforces"#,
            "CA                     capped's, accounts line 10, SHA256:", "; may grant pgs, tuns alone\n",
            "service                pgs, by the principal pgs; sshd will refuse",
            "\naccepted without an end; sshd is told:\n",
        ] {
            #expect(run.output.contains(part), "\(part) in \(run.output)")
        }
    }
}
