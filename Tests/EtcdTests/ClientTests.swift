import Encodings
import HTTP
import Testing

@testable import Etcd

extension EtcdClusterTests {
    @Suite struct Client {
        @Test("what is put is read, with any bytes in it")
        func putAndRange() async throws {
            let client = try Cluster.current.client()
            let prefix = Cluster.prefix()
            let value = Array(UInt8.min...UInt8.max)
            try await client.put(prefix + "k", value, until: seconds(10))
            let answer = try await client.range(RangeRequest(key: prefix + "k"), until: seconds(10))
            let pair = try #require(answer.pairs.first)
            #expect(pair.value == value)
            #expect(pair.key == Array((prefix + "k").utf8))
            #expect(pair.revision > 0 && pair.revision <= answer.revision)
            let keys = try await client.range(RangeRequest(key: prefix + "k").keysOnly, until: seconds(10))
            #expect(keys.pairs.map(\.value) == [[]])
            #expect(keys.pairs.map(\.revision) == [pair.revision])
            #expect(try await client.range(RangeRequest(key: prefix + "none"), until: seconds(10)).pairs.isEmpty)
        }

        @Test("all keys of a prefix are read, page by page, and no others")
        func pages() async throws {
            let client = try Cluster.current.client()
            let prefix = Cluster.prefix()
            for number in 10..<35 { try await client.put("\(prefix)h/\(number)", [1], until: seconds(10)) }
            try await client.put("\(prefix)h0", [1], until: seconds(10))
            try await client.put("\(prefix)g", [1], until: seconds(10))
            for page in [1, 7, 25, 100] as [Int64] {
                let pairs = try await client.all(prefix: "\(prefix)h/", page: page, until: seconds(30))
                #expect(pairs.map(\.key) == (10..<35).map { Array("\(prefix)h/\($0)".utf8) })
            }
        }

        @Test("a transaction is done where its comparison holds, and else not at all")
        func transaction() async throws {
            let client = try Cluster.current.client()
            let key = Cluster.prefix() + "k"
            func transact(_ comparison: Comparison, _ value: String) async throws -> Bool {
                try await client.transact(
                    if: [comparison], put: [(key, Array(value.utf8)), (key + "2", [2])], until: seconds(10))
            }
            #expect(try await !transact(.less(key, than: Array("9".utf8)), "0"))
            #expect(try await client.range(RangeRequest(prefix: key), until: seconds(10)).pairs.isEmpty)
            #expect(try await transact(.absent(key), "1"))
            #expect(try await !transact(.absent(key), "2"))
            #expect(try await !transact(.less(key, than: Array("1".utf8)), "2"))
            #expect(try await transact(.less(key, than: Array("2".utf8)), "2"))
            let pairs = try await client.range(RangeRequest(prefix: key), until: seconds(10)).pairs
            #expect(pairs.map(\.value) == [Array("2".utf8), [2]])
        }

        @Test("a lease takes its keys along when it is revoked, and is then none to keep alive")
        func lease() async throws {
            let client = try Cluster.current.client()
            let key = Cluster.prefix() + "k"
            let lease = try await client.grantLease(of: 60, until: seconds(10))
            try await client.put(key, [1], lease: lease, until: seconds(10))
            #expect(try await client.keepAlive(lease: lease, until: seconds(10)))
            #expect(try await client.range(RangeRequest(key: key), until: seconds(10)).pairs.count == 1)
            try await client.revoke(lease: lease, until: seconds(10))
            #expect(try await client.range(RangeRequest(key: key), until: seconds(10)).pairs.isEmpty)
            #expect(try await !client.keepAlive(lease: lease, until: seconds(10)))
        }

        @Test("a wrong password, an unknown user and none at all are refused as such")
        func credentials() async throws {
            let cluster = try Cluster.current
            for credentials in [
                EtcdCredentials(user: "root", password: "wrong"), EtcdCredentials(user: "nobody", password: "wrong"),
            ] {
                let client = try cluster.client(as: credentials)
                let reason = await refusal { () throws(EtcdError) in
                    _ = try await client.range(RangeRequest(key: "k"), until: seconds(10))
                }
                #expect(reason == .authentication)
            }
            let members = Array(cluster.members.values)
            let nobody = EtcdClient(EtcdSettings(members: members, caFile: cluster.ca, userAgent: "pair/test"))
            let reason = await refusal { () throws(EtcdError) in
                _ = try await nobody.range(RangeRequest(key: "k"), until: seconds(10))
            }
            #expect(reason == .userMissing)
        }

