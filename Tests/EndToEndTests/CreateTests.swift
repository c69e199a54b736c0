// What `pair keys create` makes, judged by ssh, ssh-keygen and Python, and entered with.

import Foundation
import Testing

extension EndToEnd {
    @Suite("pair keys create")
    struct Create {
        let lab: Lab
        let person: Person

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
            person = try Person(in: lab)
        }

        @Test("ssh enters with what it made", arguments: ["ed25519", "ecdsa"])
        func enters(type: String) async throws {
            let created = try await person.pair("keys", "create", "--type", type)
            expectSuccess(created)
            #expect(person.page.outcome == "signed-in", "\(person.page)")
            #expect(person.answers == [200])
            let login = try await lab.login(with: person.keys(), as: lab.alice)
            #expect(login.isIn && login.reasons == ["accepted"], "\(login)")
        }

        @Test("it says whose the Keys are, until when, where they are, and what to type next")
        func announcement() async throws {
            let created = try await person.pair("keys", "create")
            expectSuccess(created)
            let expires = try #require(try person.state()["expires"] as? Int)
            let time = DateFormatter()
            time.dateFormat = "HH:mm:ss"
            let until = time.string(from: Date(timeIntervalSince1970: Double(expires)))
            let lines = created.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(lines.first == "Your Keys were created successfully.")
            #expect(lines.contains(#"identity  "alice@example.org" at \#(lab.issuer)"#), "\(created)")
            // With the date in front where it is another day's.
            #expect(lines.contains { $0.starts(with: "until ") && $0.contains("\(until), for ") }, "\(created)")
            #expect(lines.contains("file      \(person.folder)/lab"), "\(created)")
            #expect(lines.contains("Next:  ssh -i \(person.folder)/lab LOGIN@HOST"), "\(created)")
            let page = "\(person.page)"
            #expect(page.contains(until) && page.contains("alice@example.org"), "\(page)")
        }

