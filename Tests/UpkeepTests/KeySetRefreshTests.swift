import Encodings
import Foundation
import IdentityToken
import Policy
import Testing

@testable import Discovery
@testable import Upkeep

/// Refreshes against the server of server.py.
@Suite(.server) struct KeySetRefreshTests {
    @Suite("a refresh that succeeds") struct Success {
        @Test("the first one fetches the set, for all to read and root alone to write")
        func first() async throws {
            let host = try TestHost()
            let refresh = try await host.refresh()
            #expect(refresh.action == .asked && refresh.change == .first && refresh.verdict == .fresh)
            #expect(refresh.keyCount == 40 && refresh.algorithms == [.es256])
            #expect(refresh.next == TestHost.start + Seconds(3600))
            #expect(try host.mode(of: host.keySet) == 0o644)
            #expect(try host.names == [".refresh", ".refresh/idp.json", ".refresh/idp.lock", "idp.json"])
            let set = try #require(try JSON(parsing: host.read(host.keySet)).object)
            #expect(set.members.map(\.name) == ["fetched_at", "issuer", "jwks_uri", "keys"])
            #expect(set["fetched_at"] == .integer(TestHost.start.seconds))
            #expect(set["issuer"] == .string(host.issuer))
            #expect(set["jwks_uri"] == .string(Text("\(host.issuer.string)/keys")))
            #expect(set["keys"]?.elements?.first?.object?["x-more"] == .array([.number(1.5), .null]))
        }

        @Test("the same keys are fetched again, and are of today")
        func again() async throws {
            let host = try TestHost()
            try await host.refresh()
            host.pass(10)
            let refresh = try await host.refresh()
            #expect(refresh.change == .same)
            #expect(refresh.cached.keySet?.fetchedAt == TestHost.start + Seconds(10))
            #expect(try await host.lastHeaders()["if-none-match"] == nil)
        }

        @Test("new keys take the place of the old")
        func rotation() async throws {
            let host = try TestHost()
            try await host.refresh()
            try await host.serve(["version": "2"])
            host.pass(10)
            #expect(try await host.refresh().change == .new)
            #expect(String(decoding: try host.read(host.keySet), as: UTF8.self).contains("\"kid\":\"2-0\""))
        }

        @Test("a provider that has another issuer from now on is asked anew")
        func otherIssuer() async throws {
            let host = try TestHost()
            try await host.refresh()
            let other = "q\(UInt64.random(in: .min ... .max))"
            try host.configure(issuer: Text("\(host.server.origin)/\(other)"))
            let refresh = try await host.refresh(RefreshTerms(isOnlyIfDue: true))
            #expect(refresh.action == .asked && refresh.change == .first)
        }

        @Test("a redirect on the same host is followed, for document and keys")
        func redirect() async throws {
            let host = try TestHost()
            try await host.serve(["document": "redirected", "keys": "redirected"])
            #expect(try await host.refresh().verdict == .fresh)
        }

        @Test("what a run that died has left is cleared away, and nothing else")
        func leftovers() async throws {
            let host = try TestHost()
            try await host.refresh()
            let mark = "0123456789abcdef"
            for folder in ["keysets", "keysets/.refresh"] {
                for name in [".idp.json.\(mark).new", ".other.json.\(mark).new", "idp.json.bak"] {
                    try host.write("x", to: "\(host.folder)/\(folder)/\(name)")
                }
            }
            try await host.refresh()
            let kept = [".other.json.\(mark).new", "idp.json.bak"]
            #expect(
                try host.names.filter { $0.hasSuffix(".new") || $0.hasSuffix(".bak") }
                    == (kept + kept.map { ".refresh/\($0)" }).sorted())
        }

