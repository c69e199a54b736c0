import Foundation
import Testing

@testable import TestSupport

/// What looks after a host's files, where a fleet's policy stands in their place.
@Suite("A host that follows a policy", .onTestHost)
struct PolicySourceTests {
    private static let source = """
        [policy_source]
        url = "https://policy.example.com/policy.signed"
        file = "applied"

        """
    private static let members = "build-box  alice@example.com  example  alice\n"

    /// A host whose files say nobody, and whose policy says alice.
    private func host(applied: Bool = true) throws -> TestHost {
        let host = try TestHost(TestHost.toml + Self.source)
        if applied {
            try host.write("members", Self.members)
            let built = try host.pair(["fleet", "build", "--out", host.at("applied")])
            try #require(built.status == 0, "\(built)")
        }
        try host.write("members", "build-box  mallory@example.com  example  root\n")
        return host
    }

    @Test("the policy is what is listed and looked over, and a bundle is built of the files beside pair.toml")
    func listed() throws {
        let host = try host()
        let listed = try host.pair(["spaces", "members"])
        #expect(listed.status == 0 && listed.output.contains("alice@example.com"), "\(listed)")
        #expect(!listed.output.contains("mallory"))
        let checked = try host.pair(["spaces", "check"])
        #expect(!checked.output.contains("mallory"), "\(checked)")
        #expect(try host.pair(["fleet", "build", "--out", host.at("next")]).status == 0)
        #expect(try host.text("next").contains("mallory@example.com"))
    }

    @Test(
        "what would change a file is refused, and says where who enters comes from",
        arguments: [
            ["spaces", "allow", "bob@example.com", "--provider", "example", "--login", "bob"],
            ["spaces", "deny", "bob@example.com", "--provider", "example"],
            ["spaces", "remove", "mallory@example.com"],
            ["accounts", "remove", "acme"],
        ])
    func refused(_ command: [String]) throws {
        let host = try host()
        let (members, applied) = (try host.text("members"), try host.text("applied"))
        let run = try host.pair(command)
        #expect(run.status == 1, "\(run)")
        #expect(
            run.error.contains(": this host follows the signed policy of \"https://policy.example.com/policy.signed\""),
            "\(run)")
        #expect(try host.text("members") == members)
        #expect(try host.text("applied") == applied)
        #expect(!host.has("accounts"))
    }

    @Test("a policy that is none, or is cut, is an error of whatever reads it")
    func damaged() throws {
        let host = try host()
        let applied = try host.text("applied")
        try host.write("applied", String(applied.dropLast(5)))
        let cut = try host.pair(["spaces", "members"])
        #expect(cut.status == 1 && cut.error.contains("the applied policy is cut short"), "\(cut)")
        try host.write("applied", "members\n")
        let none = try host.pair(["spaces", "members"])
        #expect(none.status == 1 && none.error.contains("the line pair-policy 1 expected first"), "\(none)")
    }
}
