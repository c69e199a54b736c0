import Encodings
import Etcd
import HTTP
import Testing

@testable import pair

@Suite("What `pair host watch` says") struct WatchLineTests {
    struct Line: Sendable {
        let news: HostWatch.News
        let text: String
    }

    private static func lines() throws -> [Line] {
        let member = try WebAddress("https://etcd1.example:2379/")
        let place = "https://etcd1.example:2379"
        let refused = EtcdError.refused(.permission, by: member)
        return [
            Line(news: .watch(.watching(member)), text: "watching \(place) as web1"),
            Line(
                news: .watch(.watchEnded(at: member, .compacted(7))),
                text: "the watch at \(place) is over: etcd has only what came since revision 7"),
            Line(
                news: .watch(.watchEnded(at: member, .broken(refused))),
                text: "the watch at \(place) is over: etcd at \(place): the user may not do that"),
            Line(
                news: .watch(.watchEnded(at: member, .closed)),
                text: "the watch at \(place) is over: the member closed it"),
            Line(news: .watch(.watchEnded(at: member, .left)), text: "the watch at \(place) is over: it was left"),
            Line(
                news: .watch(.behind(member)), text: "\(place) shows less than there is; another member is watched"),
            Line(
                news: .watch(.unreadable(refused)),
                text: "the policy cannot be read: etcd at \(place): the user may not do that"),
            Line(news: .watch(.missing), text: "no policy is published"),
            Line(news: .application(.applied(serial: 7)), text: "policy 7 is applied"),
            Line(news: .application(.refused("policy: old")), text: "a policy was refused: policy: old"),
            Line(
                news: .heartbeatFailed(.malformed(.put, by: member)),
                text:
                    "the heartbeat cannot be written: \(place)/v3/kv/put: an answer of etcd's JSON gateway expected"),
            Line(
                news: .heartbeatFailed(.refused(.other(code: 9, "a\nb"), by: member)),
                text: #"the heartbeat cannot be written: etcd at \#(place): "a\x0ab" (9)"#),
        ]
    }

    @Test("each thing that happens is one line that says where and why")
    func lines() throws {
        for line in try Self.lines() { #expect(WatchLine.text(line.news, on: "web1") == "pair: \(line.text)") }
    }
}
