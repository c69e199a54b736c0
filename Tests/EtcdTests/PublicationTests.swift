import Encodings
import HTTP
import Testing

@testable import Etcd

extension EtcdClusterTests {
    @Suite struct Publication {
        @Test("a policy is published once, again without effect, and never after one with a higher serial")
        func serials() async throws {
            let publication = PolicyPublication(client: try Cluster.current.client(), prefix: Cluster.prefix())
            func publish(_ text: String, _ serial: UInt64) async throws -> PolicyPublication.Outcome {
                try await publication.publish(Array(text.utf8), serial: serial, until: seconds(10))
            }
            #expect(try await publication.current(until: seconds(10)) == (nil, nil))
            #expect(try await publish("nine", 9) == .published)
            #expect(try await publish("nine", 9) == .alreadyThere)
            #expect(try await publish("ten", 10) == .published)
            for (text, serial) in [("nine", 9), ("other ten", 10), ("none", 0)] as [(String, UInt64)] {
                await #expect(throws: PolicyPublicationError.serial(serial, published: 10)) {
                    try await publish(text, serial)
                }
            }
            #expect(try await publish("later", 1 << 53) == .published)
            #expect(try await publication.current(until: seconds(10)) == (Array("later".utf8), 1 << 53))
        }

        @Test("of many who publish at once the highest serial stays, with its own text", arguments: 1...3)
        func atOnce(_: Int) async throws {
            let cluster = try Cluster.current
            let prefix = Cluster.prefix()
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for serial in (1...12).shuffled() {
                    group.addTask {
                        guard let client = try? cluster.client() else { return false }
                        let publication = PolicyPublication(client: client, prefix: prefix)
                        let text = Array("policy \(serial)".utf8)
                        return (try? await publication.publish(text, serial: UInt64(serial), until: seconds(30))) != nil
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(outcomes >= 1)
            let publication = PolicyPublication(client: try cluster.client(), prefix: prefix)
            #expect(try await publication.current(until: seconds(10)) == (Array("policy 12".utf8), 12))
        }

        @Test("what is larger than etcd takes is refused as such")
        func tooLarge() async throws {
            let publication = PolicyPublication(client: try Cluster.current.client(), prefix: Cluster.prefix())
            let text = [UInt8](repeating: 0x61, count: 1_600_000)
            do throws(PolicyPublicationError) {
                _ = try await publication.publish(text, serial: 1, until: seconds(20))
                Issue.record("it was taken")
            } catch {
                guard case .etcd(.refused(.tooLarge, _)) = error else {
                    Issue.record("\(error)")
                    return
                }
            }
        }

        @Test("a serial that somebody else wrote is said, not overwritten")
        func foreignSerial() async throws {
            let client = try Cluster.current.client()
            let prefix = Cluster.prefix()
            try await client.put(prefix + "serial", Array("yes".utf8), until: seconds(10))
            let publication = PolicyPublication(client: client, prefix: prefix)
            await #expect(throws: PolicyPublicationError.serialMalformed(Array("yes".utf8))) {
                try await publication.publish([1], serial: 7, until: seconds(10))
            }
        }
    }
}
