import Encodings
import Fleet
import Foundation
import Policy
import Testing

@testable import Upkeep

/// `pair fleet publish` and `rollback`, to a file and to a web server, and the hosts that follow.
@Suite("pair fleet publish", .server, .serialized) struct PublishTests {
    private func policyHost() throws -> PolicyHost {
        var host = try PolicyHost()
        host.now = UnixTime(seconds: Int64(Date().timeIntervalSince1970))
        return host
    }

    private func address(of host: PolicyHost) -> String { "\(host.host.server.origin)/store/\(host.host.name)" }

    private func publish(
        _ policy: [UInt8], on host: PolicyHost, to place: String, _ flags: String...
    ) async throws -> Run {
        let file = "\(host.host.folder)/policy.signed"
        try Data(policy).write(to: URL(fileURLWithPath: file))
        return try await Program.run(
            [Program.built("pair"), "fleet", "publish", file, "--to", place] + flags,
            environment: ["SSL_CERT_FILE": host.host.server.ca])
    }

    @Test("by PUT, first where nothing is, then in place of what was looked at; hosts apply it")
    func web() async throws {
        let host = try policyHost()
        let place = address(of: host)
        let first = try await publish(try host.policy(1), on: host, to: place)
        #expect(first.status == 0 && first.output.hasPrefix("\(place): serial 1, expires "), "\(first)")
        #expect(try await host.host.run().status == 0)

        let second = try host.policy(2, members: "")
        let next = try await publish(second, on: host, to: place)
        #expect(next.status == 0 && next.output.hasSuffix(", after 1\n"), "\(next)")
        #expect(try await host.host.run().status == 0)
        #expect(host.applied == second)

        let again = try await publish(second, on: host, to: place)
        #expect(again.status == 0 && again.output.hasSuffix(", which was there already\n"), "\(again)")
        for refused in [try host.policy(1), try host.policy(2)] {
            let run = try await publish(refused, on: host, to: place)
            #expect(run.status == 1)
            #expect(run.error.hasPrefix("pair: \(place): a serial above 2 expected, which is published, "), "\(run)")
        }
        #expect(try await host.host.run("--json").output.contains("\"change\":\"same\""))
    }

    @Test("somebody who publishes at the same time is not overwritten")
    func together() async throws {
        let host = try policyHost()
        try await host.publish(try host.policy(1), served: "stale")
        let run = try await publish(try host.policy(2), on: host, to: address(of: host))
        #expect(run.status == 1)
        #expect(run.error.contains(": another policy was published at the same time\n"), "\(run)")
        try await host.host.serve(["store": "tagged"])
        #expect(try await host.host.run("--json").output.contains("\"serial\":1"))
    }

    @Test("what is no policy is neither published nor overwritten")
    func noPolicy() async throws {
        let host = try policyHost()
        let place = address(of: host)
        let unsigned = try await publish(try host.bundle(1).text, on: host, to: place)
        #expect(unsigned.status == 1 && unsigned.error.hasPrefix("pair: policy: an SSH signature expected"))
        var changed = try host.policy(1)
        changed[70] ^= 1
        #expect(try await publish(changed, on: host, to: place).error.hasPrefix("pair: signature: does not match"))
        let expired = try await publish(try host.policy(1, lasting: 0), on: host, to: place)
        #expect(expired.status == 1 && expired.error.contains("policy: expired at"), "\(expired)")
        try await host.publish(Array("<html>".utf8))
        let other = try await publish(try host.policy(1), on: host, to: place)
        #expect(other.status == 1 && other.error.contains(": what is there is no signed policy: "), "\(other)")
        let signers = "\(host.host.folder)/allowed_signers"
        let stranger = try Signer().signed(try host.bundle(1)).published
        let refused = try await publish(stranger, on: host, to: place, "--allowed-signers", signers)
        #expect(refused.status == 1 && refused.error.hasPrefix("pair: signer: none of the allowed"), "\(refused)")
        let replaced = try await publish(try host.policy(1), on: host, to: place, "--allowed-signers", signers)
        #expect(replaced.status == 0 && !replaced.output.contains(", after"), "\(replaced)")
        try await host.host.serve(["store": "status_500"])
        #expect(try await publish(try host.policy(1), on: host, to: place).error.contains("status 200 or 404 expected"))
    }

    @Test("headers come from a file")
    func headers() async throws {
        let host = try policyHost()
        let file = "\(host.host.folder)/headers"
        try host.host.write("Authorization: Bearer abc:def\nX-More: 1\n", to: file)
        let run = try await publish(try host.policy(1), on: host, to: address(of: host), "--headers", file)
        #expect(run.status == 0, "\(run)")
        let headers = try await host.lastHeaders()
        #expect(headers["authorization"] == "Bearer abc:def" && headers["x-more"] == "1")
        try host.host.write("Authorization\n", to: file)
        let bad = try await publish(try host.policy(2), on: host, to: address(of: host), "--headers", file)
        #expect(bad.status == 1 && bad.error.contains("headers:1: NAME: VALUE expected"), "\(bad)")
    }