        @Test("a state that is damaged, or that others could have written, costs one request")
        func damagedState() async throws {
            let host = try TestHost()
            try await host.refresh()
            try host.write("{", to: host.state)
            #expect(try await host.refresh(RefreshTerms(isOnlyIfDue: true)).action == .asked)
            try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: host.state)
            #expect(try await host.refresh(RefreshTerms(isOnlyIfDue: true)).action == .asked)
            #expect(try host.mode(of: host.state) == 0o644)
            #expect(try await host.refresh(RefreshTerms(isOnlyIfDue: true)).action == .left)
        }

        @Test("several providers are asked at the same time")
        func together() async throws {
            let host = try TestHost()
            let issuers = (0..<2).map { "\(host.server.origin)/together\($0)\(host.name)" }
            for index in 0..<2 { try await host.server.set("together\(index)\(host.name)", ["keys": "together"]) }
            try host.write(
                "space = \"x\"\nkeysets = \"keysets\"\n"
                    + issuers.enumerated().map { index, issuer in
                        "[[provider]]\nname = \"p\(index)\"\nissuer = \"\(issuer)\"\nclient_ids = [\"x\"]\n"
                    }.joined(), to: host.path)
            let configuration = try host.configuration
            let refreshed = await KeySetRefresh(
                of: configuration, ownedBy: TestHost.ownership, by: host.server.client(), in: host.surroundings
            ).refresh(configuration.providers, on: RefreshTerms())
            #expect(refreshed.map(\.provider.name) == ["p0", "p1"])
            #expect(refreshed.map(\.verdict) == [.fresh, .fresh])
        }
    }

    @Suite("entity tags") struct Tags {
        @Test("a 304 makes the set of today, and nothing else of it changes")
        func unchanged() async throws {
            let host = try TestHost()
            try await host.serve(["keys": "tagged"])
            try await host.refresh()
            let before = try #require(try JSON(parsing: host.read(host.keySet)).object)
            host.pass(100)
            let refresh = try await host.refresh()
            #expect(refresh.action == .asked && refresh.change == .same)
            let tag = try #require(try await host.lastHeaders()["if-none-match"])
            #expect(EntityTag(Text(tag)) != nil)
            let after = try #require(try JSON(parsing: host.read(host.keySet)).object)
            #expect(after["fetched_at"] == .integer(TestHost.start.seconds + 100))
            for member in ["issuer", "jwks_uri", "keys"] as [Text] { #expect(after[member] == before[member]) }
            // …and the name still holds.
            host.pass(100)
            #expect(try await host.refresh().cached.keySet?.fetchedAt == TestHost.start + Seconds(200))
            #expect(try await host.lastHeaders()["if-none-match"] == tag)
        }

        @Test("new keys come in spite of the name of the old")
        func rotation() async throws {
            let host = try TestHost()
            try await host.serve(["keys": "tagged"])
            try await host.refresh()
            try await host.serve(["version": "2"])
            #expect(try await host.refresh().change == .new)
        }

        @Test(
            "the name is not sent where the set in the cache is not the one that bears it",
            arguments: ["removed", "replaced", "damaged", "moved", "forced"])
        func namesOnlyItsOwn(how: String) async throws {
            let host = try TestHost()
            try await host.serve(["keys": "tagged"])
            try await host.refresh()
            let text = String(decoding: try host.read(host.keySet), as: UTF8.self)
            switch how {
            case "removed": try FileManager.default.removeItem(atPath: host.keySet)
            case "replaced": try host.write(text.replacingOccurrences(of: "\"1-0\"", with: "\"0-0\""), to: host.keySet)
            case "damaged": try host.write(String(text.dropLast(10)), to: host.keySet)
            case "moved": try await host.serve(["document": "other_keys"])
            default: break
            }
            let refresh = try await host.refresh(RefreshTerms(isForced: how == "forced"))
            #expect(refresh.verdict == .fresh)
            #expect(try await host.lastHeaders()["if-none-match"] == nil)
        }

        @Test("a 304 that nobody asked for is a failure")
        func unasked() async throws {
            let host = try TestHost()
            try await host.serve(["keys": "always_304"])
            let refresh = try await host.refresh()
            #expect(refresh.verdict == .none)
            #expect(refresh.failure?.description.hasSuffix("/keys: a key set expected, status 304 found") == true)
        }

        @Test("a name that cannot be sent back is not kept")
        func odd() async throws {
            let host = try TestHost()
            try await host.serve(["keys": "odd_tag"])
            for _ in 0..<2 { #expect(try await host.refresh().verdict == .fresh) }
            #expect(try await host.lastHeaders()["if-none-match"] == nil)
        }
    }

    @Suite("how long a set is fresh") struct Freshness {
        static let headers: [([String: String], Int64)] = [
            ([:], 3600), (["cache": "public, max-age=7200"], 7200), (["cache": "max-age=999999"], 28_800),
            (["cache": "no-store"], 300), (["cache": "max-age=7200", "age": "200"], 7000),
            (["cache": "max-age=7200", "age": "99999999999999999999"], 300),
            (["cache": "max-age=7200", "age": "-1"], 7200), (["cache": "max-age=7200", "age": ""], 7200),
        ]

        @Test("the provider says how long, within bounds", arguments: headers)
        func bounds(headers: [String: String], seconds: Int64) async throws {
            let host = try TestHost()
            try await host.serve(headers)
            #expect(try await host.refresh().next == TestHost.start + Seconds(seconds))
        }

        @Test("so does a 304")
        func unchanged() async throws {
            let host = try TestHost()
            try await host.serve(["keys": "tagged", "cache": "max-age=600"])
            try await host.refresh()
            try await host.serve(["cache": "max-age=1200"])
            #expect(try await host.refresh().next == TestHost.start + Seconds(1200))
        }

        @Test("until then nobody is asked by --if-due, and then once")
        func due() async throws {
            let host = try TestHost()
            let due = RefreshTerms(isOnlyIfDue: true)
            #expect(try await host.refresh(due).action == .asked)
            host.pass(3599)
            let left = try await host.refresh(due)
            #expect(left.action == .left && left.verdict == .fresh && left.change == nil)
            host.pass(1)
            #expect(try await host.refresh(due).action == .asked)
            #expect(try await host.refresh(due).action == .left)
            #expect(try await host.askedCount() == 2)
        }
    }
}
