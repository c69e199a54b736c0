// A host that follows the policy in a file of the server's, and whoever signs that.

import Encodings
import Fleet
import Foundation
import HTTP
import HostFiles
import Policy
import SSHKeys
import Signatures
import Testing

@testable import Upkeep

/// A host with a [policy_source] of its own at the server.
struct PolicyHost {
    static let members = "x  alice@example.com  idp  alice\n"

    let host: TestHost
    let signer: Signer
    /// Of the policies that it makes.
    var now = TestHost.start

    init(_ more: String = "", providers: Bool = false, url: String? = nil) throws {
        host = try TestHost()
        signer = try Signer()
        let url = url ?? "\(host.server.origin)/store/\(host.name)"
        if providers {
            try host.configure("[policy_source]\nurl = \"\(url)\"\nfile = \"lib/policy\"\n\(more)")
        } else {
            try host.write(
                "space = \"x\"\n[policy_source]\nurl = \"\(url)\"\nfile = \"lib/policy\"\n\(more)\n", to: host.path)
        }
        try allow(signer)
    }

    /// A host that follows the policy in the etcd that the server is.
    init(etcd more: String) throws {
        host = try TestHost()
        signer = try Signer()
        let source = """
            space = "x"
            [policy_source]
            etcd = ["\(host.server.origin)"]
            prefix = "/\(host.name)/"
            ca = "etcd-ca.pem"
            file = "lib/policy"
            \(more)

            """
        try host.write(source, to: host.path)
        try host.write(
            String(decoding: try host.read(host.server.ca), as: UTF8.self), to: "\(host.folder)/etcd-ca.pem")
        try allow(signer)
    }

    func allow(_ signer: Signer, _ options: String = "namespaces=\"pair-policy\"") throws {
        try host.write("ops@example.com \(options) \(signer.publicKey)\n", to: "\(host.folder)/allowed_signers")
    }

    var path: String { "\(host.folder)/lib/policy" }
    var state: String { "\(host.folder)/lib/.refresh/policy.json" }

    /// What is applied; `nil` for nothing.
    var applied: [UInt8]? { try? host.read(path) }

    func bundle(
        _ serial: UInt64, members: String = members, lasting: Int64 = 3600
    ) throws -> PolicyBundle {
        try PolicyBundle(serial: serial, created: now - Seconds(60), expires: now + Seconds(lasting)) {
            $0 == .members ? Array(members.utf8) : []
        }
    }

    /// A policy, signed by who may sign.
    func policy(_ serial: UInt64, members: String = members, lasting: Int64 = 3600) throws -> [UInt8] {
        try signer.signed(try bundle(serial, members: members, lasting: lasting)).published
    }

    /// Has the server serve `file` from now on.
    func publish(_ file: [UInt8], served: String = "tagged") async throws {
        let address = try host.server.address("/store/\(host.name)")
        try #require(try await host.server.client().send(.put(address, body: file)).isSuccess)
        try await host.serve(["store": served])
    }

    @discardableResult
    func refresh(
        _ terms: RefreshTerms = RefreshTerms(), maximumBody: Int = 1 << 20, timeout: Int64 = 10
    ) async throws -> AppliedRefresh {
        await (try refresher(maximumBody: maximumBody, timeout: timeout)).refresh(on: terms)
    }

    /// Has it apply what a watch might bring.
    @discardableResult
    func apply(_ published: [UInt8]) async throws -> AppliedRefresh {
        await (try refresher()).apply(brought: published)
    }

    private func refresher(maximumBody: Int = 1 << 20, timeout: Int64 = 10) throws -> PolicyRefresh {
        let http = HTTPClient(
            userAgent: "pair/test", caFile: host.server.ca, timeout: Seconds(timeout), maximumBody: maximumBody)
        let refresh = PolicyRefresh(
            of: try host.configuration, ownedBy: TestHost.ownership, by: http, in: host.surroundings,
            secondsFromUTC: { _ in Seconds(0) })
        return try #require(refresh)
    }

    /// The headers of the last request for the policy.
    func lastHeaders() async throws -> [String: String] {
        try #require(try await host.requests().last { $0.what == "store" }).headers
    }
}

/// A key that signs policies.
final class Signer: Sendable {
    private let key: PrivateKey
    let publicKey: String

    init() throws {
        let key = try PrivateKey(generating: .ed25519)
        publicKey = "ssh-ed25519 \(Data(key.publicKey.blob).base64EncodedString())"
        self.key = key
    }

    func signed(_ bundle: PolicyBundle, for namespace: String = SignedPolicy.namespace) throws -> SignedPolicy {
        try sign(bundle.text, for: namespace)
    }

    /// Any text, signed as if it were a policy.
    func sign(_ text: [UInt8], for namespace: String = SignedPolicy.namespace) throws -> SignedPolicy {
        let bytes = try MessageSignature.signedBytes(of: text, namespace: namespace, hash: .sha512)
        let signature = MessageSignature(
            signer: .key(key.publicKey), namespace: namespace, hash: .sha512,
            signature: try key.sshSignature(over: bytes))
        return SignedPolicy(text: text, signature: signature)
    }
}