    @Test("to a file in one step, where its serial is higher")
    func file() async throws {
        let host = try policyHost()
        let place = "\(host.host.folder)/www.signed"
        let first = try host.policy(5)
        #expect(try await publish(first, on: host, to: place).status == 0)
        #expect(try host.host.read(place) == first)
        let lower = try await publish(try host.policy(4), on: host, to: place)
        #expect(lower.status == 1 && lower.error.contains("a serial above 5 expected"), "\(lower)")
        #expect(try await publish(try host.policy(5, members: ""), on: host, to: place).status == 1)
        #expect(try host.host.read(place) == first)
        let next = try await publish(try host.policy(6), on: host, to: place, "--json")
        #expect(next.status == 0 && next.output.contains("\"before\":5"), "\(next)")
        let names = try FileManager.default.contentsOfDirectory(atPath: host.host.folder).sorted()
        #expect(names == ["allowed_signers", "pair.toml", "policy.signed", "www.signed"])
    }

    @Test("a signed policy is rolled back to only where its signature is one, and by whom it may be where that is said")
    func rollbackVerified() async throws {
        let host = try policyHost()
        let (older, signers) = ("\(host.host.folder)/older", "\(host.host.folder)/allowed_signers")
        func rollback(_ old: [UInt8], _ more: String...) async throws -> (status: Int32, error: String) {
            try Data(old).write(to: URL(fileURLWithPath: older))
            let run = try await Program.run([Program.built("pair"), "fleet", "rollback", older, "--out", "-"] + more)
            #expect(run.output.hasPrefix("pair-policy 1\n") == (run.status == 0))
            return (run.status, run.error)
        }
        let good = try host.policy(3)
        #expect(try await rollback(good, "--allowed-signers", signers).status == 0)
        #expect(try await rollback(try host.bundle(3).text).status == 0)
        let unsigned = try await rollback(try host.bundle(3).text, "--allowed-signers", signers)
        #expect(unsigned.status == 1 && unsigned.error.contains("an SSH signature expected"), "\(unsigned)")
        var changed = good
        changed[70] ^= 1
        #expect(try await rollback(changed).error.hasPrefix("pair: signature: does not match"))
        let elsewhere = try await rollback(try host.signer.signed(try host.bundle(3), for: "file").published)
        #expect(elsewhere.status == 1 && elsewhere.error.contains("signed for \"file\""), "\(elsewhere)")
        let stranger = try Signer().signed(try host.bundle(3)).published
        #expect(try await rollback(stranger).status == 0)
        let refused = try await rollback(stranger, "--allowed-signers", signers)
        #expect(refused.status == 1 && refused.error.hasPrefix("pair: signer: none of the allowed"), "\(refused)")
    }

    @Test(
        "what would not be heeded is not taken",
        arguments: [
            "there --etcd https://localhost", "there --etcd-ca ca.pem", "there --etcd-user u",
            "there --etcd-prefix /x/",
            "there --etcd-password-file p", "there --headers h", "etcd --etcd https://localhost --headers h",
        ])
    func unheeded(_ arguments: String) async throws {
        let arguments = arguments.split(separator: " ").map { String($0) }
        let run = try await Program.run([Program.built("pair"), "fleet", "publish", "--to"] + arguments)
        #expect(run.status == 64 && run.error.contains("leave"), "\(run)")
    }

    @Test("an older content comes back under a new serial, once it is signed again")
    func rollback() async throws {
        let host = try policyHost()
        let place = address(of: host)
        let old = try host.policy(3, members: "x  bob@example.com  idp  bob\n")
        try await host.publish(try host.policy(7))
        #expect(try await host.host.run().status == 0)
        let (older, bundle) = ("\(host.host.folder)/older", "\(host.host.folder)/policy")
        try Data(old).write(to: URL(fileURLWithPath: older))
        try Data(try host.bundle(7).text).write(to: URL(fileURLWithPath: bundle))
        let run = try await Program.run([
            Program.built("pair"), "fleet", "rollback", older, "--out", bundle, "--serial", "8",
        ])
        #expect(run.status == 0 && run.output.hasSuffix("; the content of 3\n"), "\(run)")
        let made = try PolicyBundle(parsing: host.host.read(bundle))
        #expect(made.serial == 8 && made[.members] == Array("x  bob@example.com  idp  bob\n".utf8))
        // By itself the serial is after all that is known.
        let later = try await Program.run([Program.built("pair"), "fleet", "rollback", older, "--out", bundle])
        #expect(later.status == 0)
        #expect(try PolicyBundle(parsing: host.host.read(bundle)).serial >= UInt64(host.now.seconds))

        #expect(try await publish(made.text, on: host, to: place).status == 1)
        let signed = try host.signer.signed(made).published
        #expect(try await publish(signed, on: host, to: place).status == 0)
        #expect(try await host.host.run().status == 0)
        #expect(host.applied == signed)
    }
}
