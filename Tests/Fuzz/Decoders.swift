import Decision
import Encodings
import IdentityToken
import Policy
import SSHKeys
import SSHWire

@testable import TestSupport

// What reads bytes from outside, by itself. Where a format has one way to be written, what was read and is written again
// must be what was read: else two readers could take it for two things.

extension Target {
    static let decoders = [
        Target(name: "wire", seeds: { [$0.blob] }, run: wire),
        Target(name: "public-key", seeds: { $0.publicKeys }, run: publicKey),
        Target(name: "certificate", seeds: { [$0.blob] }, run: certificate),
        Target(name: "token", seeds: { $0.token.map { [$0] } ?? [] }, run: token),
        Target(name: "json", seeds: { $0.jsonTexts }, run: json),
        Target(name: "key-set", seeds: { Array($0.keySets.values) }, run: keySet),
        Target(name: "configuration", seeds: { [$0.toml] }, run: configuration),
        Target(name: "members", seeds: { $0.members.map { [$0] } ?? [] }, run: members),
        Target(name: "accounts", seeds: { $0.accounts.map { [$0] } ?? [] }, run: accounts),
        Target(name: "revoked", seeds: { $0.revoked.map { [$0] } ?? [] }, run: revoked),
        Target(name: "policy-header", seeds: { $0.policy.map { [$0] } ?? [] }, run: policyHeader),
        Target(name: "authorized-key", seeds: { $0.authorizedKeys }, run: authorizedKey),
        Target(name: "agent", seeds: { $0.agentAnswers }, run: agent),
        Target(name: "private-key", seeds: { _ in PrivateKeys.seeds }, run: privateKey),
    ]

    private static func wire(_ bytes: [UInt8]) {
        var strings: [[UInt8]] = []
        let isWhole: Void? = try? WireReader.decode(bytes[...]) { (reader) throws(WireError) in
            while !reader.isAtEnd { strings.append(Array(try reader.string())) }
        }
        guard isWhole != nil else { return }
        var writer = WireWriter()
        for string in strings { writer.string(string) }
        precondition(writer.bytes == bytes)
    }

    private static func policyHeader(_ bytes: [UInt8]) {
        guard let header = try? PolicyHeader(parsing: bytes[...]) else { return }
        let count = header.range(of: .members).lowerBound
        precondition(Array(header.text.utf8) == Array(bytes[..<count]))
        let parts = PolicyPart.allCases.map { header.range(of: $0) }
        precondition(zip(parts, parts.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        precondition(parts.last?.upperBound == header.length && header.length <= 1024 + 256 << 20)
    }

    private static func publicKey(_ bytes: [UInt8]) {
        guard let key = try? PublicKey(blob: bytes[...]) else { return }
        precondition(key.blob == bytes)
        _ = try? key.verify(bytes[...], over: bytes)
        guard let line = try? AuthorizedKey(line: key.authorizedKeysText.utf8) else { preconditionFailure() }
        precondition(line.blob == bytes && line.type == key.algorithm.rawValue && line.options.isEmpty)
    }

    private static func certificate(_ bytes: [UInt8]) {
        guard let certificate = try? Certificate(blob: bytes[...]) else { return }
        let contents = certificate.contents
        guard let slow = try? SlowCertificate(bytes) else { fail("read, and by the slow path not") }
        // What is reserved is not read.
        if slow.reserved.isEmpty {
            precondition(contents.encoded == Array(certificate.signed))
            precondition(contents.blob(signedBy: Array(certificate.signature)) == bytes)
        }
        _ = try? contents.typedCriticalOptions()
        _ = try? contents.permits()
        _ = try? certificate.verifySignature()
        for option in contents.extensions {
            guard let string = try? option.string() else { continue }
            precondition(CertificateOption(name: option.name, string: string) == option)
        }
    }

    private static func token(_ bytes: [UInt8]) {
        guard let token = try? CompactToken(parsing: bytes[...]) else { return }
        precondition(token.text == bytes)
        _ = try? token.unverifiedClaims()
        _ = try? token.client.commitment()
        _ = try? token.bound(to: token.client.key)
        guard let without = try? token.withoutRefreshedToken() else { preconditionFailure() }
        precondition(!without.hasRefreshedToken && bytes.starts(with: without.text))
    }

    private static func json(_ bytes: [UInt8]) {
        guard let value = try? JSON(parsing: bytes) else { return }
        for text in [value.encoded, value.canonical] {
            guard let again = try? JSON(parsing: text) else { preconditionFailure() }
            precondition(again.canonical == value.canonical)
        }
    }

    private static func keySet(_ bytes: [UInt8]) {
        guard let object = (try? JSON(parsing: bytes))?.object else {
            precondition((try? KeySet(parsing: bytes, issuer: "")) == nil)
            return
        }
        let issuer = object["issuer"]?.text ?? ""
        _ = try? KeySet(parsing: bytes, issuer: issuer)
        let time = UnixTime(seconds: 1)
        guard (try? KeySet(jwks: bytes, issuer: issuer, fetchedAt: time)) != nil else { return }
        // What is fetched is what is read from the cache.
        guard let file = try? KeySet.cached(jwks: bytes, issuer: issuer, jwksURI: "https://a.example", fetchedAt: time)
        else { return }
        guard let cached = try? KeySet(parsing: file, issuer: issuer) else { preconditionFailure() }
        precondition(cached.fetchedAt == time)
    }

    private static func configuration(_ bytes: [UInt8]) {
        do {
            let configuration = try Configuration(parsing: bytes, file: "pair.toml")
            for provider in configuration.providers { _ = configuration.keySetPath(of: provider) }
            for service in configuration.services {
                for login in service.logins {
                    precondition(configuration.service(ofLogin: login) != nil)
                    precondition(isOneLine(service.command(account: "acme", login: login)))
                }
            }
        } catch {
            precondition(error.description.isPlain)
        }
    }

    private static func isOneLine(_ command: Text?) -> Bool {
        let bytes = command.map { Array($0.utf8) } ?? []
        return !bytes.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 }
    }

    private static func privateKey(_ bytes: [UInt8]) {
        guard let key = try? PrivateKey(file: bytes) else { return }
        guard let file = try? key.file(comment: "again"), let again = try? PrivateKey(file: file) else {
            preconditionFailure()
        }
        precondition(again.publicKey == key.publicKey)
    }

    private static func agent(_ bytes: [UInt8]) {
        _ = try? AgentMessage.count(of: bytes[...])
        guard case .identities(let identities) = try? AgentAnswer(parsing: bytes) else { return }
        precondition(identities.count <= AgentMessage.maximumIdentities)
        precondition(identities.reduce(0) { $0 + $1.blob.count + $1.comment.count } <= bytes.count)
    }

    private static func authorizedKey(_ bytes: [UInt8]) {
        guard let key = try? AuthorizedKey(line: bytes) else { return }
        let line = [Array(key.type.utf8), Array(Base64.standard.encode(key.blob).utf8), Array(key.comment.utf8)]
        guard let again = try? AuthorizedKey(line: Array(line.joined(separator: [0x20]))) else { preconditionFailure() }
        precondition(again.type == key.type && again.blob == key.blob && again.comment == key.comment)
    }
}