        @Test("a password is shown nowhere")
        func secrecy() {
            let credentials = EtcdCredentials(user: "host-web1", password: "hunter2")
            var dumped = ""
            dump(credentials, to: &dumped)
            for text in ["\(credentials)", String(reflecting: credentials), dumped] {
                #expect(!text.contains("hunter2") && text.contains("web1"), "\(text)")
            }
        }

        @Test("a member whose CA is not the one named is not talked to")
        func unknownCA() async throws {
            let cluster = try Cluster.current
            let client = EtcdClient(
                EtcdSettings(
                    members: Array(cluster.members.values), caFile: cluster.otherCA, credentials: cluster.root,
                    userAgent: "pair/test"))
            do throws(EtcdError) {
                _ = try await client.range(RangeRequest(key: "k"), until: .now)
                Issue.record("it answered")
            } catch {
                guard case .unavailable(let failures) = error, case .noAnswer(let first) = failures.first?.reason,
                    case .certificate(.unknownIssuer, _) = first.failure
                else {
                    Issue.record("\(error)")
                    return
                }
                #expect(error.advice?.contains("CA") == true)
            }
        }

        @Test("a token that etcd has forgotten is replaced by another, unasked")
        func token() async throws {
            let cluster = try Cluster.current
            let change = "echo secret | etcdctl user passwd forgotten --interactive=false"
            try cluster.etcdctl(
                """
                echo secret | etcdctl user add forgotten --interactive=false
                etcdctl user grant-role forgotten root
                """)
            defer { _ = try? cluster.etcdctl("etcdctl user delete forgotten") }
            let client = try cluster.client(as: EtcdCredentials(user: "forgotten", password: "secret"))
            let key = Cluster.prefix() + "k"
            try await client.put(key, [1], until: seconds(10))
            // The password stays as it was; the tokens for it do not.
            try cluster.etcdctl(change)
            try await client.put(key, [2], until: seconds(10))
            #expect(try await client.range(RangeRequest(key: key), until: seconds(10)).pairs.first?.value == [2])
            try cluster.etcdctl(change.replacing("secret", with: "another"))
            let reason = await refusal { () throws(EtcdError) in try await client.put(key, [3], until: seconds(10)) }
            #expect(reason == .authentication)
        }

        @Test("a member that is gone, and one that is stopped, are passed over")
        func failOver() async throws {
            let cluster = try Cluster.current
            let client = try cluster.client(timeout: 1)
            let key = Cluster.prefix() + "k"
            for (order, undoing) in [("kill", "start"), ("stop", "continue")] {
                for name in ["a", "b", "c"] {
                    try cluster.order("\(order) \(name)")
                    try await client.put(key, Array(name.utf8), until: seconds(60))
                    try cluster.order("\(undoing) \(name)")
                    let value = try await client.range(RangeRequest(key: key), until: seconds(60)).pairs.first?.value
                    #expect(value == Array(name.utf8))
                }
            }
        }

        @Test("where most members are stopped, each is named with what it did")
        func noQuorum() async throws {
            let cluster = try Cluster.current
            let client = try cluster.client(timeout: 1)
            try cluster.order("stop a")
            try cluster.order("stop b")
            defer { for name in ["a", "b"] { _ = try? cluster.order("continue \(name)") } }
            do throws(EtcdError) {
                try await client.put(Cluster.prefix(), [1], until: seconds(6))
                Issue.record("it was done")
            } catch {
                guard case .unavailable(let failures) = error else {
                    Issue.record("\(error)")
                    return
                }
                // Whichever was asked first had no time perhaps for more than one word, and each has said one.
                #expect(failures.map(\.member) == client.settings.members)
                let stopped = try ["a", "b"].map { try #require(cluster.members[$0]) }
                for failure in failures where stopped.contains(failure.member) {
                    guard case .noAnswer(let error) = failure.reason,
                        case .timedOut(_, after: Seconds(1)) = error.failure
                    else {
                        Issue.record("\(failure)")
                        continue
                    }
                }
            }
        }
    }
}
