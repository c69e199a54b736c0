// `pair keys list` and `remove`: what a person is shown of their Keys, and that nothing else is taken away.

import Foundation
import Testing

extension EndToEnd {
    @Suite("pair keys list and remove")
    struct List {
        let lab: Lab
        let person: Person

        init() async throws {
            lab = try #require(Lab.current)
            try await lab.configure()
            person = try Person(in: lab)
        }

        @Test("nobody has Keys before there are any")
        func none() async throws {
            let listed = try await person.pair("keys", "list")
            expectSuccess(listed)
            #expect(listed.output.isEmpty && listed.error.contains("`pair keys create`"), "\(listed)")
            expectFailure(try await person.pair("keys", "remove", "lab"), saying: #""lab": no Keys of that name"#)
            #expect(try person.files().isEmpty)
        }

        @Test("each is listed with whose it is, from where, for how long, and where it is")
        func table() async throws {
            expectSuccess(try await person.pair("keys", "create"))
            expectSuccess(try await person.with(["OIDC_USER": "bob"]).pair("keys", "create", "second"))
            try await lab.startProvider(idTokenLife: 4)
            expectSuccess(try await person.pair("keys", "create", "third"))
            let listed = try #require(
                try await awaited { () -> Command? in
                    let listed = try await person.pair("keys", "list")
                    return listed.output.contains("expired") ? listed : nil
                })
            expectSuccess(listed)
            let rows = listed.output.split(separator: "\n").map { line in
                line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
                    .filter { !$0.isEmpty }
            }
            try #require(rows.count == 4 && rows.allSatisfy { $0.count == 5 }, "\(listed)")
            #expect(rows[0] == ["NAME", "IDENTITY", "PROVIDER", "GOOD FOR", "KEY"])
            #expect(rows.dropFirst().map { $0[0] } == ["lab", "second", "third"])
            #expect(
                rows.dropFirst().map { $0[1] } == ["alice@example.org", "bob@example.org", "alice@example.org"])
            #expect(rows.dropFirst().allSatisfy { $0[2] == "lab" && $0[4] == "\(person.folder)/\($0[0])" })
            #expect(rows[1][3].contains("min") && rows[3][3] == "expired", "\(listed)")
        }

        @Test("--json says the same to programs")
        func json() async throws {
            expectSuccess(try await person.pair("keys", "create"))
            try await lab.startProvider(idTokenLife: 50, "no-refresh-token")
            expectSuccess(try await person.pair("keys", "create", "second"))
            try person.pretendMadeEarlier("second")
            let listed = try await person.pair("keys", "list", "--json")
            expectSuccess(listed)
            let objects = try listed.output.split(separator: "\n").map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                return try #require(object as? [String: any Sendable])
            }
            try #require(objects.count == 2, "\(listed)")
            let names = [
                "name", "issuer", "sub", "email", "expires", "state", "renewable", "in_agent", "file",
            ]
            for object in objects {
                #expect(Set(object.keys) == Set(names))
                #expect(object["issuer"] as? String == lab.issuer)
                #expect(object["in_agent"] as? Bool == false)
            }
            #expect(objects.map { $0["state"] as? String } == ["good", "expiring"])
            #expect(objects.map { $0["renewable"] as? Bool } == [true, false])
            #expect(objects.map { $0["file"] as? String } == ["lab", "second"].map { "\(person.folder)/\($0)" })
        }

        @Test("a state that cannot be read is named, and the others are listed")
        func unreadable() async throws {
            expectSuccess(try await person.pair("keys", "create"))
            try lab.write("{}", to: "\(person.folder)/broken.json")
            let listed = try await person.pair("keys", "list")
            #expect(listed.status == 1, "\(listed)")
            #expect(listed.error.contains("\(person.folder)/broken.json: a state file of pair's expected"), "\(listed)")
            #expect(listed.output.contains("alice@example.org"), "\(listed)")
        }

        @Test("removing takes the files of those Keys and no others")
        func remove() async throws {
            expectSuccess(try await person.pair("keys", "create"))
            expectSuccess(try await person.pair("keys", "create", "second"))
            let foreign = ["notes", "lab.backup", "lab.json.old"]
            for file in foreign { try lab.write("mine", to: "\(person.folder)/\(file)") }
            let before = try person.files()
            let removed = try await person.pair("keys", "remove", "lab")
            expectSuccess(removed)
            let lines = removed.output.split(separator: "\n")
            #expect(Set(lines) == Set(["", ".pub", "-cert.pub", ".json"].map { "removed \(person.folder)/lab\($0)" }))
            let left = try person.files()
            let gone = Set(before.keys).subtracting(left.keys)
            #expect(gone == ["pair/lab", "pair/lab.pub", "pair/lab-cert.pub", "pair/lab.json", "pair/lab.lock"])
            #expect(left == before.filter { !gone.contains($0.key) })
        }

        @Test("what stands in the place of a file of ours is left, and named", arguments: ["", ".pub", "-cert.pub"])
        func foreign(file: String) async throws {
            expectSuccess(try await person.pair("keys", "create"))
            let path = person.keys().path + file
            try FileManager.default.removeItem(atPath: path)
            try lab.write("mine", to: path)
            let removed = try await person.pair("keys", "remove", "lab")
            #expect(removed.status == 1, "\(removed)")
            #expect(removed.error.contains("\(path): not made by pair"), "\(removed)")
            #expect(try person.files().keys.sorted() == ["pair", "pair/lab\(file)"])
            #expect(try lab.contents(of: path) == "mine\n")
        }

        @Test("--all removes all of them")
        func all() async throws {
            for name in ["one", "two"] { expectSuccess(try await person.pair("keys", "create", name)) }
            expectSuccess(try await person.pair("keys", "remove", "--all"))
            #expect(try person.files().keys.sorted() == ["pair"])
            expectFailure(
                try await person.pair("keys", "remove"), status: 64, saying: "Name the Keys to remove, or pass --all.")
        }
    }
}
