import Encodings
import Foundation
import Testing

@testable import Upkeep

/// `pair host refresh` as it is built.
@Suite("pair host refresh", .server) struct RefreshCommandTests {
    private func json(_ run: Run) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    }

    @Test("shows a table, and ends with 0 where all is fresh")
    func table() async throws {
        let host = try TestHost()
        let run = try await host.run()
        #expect(run.status == 0 && run.error.isEmpty)
        let lines = run.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        try #require(lines.count == 2)
        #expect(lines[0] == "PROVIDER ISSUER KEYS AGE NEXT STATE")
        #expect(lines[1].hasPrefix("idp \(host.issuer.string) 40 ES256 "))
        #expect(lines[1].hasSuffix(" fetched"))
        #expect(try await host.run().output.contains("same keys"))
        #expect(try await host.run("--if-due").output.hasSuffix("fresh\n"))
        try await host.serve(["version": "2"])
        #expect(try await host.run("idp").output.hasSuffix("new keys\n"))
    }

    @Test("ends with 1 and says for how long the old set counts, then with 2 where none does")
    func failure() async throws {
        let host = try TestHost()
        #expect(try await host.run("--quiet").description == "status 0\n\n")
        try await host.serve(["keys": "html"])
        let old = try await host.run("-q")
        #expect(old.status == 1 && old.output.isEmpty)
        let lines = old.error.split(separator: "\n")
        try #require(lines.count == 3)
        #expect(
            lines[0] == "pair: idp: \(host.issuer.string)/keys: a key set expected, a web page found")
        #expect(lines[1].hasPrefix("Open the address in a browser"))
        #expect(lines[2].contains(/still counts, for (1 d|23 h 5[0-9] min)/))
        // By a run that does not ask it is told again, but not mailed.
        #expect(try await host.run("--if-due").error.hasPrefix(lines[0]))
        #expect(try await host.run("--if-due", "--quiet").description == "status 1\n\n")

        try FileManager.default.removeItem(atPath: host.keySet)
        let none = try await host.run("--if-due")
        #expect(none.status == 2)
        #expect(none.output.hasSuffix("no set that counts\n"))
        #expect(none.error.contains("No key set of idp counts: there is no key set."))
        #expect(try await host.run("--if-due", "--quiet").error == none.error)
        // Nobody asked for it, so nothing failed; and yet nobody is let in.
        try FileManager.default.removeItem(atPath: host.state)
        let left = try await host.run("--if-wanted")
        #expect(left.status == 2)
        #expect(left.error.contains("pair: idp: there is no key set\nRun pair host refresh idp.\n"))
    }

    @Test("--json has an object for each provider")
    func jsonLines() async throws {
        let host = try TestHost()
        let good = try json(await host.run("--json"))
        #expect(
            Set(good.keys) == [
                "provider", "issuer", "state", "action", "change", "keys", "algorithms", "fetched_at", "counts_until",
                "next", "failures", "file",
            ])
        #expect(good["provider"] as? String == "idp")
        #expect(good["state"] as? String == "fresh")
        #expect(good["action"] as? String == "asked")
        #expect(good["change"] as? String == "first")
        #expect(good["keys"] as? Int == 40)
        #expect(good["algorithms"] as? [String] == ["ES256"])
        #expect(good["file"] as? String == host.keySet)
        try await host.serve(["document": "other_issuer"])
        let bad = try json(await host.run("--json"))
        #expect(bad["state"] as? String == "old" && bad["action"] as? String == "failed")
        #expect(bad["failures"] as? Int == 1 && bad["change"] == nil)
        #expect((bad["error"] as? String)?.hasSuffix("\"https://evil.example\" found") == true)
        #expect((bad["advice"] as? String)?.isEmpty == false)
    }

    @Test("of several providers those that are named are asked, and no other")
    func named() async throws {
        let host = try TestHost()
        try host.configure(
            "[[provider]]\nname = \"other\"\nissuer = \"\(host.issuer.string)/other\"\nclient_ids = [\"x\"]")
        #expect(try json(await host.run("--json", "idp"))["provider"] as? String == "idp")
        #expect(!(try host.names.contains("other.json")))
    }

    @Test("--if-wanted goes by the time of the file that logins touch")
    func wanted() async throws {
        let host = try TestHost()
        #expect(try await host.run("--quiet").status == 0)
        #expect(try json(await host.run("--json", "--if-wanted"))["action"] as? String == "left")
        try host.write("", to: "\(host.folder)/wanted")
        for seconds in [5.0, 5.001, 1] {
            // As if the last time had been long ago.
            let text = String(decoding: try host.read(host.state), as: UTF8.self)
            try host.write(text.replacing(/"asked":\d+/, with: "\"asked\":1"), to: host.state)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: "\(host.folder)/wanted")
            #expect(try json(await host.run("--json", "--if-wanted"))["action"] as? String == "asked")
            #expect(try json(await host.run("--json", "--if-wanted"))["action"] as? String == "left")
        }
    }

    @Test("ends with 3 where pair.toml cannot be used, and with 64 where the command cannot")
    func faults() async throws {
        let host = try TestHost()
        let unknown = try await host.run("idp", "nobody")
        #expect(unknown.status == 3)
        #expect(
            unknown.error == "pair: no provider of pair.toml is called \"nobody\"\nName one of these: idp.\n")
        try host.configure("unknown = 1")
        #expect(try await host.run().status == 3)
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: host.path)
        let unsafe = try await host.run()
        #expect(unsafe.status == 3)
        #expect(unsafe.error.contains("pair.toml: writable by group or others (mode 666)\nDo this: chmod go-w "))
        try FileManager.default.removeItem(atPath: host.path)
        #expect(try await host.run().status == 3)
        #expect(try await host.run("--force", "--if-due").status == 64)
        #expect(try await host.askedCount() == 0)
    }

    @Test("without any provider there is nothing to do")
    func nobody() async throws {
        let host = try TestHost()
        try host.write("space = \"x\"\n", to: host.path)
        let run = try await host.run()
        #expect(run.status == 0 && run.output.isEmpty)
        #expect(run.error == "pair.toml names no provider; there is nothing to fetch.\n")
    }

    @Test("what it fetches through a proxy, by a CA of one's own, lets a login in")
    func letsIn() async throws {
        let host = try TestHost()
        let fixture = "\(Program.repository)/Fixtures/ok-opkssh-certificate"
        let set = try #require(try JSON(parsing: host.read("\(fixture)/keysets/example.json")).object?["keys"])
        var jwks = JSON.Object()
        jwks.add("keys", set)
        try await host.server.set(
            "login.example.com", ["jwks": String(decoding: JSON.object(jwks).encoded, as: UTF8.self)])
        let age = "\"99999d\""
        try host.write(
            """
            space = "build-box"
            keysets = "keysets"
            clock_skew = \(age)
            [[provider]]
            name = "example"
            issuer = "https://login.example.com"
            client_ids = ["pair-ssh"]
            keys_lifetime = \(age)
            max_key_set_age = \(age)
            beyond_token_expiry = true

            """, to: host.path)
        try host.write(
            String(decoding: try host.read("\(fixture)/members"), as: UTF8.self), to: "\(host.folder)/members")
        let question = [
            Program.built("pair-authkeys"), "--json", "--config", host.path, "--user", "alice", "--uid", "1001",
            "--key",
            "@\(fixture)/key.pub",
        ]
        #expect(try json(await Program.run(question))["reason"] as? String == "keyset-missing")
        let refresh = try await Program.run(
            [Program.built("pair"), "host", "refresh", "--config", host.path],
            environment: ["SSL_CERT_FILE": host.server.ca, "https_proxy": "http://127.0.0.1:\(host.server.proxy)"])
        #expect(refresh.status == 0, "\(refresh)")
        #expect(try json(await Program.run(question))["decision"] as? String == "accept")
    }
}