        @Test("the files are ssh's, for the person alone where they must be")
        func modes() async throws {
            expectSuccess(try await person.pair("keys", "create"))
            let modes = try person.files().mapValues(\.mode)
            #expect(
                modes == [
                    "pair": 0o700, "pair/lab": 0o600, "pair/lab.pub": 0o644, "pair/lab-cert.pub": 0o644,
                    "pair/lab.json": 0o600, "pair/lab.lock": 0o600,
                ])
        }

        @Test("the layout is the documented one, field by field", arguments: ["ed25519", "ecdsa"])
        func layout(type: String) async throws {
            expectSuccess(try await person.pair("keys", "create", "--type", type))
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "\(judgement)")
            #expect(judgement.output.contains(#""renewed": false"#), "\(judgement)")
        }

        @Test("ssh-keygen reads the certificate as the documentation has it", arguments: ["ed25519", "ecdsa"])
        func keygen(type: String) async throws {
            expectSuccess(try await person.pair("keys", "create", "--type", type))
            let name = type == "ecdsa" ? "ecdsa-sha2-nistp256" : "ssh-ed25519"
            let fingerprint = try await Command.output(of: "ssh-keygen", "-lf", "\(person.keys().path).pub")
                .split(separator: " ")[1]
            let listing = try await Command.output(of: "ssh-keygen", "-Lf", person.keys().publicPath)
            let lines = listing.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            let expected = [
                "Type: \(name)-cert-v01@openssh.com user certificate",
                "Public key: \(type.uppercased())-CERT \(fingerprint)",
                "Signing CA: \(type.uppercased()) \(fingerprint) (using \(name))",
                #"Key ID: "alice@example.org""#, "Serial: 0", "Principals:", "opkssh-wildcard",
                "Critical Options: (none)", "Extensions:", "permit-X11-forwarding", "permit-agent-forwarding",
                "permit-port-forwarding", "permit-pty", "permit-user-rc",
            ]
            let found = lines.dropFirst().filter { !$0.starts(with: "Valid: ") && !$0.starts(with: "openpubkey-pkt ") }
            #expect(found == expected)
            #expect(lines.contains { $0.starts(with: "openpubkey-pkt UNKNOWN OPTION: ") })
        }

        @Test("--json says it to programs")
        func json() async throws {
            let created = try await person.pair("keys", "create", "--json", "work")
            expectSuccess(created)
            let object = try JSONSerialization.jsonObject(with: Data(created.output.utf8))
            let members = try #require(object as? [String: any Sendable])
            let keys = person.keys("work")
            #expect(
                Set(members.keys) == [
                    "name", "issuer", "sub", "email", "expires", "in_agent", "file", "certificate",
                ])
            #expect(members["name"] as? String == "work")
            #expect(members["issuer"] as? String == lab.issuer)
            #expect(members["email"] as? String == "alice@example.org")
            #expect(members["in_agent"] as? Bool == false)
            #expect(members["file"] as? String == keys.path)
            #expect(members["certificate"] as? String == keys.publicPath)
            let expires = try #require(members["expires"] as? String)
            let date = try Date(expires, strategy: .iso8601)
            #expect(date.timeIntervalSinceNow > 200 && date.timeIntervalSinceNow <= 300)
        }

        @Test("--print keeps nothing, and ssh takes what it prints")
        func printed() async throws {
            let printed = try await person.pair("keys", "create", "--print")
            #expect(printed.status == 0, "\(printed)")
            #expect(try person.files().isEmpty)
            let end = "-----END OPENSSH PRIVATE KEY-----\n"
            let parts = try #require(printed.output.range(of: end))
            let path = "\(person.home)/printed"
            try printed.output[..<parts.upperBound].write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            try printed.output[parts.upperBound...]
                .write(toFile: "\(path)-cert.pub", atomically: false, encoding: .utf8)
            let keys = Keys(path: path, publicPath: "\(path)-cert.pub")
            let login = try await lab.login(with: keys, as: lab.alice)
            #expect(login.isIn, "\(login)")
        }

        @Test("a provider that no file names, and Keys called by its host")
        func withoutConfiguration() async throws {
            try FileManager.default.removeItem(atPath: person.configFile)
            let created = try await person.pair(
                "keys", "create", "--issuer", lab.issuer, "--client-id", "pair-cli")
            expectSuccess(created)
            let login = try await lab.login(with: person.keys("127.0.0.1"), as: lab.alice)
            #expect(login.isIn, "\(login)")
        }

        @Test("the provider and the Keys that are named, and no others")
        func named() async throws {
            let other = "[[provider]]\nname = \"other\"\nissuer = \"https://idp.example\"\nclient_id = \"x\"\n"
            try person.configure(other)
            expectSuccess(try await person.pair("keys", "create", "--provider", "lab", "mine"))
            #expect(try person.files()["pair/mine"] != nil)
            #expect(try person.files()["pair/lab"] == nil)
            let login = try await lab.login(with: person.keys("mine"), as: lab.alice)
            #expect(login.isIn, "\(login)")
        }

        @Test("two at once end whole")
        func twoAtOnce() async throws {
            async let first = person.pair("keys", "create")
            async let second = person.pair("keys", "create")
            let both = try await [first, second]
            for created in both { expectSuccess(created) }
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "\(judgement)")
            let login = try await lab.login(with: person.keys(), as: lab.alice)
            #expect(login.isIn, "\(login)")
        }

        @Test("again over Keys of ours: a new key, under the same name")
        func again() async throws {
            expectSuccess(try await person.pair("keys", "create"))
            let first = try person.files()
            expectSuccess(try await person.pair("keys", "create"))
            let second = try person.files()
            #expect(first.keys == second.keys)
            #expect(first["pair/lab.pub"] != second["pair/lab.pub"])
            let judgement = try await lab.judge(person.keys())
            #expect(judgement.status == 0, "\(judgement)")
        }
    }
}
