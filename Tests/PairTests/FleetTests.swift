import Foundation
import Testing

@testable import TestSupport

/// `pair fleet build`, `sign` and `verify`, with ssh-keygen as judge of what is signed.
@Suite("pair fleet", .onTestHost)
struct FleetTests {
    private static let members = "build-box  alice@example.com  example  alice\n"

    /// A folder with a policy's files and a key that may sign.
    private func fleet(
        members: String = members, signer kind: [String] = ["-t", "ed25519"]
    ) throws -> (host: TestHost, key: String) {
        let host = try TestHost()
        try host.write("members", members)
        try host.write("revoked", "identity example mallory@example.com\n")
        let key = try host.key(kind)
        let signer = try String(contentsOfFile: "\(key).pub", encoding: .utf8)
        try host.write("allowed_signers", "ops@example.com namespaces=\"pair-policy\" \(signer)")
        return (host, key)
    }

    private func build(_ host: TestHost, _ flags: String...) throws -> TestHost.Run {
        try host.pair(["fleet", "build", "--out", host.at("policy")] + flags)
    }

    private func sign(_ host: TestHost, by key: String) throws -> TestHost.Run {
        try host.run([TestHost.program("pair"), "fleet", "sign", "--key", key, host.at("policy")], "", [:])
    }

    private func verify(_ host: TestHost, _ flags: String...) throws -> TestHost.Run {
        let command = ["fleet", "verify", "--allowed-signers", host.at("allowed_signers"), host.at("policy.signed")]
        return try host.run([TestHost.program("pair")] + command + flags, "", [:])
    }

    @Test(
        "what is built and signed is verified, by us and by ssh-keygen, and holds the files as they were",
        arguments: [
            ["-t", "ed25519"], ["-t", "ecdsa", "-b", "256"], ["-t", "ecdsa", "-b", "384"],
            ["-t", "ecdsa", "-b", "521"], ["-t", "rsa", "-b", "2048"], ["-t", "rsa", "-b", "4096"],
        ])
    func whole(_ kind: [String]) throws {
        let (host, key) = try fleet(signer: kind)
        let built = try build(host, "--serial", "7", "--expires", "2d", "--json")
        #expect(built.json.first?["serial"] as? Int == 7, "\(built)")
        #expect(try sign(host, by: key).status == 0)

        let verified = try verify(host, "--json")
        #expect(verified.json.first?["signer"] as? String == "ops@example.com", "\(verified)")
        #expect(try verify(host, "--show", "members").output == Self.members)
        #expect(try verify(host, "--show", "revoked").output == "identity example mallory@example.com\n")
        #expect(try verify(host, "--show", "accounts").output.isEmpty)

        let judged = try host.run(["sh", "-ec", Self.judging, "sh", host.folder], "", [:])
        #expect(judged.status == 0 && judged.output.hasPrefix("Good \"pair-policy\" signature"), "\(judged)")
    }

    /// ssh-keygen's word on what stands in the folder.
    private static let judging = """
        cd "$1" && csplit -s -f part- policy.signed '/^-----BEGIN SSH SIGNATURE/'
        cmp part-00 policy
        ssh-keygen -Y verify -f allowed_signers -I ops@example.com -n pair-policy -s part-01 <part-00
        """

    @Test(
        "ssh-agent signs for a public key, and with a certificate of one",
        arguments: [["-t", "ed25519"], ["-t", "ecdsa", "-b", "384"], ["-t", "rsa", "-b", "2048"]])
    func inAgent(_ kind: [String]) throws {
        let (host, key) = try fleet(signer: kind)
        let authority = try host.key("-t", "ed25519")
        let script = """
            cd "$1"
            ssh-keygen -q -s "$4" -I id -n ops@example.com "$3.pub"
            eval "$(ssh-agent -s)" >&2
            trap 'ssh-agent -k >&2' EXIT
            ssh-add -q "$3"
            rm "$3"
            "$2" fleet sign --key "$3.pub" policy
            "$2" fleet verify --allowed-signers allowed_signers policy.signed
            echo "ops@example.com cert-authority $(cat "$4.pub")" >allowed_signers
            "$2" fleet verify --allowed-signers allowed_signers policy.signed && exit 9
            "$2" fleet sign --key "$3-cert.pub" policy
            "$2" fleet verify --allowed-signers allowed_signers policy.signed
            """
        #expect(try build(host).status == 0)
        let run = try host.run(
            ["sh", "-ec", script, "sh", host.folder, TestHost.program("pair"), key, authority], "", [:])
        #expect(run.status == 0, "\(run)")
        let judged = try host.run(["sh", "-ec", Self.judging, "sh", host.folder], "", [:])
        #expect(judged.status == 0 && judged.output.contains("-CERT key "), "\(judged)")
    }

    @Test("serials go up by themselves")
    func serials() throws {
        let (host, _) = try fleet()
        let first = try #require(try build(host, "--json").json.first?["serial"] as? Int)
        #expect(first > 1_700_000_000)
        #expect(try build(host, "--json").json.first?["serial"] as? Int ?? 0 > first)
        #expect(try build(host, "--serial", "9007199254740991", "--json").status == 0)
        #expect(try build(host, "--json").json.first?["serial"] as? Int == 9_007_199_254_740_992)
        let over = try build(host)
        #expect(over.status == 1 && over.error.contains("1 to 2^53 expected"), "\(over)")
    }

    @Test("what a host would not apply is refused with status 1, and nothing of it is shown")
    func refused() throws {
        let (host, key) = try fleet()
        #expect(try build(host, "--serial", "7").status == 0)
        #expect(try sign(host, by: key).status == 0)
        func reason(_ flags: String...) throws -> String {
            let command = [
                "fleet", "verify", "--allowed-signers", host.at("allowed_signers"), host.at("policy.signed"), "--show",
                "members",
            ]
            let run = try host.run([TestHost.program("pair")] + command + flags, "", [:])
            #expect(run.status == 1 && run.output.isEmpty, "\(run)")
            return run.error
        }
        #expect(try reason("--min-serial", "8").contains("serial 8 or higher expected, 7 found"))

        let published = try host.text("policy.signed")
        try host.write(
            "policy.signed", published.replacingOccurrences(of: "alice@example.com", with: "mally@example.com"))
        #expect(try reason().contains("signature: does not match"))
        try host.write("policy.signed", try host.text("policy"))
        #expect(try reason().contains("an SSH signature expected at its end"))

        try host.write("policy.signed", published)
        let signers = try host.text("allowed_signers")
        try host.write("allowed_signers", signers.replacingOccurrences(of: "pair-policy", with: "file"))
        #expect(try reason().contains("not allowed to sign for \"pair-policy\""))
        try host.write("allowed_signers", "")
        #expect(try reason().contains("signer: none of the allowed"))
    }

    @Test(
        "with a line that a host would not take, of whatever Space, nothing is built",
        arguments: ["elsewhere  alice  example  alice\n", "build-box  alice@example.com  example  alice"])
    func faulty(_ line: String) throws {
        let (host, _) = try fleet(members: Self.members + line)
        let run = try build(host)
        #expect(run.status == 1 && run.error.contains("members:2:"), "\(run)")
        #expect(!host.has("policy"))
    }

    @Test("a key that ssh-keygen cannot sign with leaves no signed policy")
    func unsigned() throws {
        let (host, _) = try fleet()
        #expect(try build(host).status == 0)
        let run = try sign(host, by: host.at("nokey"))
        #expect(run.status == 1 && run.error.contains("ssh-keygen did not sign"), "\(run)")
        #expect(!host.has("policy.signed"))
    }
}
