// Who gets where with certificates that ssh-keygen signed for an account, through a real sshd.

import Foundation
import Testing

@testable import TestSupport

extension EndToEnd {
    @Suite("a login with a certificate of an account's CA", .withCertificateKeys)
    struct CertificateLogin {
        let lab: Lab
        let keys: CertificateKeys

        init() throws {
            lab = try #require(Lab.current)
            keys = try #require(CertificateKeys.current)
        }

        /// The host, on which the service `pgs` tells who came, and what they asked for.
        private func telling() async throws -> CertificateLab {
            try await CertificateLab(
                lab, keys, command: "echo {account} {service} {login}: $SSH_ORIGINAL_COMMAND")
        }

        // MARK: - One service and nothing else

        @Test("a certificate reaches its one service, whose command runs whatever is asked for, and nothing else")
        func oneService() async throws {
            let host = try await telling()
            let flags = ["-n", "pgs", "-I", "ci@2026-11-22", "-V", "+5m"]
            let key = try host.keys.certificate(for: "user-ed25519", by: "capped", flags)
            for command in ["id -un", "sh -c 'cat /etc/passwd'", "$(id)"] {
                let login = try await host.ssh(key, as: lab.deploy, command)
                #expect(login.isIn, "\(login)")
                #expect(login.command.output == "capped pgs \(lab.deploy): \(command)\n")
                let expected = CertificateLab.Record(
                    decision: "accept", reason: "accepted", login: lab.deploy, path: "certificate", account: "capped",
                    services: ["pgs"], keyID: "ci@2026-11-22", ca: try host.keys.fingerprint("capped"))
                #expect(login.records.count >= 2 && login.records.allSatisfy { $0 == expected }, "\(login)")
            }
            for other in [lab.alice, host.admins] {
                let login = try await host.ssh(key, as: other)
                #expect(login.command.status == 255 && login.command.output.isEmpty, "\(login)")
                let expected = CertificateLab.Record(
                    decision: "refuse", reason: "service-not-granted", login: other, path: "certificate",
                    account: "capped", services: nil, keyID: "ci@2026-11-22", ca: try host.keys.fingerprint("capped"))
                #expect(!login.records.isEmpty && login.records.allSatisfy { $0 == expected }, "\(login)")
            }
        }

        private static let hasRsync = FileManager.default.isExecutableFile(atPath: "/usr/bin/rrsync")

