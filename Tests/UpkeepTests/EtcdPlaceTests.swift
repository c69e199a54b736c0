import Encodings
import Etcd
import Foundation
import HTTP
import HostFiles
import Testing

@testable import Upkeep

@Suite("Where etcd is", .server) struct EtcdPlaceTests {
    private let host: TestHost

    init() throws { host = try TestHost() }

    private func error(
        _ members: [Text], ca: String? = nil, user: Text? = nil, password: String? = nil
    ) -> EtcdPlaceError? {
        let place = EtcdPlace(members: members, prefix: "/pair/", caFile: ca, user: user, passwordFile: password)
        do throws(EtcdPlaceError) {
            _ = try place.settings(userAgent: "pair/test", filesOwnedBy: TestHost.ownership)
            return nil
        } catch {
            return error
        }
    }

    @Test("an address with more to it than a server is refused, and nothing of what is none is shown")
    func addresses() throws {
        let good: Text = "https://etcd1.example:2379"
        #expect(error([good, "https://etcd2.example/"]) == nil)
        #expect(error([]) == .noMember)
        let secret = error([good, "https://user:hunter2@etcd2.example"])
        #expect(secret == .member(2, .userInfo))
        #expect(secret.map { "\($0) \($0.advice ?? "")".contains("hunter2") } == false)
        for text in ["https://etcd1.example/v3", "https://etcd1.example/?a=b"] as [Text] {
            #expect(error([text]) == .path(try WebAddress(text)))
        }
    }

    @Test("a password is sent to nobody without TLS")
    func plain() throws {
        let address: Text = "http://127.0.0.1:2379"
        #expect(error([address]) == nil)
        #expect(error(["https://etcd1.example", address], user: "host") == .plain(try WebAddress(address)))
    }

    @Test("a CA that anybody could have written is trusted with nothing")
    func authority() throws {
        let path = "\(host.folder)/ca.pem"
        let member: Text = "https://etcd1.example"
        #expect(error([member], ca: path) == .caFile(.missing(path)))
        #expect(error([member], ca: path)?.advice?.contains("the CA of etcd's certificates") == true)
        try host.write("x", to: path)
        #expect(error([member], ca: path) == nil)
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
        guard case .caFile(.writableByOthers) = error([member], ca: path) else {
            Issue.record("\(error([member], ca: path) as Any)")
            return
        }
    }

    @Test("a member that is named twice is one")
    func twice() throws {
        let place = EtcdPlace(
            members: ["https://a.example", "https://b.example", "https://a.example:443/"], prefix: "/pair/",
            caFile: nil, user: nil, passwordFile: nil)
        let settings = try place.settings(userAgent: "pair/test", filesOwnedBy: TestHost.ownership)
        #expect(settings.members.map(\.origin) == ["https://a.example", "https://b.example"])
    }
}
