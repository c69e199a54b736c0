import Encodings
import SSHKeys
import SSHWire
import Signatures
import Testing

@testable import TestSupport

@Suite("Messages to an ssh-agent")
struct AgentMessagesTests {
    private static let comment = "alice@example.com"

    /// What a message of this number and contents is.
    private func message(_ number: UInt8, _ contents: [UInt8]) -> [UInt8] { Pack.string([number] + contents) }

    private func key(_ kind: SigningKey.Kind) throws -> PrivateKey {
        switch kind {
        case .ed25519: try PrivateKey(file: HandmadePrivateKeyFile().text)
        case .p256: try PrivateKey(file: HandmadePrivateKeyFile.p256().text)
        }
    }

    private func certificate(of key: borrowing PrivateKey, by signer: borrowing PrivateKey) throws -> [UInt8] {
        try signer.certificate(
            CertificateContents(
                nonce: [1], key: key.publicKey, serial: 0, kind: .user, keyID: [], principals: [], validAfter: 0,
                validBefore: .max, criticalOptions: [], extensions: [], signatureKey: signer.publicKey))
    }

    @Test("to ask for identities is one byte behind its length")
    func lists() {
        #expect(AgentRequest.list == [0, 0, 0, 1, 11])
    }

    @Test("to remove an identity is to name its blob")
    func removes() throws {
        #expect(try AgentRequest.remove([7, 8]) == [0, 0, 0, 7, 18, 0, 0, 0, 2, 7, 8])
    }

    /// The draft's "Adding keys to the agent": EDDSA keys and ECDSA keys.
    @Test("a key is added as the draft has its type", arguments: SigningKey.Kind.allCases)
    func adds(kind: SigningKey.Kind) throws {
        let key = try key(kind)
        let fields =
            switch kind {
            case .ed25519: HandmadePrivateKeyFile().inner
            case .p256: HandmadePrivateKeyFile.p256().inner
            }
        #expect(try AgentRequest.add(key, comment: "é", lifetime: nil) == message(17, fields + Pack.string("é")))
    }

    @Test(
        "a certificate is added with the private half, and with Ed25519's public key",
        arguments: SigningKey.Kind.allCases)
    func addsCertificates(kind: SigningKey.Kind) throws {
        typealias File = HandmadePrivateKeyFile
        let key = try key(kind)
        let certificate = try certificate(of: key, by: key)
        let fields =
            switch kind {
            case .ed25519:
                Pack.string("ssh-ed25519-cert-v01@openssh.com") + Pack.string(certificate)
                    + Pack.string(File.publicKey) + Pack.string(File.seed + File.publicKey)
            case .p256:
                Pack.string("ecdsa-sha2-nistp256-cert-v01@openssh.com") + Pack.string(certificate)
                    + Pack.string([0] + File.scalar)
            }
        let added = try AgentRequest.add(key, certificate: certificate, comment: "c", lifetime: Seconds(300))
        #expect(added == message(25, fields + Pack.string("c") + [1, 0, 0, 1, 0x2C]))
    }

    static let lifetimes: [(Int64, [UInt8])] = [
        (1, [0, 0, 0, 1]), (300, [0, 0, 1, 0x2C]), (0, [0, 0, 0, 1]), (-1, [0, 0, 0, 1]), (.min, [0, 0, 0, 1]),
        (0xFFFF_FFFF, [0xFF, 0xFF, 0xFF, 0xFF]), (0x1_0000_0000, [0xFF, 0xFF, 0xFF, 0xFF]),
        (.max, [0xFF, 0xFF, 0xFF, 0xFF]),
    ]

    @Test("a lifetime is never none, which would be for ever, and never wraps around", arguments: lifetimes)
    func constrains(seconds: Int64, bytes: [UInt8]) throws {
        let message = try AgentRequest.add(try key(.ed25519), comment: "", lifetime: Seconds(seconds))
        #expect(message[4] == 25)
        #expect(message.suffix(9) == [0, 0, 0, 0, 1] + bytes)
    }