        @Test(
            "rsync copies into the one folder of its service, and ssh finds neither a shell nor another folder",
            .enabled(if: hasRsync || Lab.mustRun, "needs /usr/bin/rrsync: the package rsync"))
        func copies() async throws {
            let drop = "\(lab.folder)/home/\(lab.deploy)/drop"
            let host = try await CertificateLab(
                lab, keys, command: "mkdir -p \(drop)/{account} && exec rrsync -wo \(drop)/{account}")
            let key = try host.keys.certificate(
                for: "user-ed25519", by: "capped", ["-n", "pgs", "-I", "site", "-V", "+5m"])
            let source = "\(lab.folder)/keys/site-\(UUID())"
            try FileManager.default.createDirectory(atPath: source + "/img", withIntermediateDirectories: true)
            for name in ["index.html", "img/a.svg"] {
                try Data(name.utf8).write(to: URL(fileURLWithPath: "\(source)/\(name)"))
            }
            func rsync(_ from: String, _ to: String) async throws -> CertificateLab.Attempt {
                let shell = host.ssh(key).joined(separator: " ")
                return try await host.attempt(["rsync", "-r", "-e", shell, from, to])
            }

            let copied = try await rsync(source + "/", "\(lab.deploy)@lab:www/")
            #expect(copied.isIn, "\(copied)")
            #expect(copied.reasons == ["accepted"] && Set(copied.records.map(\.keyID)) == ["site"], "\(copied)")
            #expect(try lab.contents(of: "\(drop)/capped/www/img/a.svg") == "img/a.svg")
            #expect(try lab.contents(of: "\(drop)/capped/www/index.html") == "index.html")

            let outside = "\(lab.folder)/home/\(lab.deploy)/.ssh/"
            let escaped = try await rsync(source + "/", "\(lab.deploy)@lab:../../.ssh/")
            let absolute = try await rsync(source + "/", "\(lab.deploy)@lab:\(outside)")
            let read = try await rsync("\(lab.deploy)@lab:www/index.html", source + "/stolen")
            let shell = try await host.ssh(key, as: lab.deploy)
            let other = try await rsync(source + "/", "\(lab.alice)@lab:")
            for attempt in [escaped, read, shell, other] { #expect(!attempt.isIn, "\(attempt)") }
            #expect(!FileManager.default.fileExists(atPath: outside + "index.html"), "\(absolute)")
            #expect(!FileManager.default.fileExists(atPath: source + "/stolen"))
            #expect(shell.command.output.isEmpty && shell.reasons == ["accepted"], "\(shell)")
            #expect(other.reasons == ["service-not-granted"], "\(other)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: drop) == ["capped"])
        }

        // MARK: - The table

        /// The cases that ssh can ask sshd about: where it has the private key, offers it, and has none besides that is
        /// let in; of the pairs of key types those with one Ed25519 key.
        static let cases = CertificateCase.all.filter { row in
            let isPair = row.name.hasPrefix("a key ")
            let isPlain = [row.user, row.ca].contains { $0.hasSuffix("-ed25519") }
            return !row.user.contains("-sk-") && row.user != "user-rsa-1024" && row.user != "laptop"
                && (!isPair || isPlain)
        }

        @Test("sshd lets in whom the certificate's principals, CA and options allow, and nobody else")
        func table() async throws {
            let host = try await telling()
            #expect(Self.cases.count > 90)
            let forged = try host.keys.forgedCertificate(
                for: "user-ed25519", by: "nobody", naming: "ca-ed25519", ["-n", "pgs", "-V", "+5m"])
            let refused = try await host.ssh(forged, as: lab.deploy)
            #expect(refused.command.status == 255 && refused.isRefused(for: "cert-signature"), "\(refused)")
            for row in Self.cases { try await judge(row, on: host) }
        }

        private func judge(_ row: CertificateCase, on host: CertificateLab) async throws {
            let key = try host.keys.certificate(for: row.user, by: row.ca, row.flags)
            let login = host.login(row.login)
            let attempt = try await host.ssh(key, as: login)
            switch row.answer {
            case .accepted where row.isRefusedBySSHD:
                #expect(attempt.command.status == 255 && attempt.reasons == ["accepted"], "\(row): \(attempt)")
            case .accepted(let principal):
                let account = CertificateKeys.account(of: row.ca)
                let output = row.login == "pgs" ? "\(account) pgs \(login): id -un\n" : "\(login)\n"
                #expect(attempt.command.output == output, "\(row): \(attempt)")
                #expect(attempt.reasons == ["accepted"], "\(row): \(attempt)")
                let service = row.login == "root" ? "admin" : row.login
                let services = principal == service ? [service] : [service, principal]
                #expect(attempt.records.allSatisfy { $0.services == services && $0.account == account }, "\(row)")
                let id = row.flags.firstIndex(of: "-I").map { row.flags[$0 + 1] } ?? "\(row.user)@test"
                #expect(Set(attempt.records.map(\.keyID)) == [id.isEmpty ? nil : id], "\(row)")
            case .refused(let reason):
                #expect(attempt.command.status == 255 && attempt.command.output.isEmpty, "\(row): \(attempt)")
                #expect(attempt.isRefused(for: reason), "\(row): \(attempt)")
            }
        }

        // MARK: - Permits, ends, plain keys

        @Test("a certificate without permit-pty gives no terminal, and one with it does")
        func permits() async throws {
            let host = try await telling()
            for (flags, isThere) in [(["-O", "no-pty"], false), ([], true)] {
                let key = try host.keys.certificate(for: "user-ed25519", by: "ca-ed25519", ["-n", "tuns"] + flags)
                let login = try await host.attempt(host.ssh(key) + ["-tt", "\(lab.alice)@lab", "tty"])
                #expect(login.isIn == isThere, "\(login)")
                #expect(login.reasons == ["accepted"], "\(login)")
            }
        }

        @Test("a certificate that was good is refused once it has ended")
        func ends() async throws {
            let host = try await telling()
            let key = try host.keys.certificate(for: "user-ed25519", by: "ca-ed25519", ["-n", "pgs", "-V", "+3s"])
            #expect(try await host.ssh(key, as: lab.deploy).isIn)
            let deadline = ContinuousClock.now + .seconds(20)
            var last = try await host.ssh(key, as: lab.deploy)
            // sshd asks more than once for one login: the end may fall between two of its questions.
            while last.reasons != ["cert-expired"], ContinuousClock.now < deadline {
                last = try await host.ssh(key, as: lab.deploy)
            }
            #expect(last.command.status == 255 && last.reasons == ["cert-expired"], "\(last)")
        }

        @Test("a plain account key reaches every service's logins, and a CA's key none")
        func plainKeys() async throws {
            let host = try await telling()
            for login in [lab.deploy, lab.alice, host.admins] {
                let laptop = try await host.ssh(host.keys.path("laptop"), as: login)
                #expect(laptop.isIn && laptop.reasons == ["accepted"], "\(laptop)")
                #expect(laptop.records.allSatisfy { $0.path == "key" && $0.account == "laptop" && $0.keyID == nil })
                let authority = try await host.ssh(host.keys.path("ca-ed25519"), as: login)
                #expect(authority.command.status == 255 && authority.records.isEmpty, "\(authority)")
            }
            let stolen = try await host.ssh(host.keys.path("stolen"), as: lab.deploy)
            #expect(stolen.command.status == 255 && stolen.reasons == ["revoked-key"], "\(stolen)")
        }

        @Test("while accounts is broken nobody enters by an account, and people with Keys do")
        func brokenAccounts() async throws {
            let host = try await CertificateLab(lab, keys, command: "id", accounts: "acme ssh-ed25519\n")
            let key = try host.keys.certificate(for: "user-ed25519", by: "ca-ed25519", ["-n", "pgs"])
            let login = try await host.ssh(key, as: lab.deploy)
            #expect(login.command.status == 255 && login.reasons == ["config-syntax"], "\(login)")
            let keys = try await lab.signIn("alice")
            #expect(try await lab.login(with: keys, as: lab.alice).isIn)
        }
    }
}