    @Test("what an agent would not take is not sent")
    func refusesRequests() throws {
        let key = try key(.ed25519)
        let other = try key2()
        #expect(throws: AgentMessageError.nulInComment) {
            try AgentRequest.add(key, comment: "a\0", lifetime: nil)
        }
        let long = String(repeating: "a", count: AgentMessage.maximumCount)
        #expect(throws: AgentMessageError.length(1 + 15 + 36 + 68 + 4 + long.utf8.count)) {
            try AgentRequest.add(key, comment: long, lifetime: nil)
        }
        #expect(throws: AgentMessageError.length(AgentMessage.maximumCount + 1)) {
            try AgentRequest.remove([UInt8](repeating: 0, count: AgentMessage.maximumCount - 4))
        }
        #expect(throws: AgentMessageError.otherKey) {
            try AgentRequest.add(key, certificate: try certificate(of: other, by: key), comment: "", lifetime: nil)
        }
        #expect(throws: AgentMessageError.certificate(.certificateExpected(found: .ed25519))) {
            try AgentRequest.add(key, certificate: key.publicKey.blob, comment: "", lifetime: nil)
        }
    }

    @Test("the longest message that an agent takes is sent")
    func sendsLongest() throws {
        let message = try AgentRequest.remove([UInt8](repeating: 0, count: 262_144 - 5))
        #expect(message.prefix(5) == [0, 4, 0, 0, 18])
        #expect(message.count == 4 + 262_144)
    }

    private func key2() throws -> PrivateKey { try PrivateKey(generating: .ed25519) }

    // MARK: - Answers

    struct Read: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let body: [UInt8]
        let answer: AgentAnswer
    }

    static let answers = [
        Read(testDescription: "failure", body: [5], answer: .failure),
        Read(testDescription: "success", body: [6], answer: .success),
        Read(testDescription: "no identities", body: [12, 0, 0, 0, 0], answer: .identities([])),
        Read(
            testDescription: "two identities",
            body: [12, 0, 0, 0, 2] + Pack.string([1, 2]) + Pack.string("c") + Pack.string([]) + Pack.string([0xFF, 0]),
            answer: .identities([
                AgentIdentity(blob: [1, 2], comment: Array("c".utf8)), AgentIdentity(blob: [], comment: [0xFF, 0]),
            ])),
    ]

    struct Rejected: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let body: [UInt8]
        let error: AgentMessageError
    }

    static let rejected = [
        Rejected(testDescription: "nothing", body: [], error: .length(0)),
        Rejected(
            testDescription: "too much", body: [UInt8](repeating: 6, count: AgentMessage.maximumCount + 1),
            error: .length(AgentMessage.maximumCount + 1)),
        Rejected(testDescription: "a signature", body: [14, 0, 0, 0, 0], error: .number(14)),
        Rejected(testDescription: "the number of failure in SSH 1.x's extensions", body: [30], error: .number(30)),
        Rejected(testDescription: "zero", body: [0], error: .number(0)),
        Rejected(testDescription: "success and a byte", body: [6, 0], error: .wire(.trailing(count: 1, at: 1))),
        Rejected(testDescription: "failure and a byte", body: [5, 5], error: .wire(.trailing(count: 1, at: 1))),
        Rejected(
            testDescription: "identities and a byte", body: [12, 0, 0, 0, 0, 0],
            error: .wire(.trailing(count: 1, at: 5))),
        Rejected(
            testDescription: "fewer identities than said", body: [12, 0, 0, 0, 2] + Pack.string([]) + Pack.string([]),
            error: .wire(.truncated(needed: 4, left: 0, at: 13))),
        Rejected(
            testDescription: "2049 identities",
            body: [12, 0, 0, 8, 1] + [UInt8](repeating: 0, count: 8 * 2049), error: .tooManyIdentities(2049)),
        Rejected(
            testDescription: "as many identities as can be said", body: [12, 0xFF, 0xFF, 0xFF, 0xFF],
            error: .tooManyIdentities(.max)),
    ]

    @Test("an answer is read as it stands", arguments: answers)
    func reads(_ row: Read) throws {
        #expect(try AgentAnswer(parsing: row.body) == row.answer)
        for count in row.body.indices {
            #expect(throws: AgentMessageError.self) { try AgentAnswer(parsing: Array(row.body[..<count])) }
        }
    }

    @Test("any other answer is refused for its reason", arguments: rejected)
    func refuses(_ row: Rejected) {
        #expect(throws: row.error) { try AgentAnswer(parsing: row.body) }
    }

    @Test("as many identities as OpenSSH takes are read")
    func readsMany() throws {
        let body = [12, 0, 0, 8, 0] + [UInt8](repeating: 0, count: 8 * 2048)
        guard case .identities(let identities) = try AgentAnswer(parsing: body) else {
            Issue.record("no identities")
            return
        }
        #expect(identities.count == AgentMessage.maximumIdentities)
    }

    @Test("a length is four bytes, from 1 to 256 KiB")
    func boundsLengths() throws {
        #expect(try AgentMessage.count(of: [0, 0, 0, 1]) == 1)
        #expect(try AgentMessage.count(of: [0, 4, 0, 0]) == 262_144)
        #expect(throws: AgentMessageError.length(0)) { try AgentMessage.count(of: [0, 0, 0, 0]) }
        #expect(throws: AgentMessageError.length(262_145)) { try AgentMessage.count(of: [0, 4, 0, 1]) }
        #expect(throws: AgentMessageError.length(0xFFFF_FFFF)) { try AgentMessage.count(of: [255, 255, 255, 255]) }
        #expect(throws: AgentMessageError.wire(.truncated(needed: 4, left: 3, at: 0))) {
            try AgentMessage.count(of: [0, 0, 0])
        }
        #expect(throws: AgentMessageError.wire(.trailing(count: 1, at: 4))) {
            try AgentMessage.count(of: [0, 0, 0, 1, 6])
        }
    }

    @Test("each error says what was expected and what was found")
    func describesErrors() {
        let described: [(AgentMessageError, String)] = [
            (.wire(.trailing(count: 1, at: 1)), "agent: byte 1: 1 bytes after the end"),
            (.length(0), "agent: a message of 1 to 262144 bytes expected, one of 0 found"),
            (.number(14), "agent: failure, success or identities expected, message 14 found"),
            (.tooManyIdentities(2049), "agent: at most 2048 identities expected, 2049 found"),
            (.nulInComment, "agent: comment: a zero byte"),
            (.certificate(.pointForm), "agent: certificate: public key: an uncompressed point expected"),
            (.otherKey, "agent: certificate: the key's own expected, another key's found"),
        ]
        for (error, text) in described { #expect("\(error)" == text) }
    }
}
