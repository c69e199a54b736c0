public import Encodings
public import SSHWire

// What is said to an ssh-agent and what it answers: bytes only, behind their length on the way.
//
// Source: draft-ietf-sshm-ssh-agent; OpenSSH's PROTOCOL.agent and `sshkey.c`, `sshkey_private_serialize_opt`.

/// The messages' numbers, and that of the one constraint in use.
private enum Number {
    static let failure: UInt8 = 5
    static let success: UInt8 = 6
    static let requestIdentities: UInt8 = 11
    static let identitiesAnswer: UInt8 = 12
    static let addIdentity: UInt8 = 17
    static let removeIdentity: UInt8 = 18
    static let addConstrainedIdentity: UInt8 = 25
    static let constrainLifetime: UInt8 = 1
}

/// What bounds a message.
public enum AgentMessage {
    /// The most bytes behind the length: OpenSSH's `MAX_AGENT_REPLY_LEN`, and its agent's limit for requests.
    public static let maximumCount = 256 * 1024

    /// OpenSSH's `MAX_AGENT_IDENTITIES`.
    public static let maximumIdentities = 2048

    /// How many bytes of message follow its length.
    /// - Parameter length: The four bytes in front.
    /// - Returns: From 1 to `maximumCount`.
    /// - Throws: `AgentMessageError.length`, `AgentMessageError.wire`.
    public static func count(of length: ArraySlice<UInt8>) throws(AgentMessageError) -> Int {
        let count = try decode(length) { (r) throws(AgentMessageError) in
            Int(try read { () throws(WireError) in try r.integer(UInt32.self) })
        }
        guard (1...maximumCount).contains(count) else { throw .length(count) }
        return count
    }
}

/// Requests to an agent, whole: length, number and contents.
///
/// Those that add a key hold its private half and are as secret.
public enum AgentRequest {
    /// Asks for all identities.
    public static let list: [UInt8] = [0, 0, 0, 1, Number.requestIdentities]

    /// Removes one identity.
    /// - Parameter blob: The plain key or the certificate, as the agent lists it.
    /// - Returns: The message.
    /// - Throws: `AgentMessageError.length`.
    public static func remove(_ blob: [UInt8]) throws(AgentMessageError) -> [UInt8] {
        try message(Number.removeIdentity) { $0.string(blob) }
    }

    /// Adds a plain key; where the agent has it already, it gets the new comment and lifetime.
    /// - Parameters:
    ///   - key: Which.
    ///   - comment: What the agent shows; without a zero character.
    ///   - lifetime: After which the agent forgets it; at least a second; `nil` is for ever.
    /// - Returns: The message.
    /// - Throws: `AgentMessageError.length`, `AgentMessageError.nulInComment`.
    public static func add(
        _ key: borrowing PrivateKey, comment: String, lifetime: Seconds?
    ) throws(AgentMessageError) -> [UInt8] {
        var identity = WireWriter()
        key.write(to: &identity)
        return try add(identity.bytes, comment: comment, lifetime: lifetime)
    }

    /// Adds a certificate together with the key that it certifies.
    ///
    /// An earlier certificate of the same key stays beside it; it is another identity.
    /// - Parameters:
    ///   - key: Which.
    ///   - certificate: The certificate's blob.
    ///   - comment: What the agent shows; without a zero character.
    ///   - lifetime: After which the agent forgets it; at least a second; `nil` is for ever.
    /// - Returns: The message.
    /// - Throws: `AgentMessageError.certificate`, `AgentMessageError.otherKey`, `AgentMessageError.length`,
    ///   `AgentMessageError.nulInComment`.
    public static func add(
        _ key: borrowing PrivateKey, certificate: [UInt8], comment: String, lifetime: Seconds?
    ) throws(AgentMessageError) -> [UInt8] {
        let certified: PublicKey
        do throws(KeyError) {
            certified = try Certificate(blob: certificate[...]).contents.key
        } catch {
            throw .certificate(error)
        }
        guard certified == key.publicKey else { throw .otherKey }
        var identity = WireWriter()
        identity.string(certified.algorithm.certificateName)
        identity.string(certificate)
        switch certified {
        // Only Ed25519 has its public key stand there once more.
        case .ed25519: certified.write(to: &identity)
        case .ecdsa, .rsa, .skEd25519, .skECDSA, .mldsa44Ed25519: break
        }
        key.writeSecret(to: &identity)
        return try add(identity.bytes, comment: comment, lifetime: lifetime)
    }

    private static func add(
        _ identity: [UInt8], comment: String, lifetime: Seconds?
    ) throws(AgentMessageError) -> [UInt8] {
        // OpenSSH's agent refuses such a comment.
        guard !comment.utf8.contains(0) else { throw .nulInComment }
        return try message(lifetime == nil ? Number.addIdentity : Number.addConstrainedIdentity) { writer in
            for byte in identity { writer.integer(byte) }
            writer.string(comment)
            guard let lifetime else { return }
            writer.integer(Number.constrainLifetime)
            // An agent takes none for no constraint: what is over already is kept for as short as can be said.
            writer.integer(UInt32(clamping: max(1, lifetime.count)))
        }
    }

    private static func message(
        _ number: UInt8, _ contents: (inout WireWriter) -> Void
    ) throws(AgentMessageError) -> [UInt8] {
        var body = WireWriter()
        body.integer(number)
        contents(&body)
        guard body.bytes.count <= AgentMessage.maximumCount else { throw .length(body.bytes.count) }
        var message = WireWriter()
        message.string(body.bytes)
        return message.bytes
    }
}

/// A key or certificate that an agent holds.
public struct AgentIdentity: Hashable, Sendable {
    /// As received: whatever type of key, known here or not.
    public let blob: [UInt8]

    /// Any bytes.
    public let comment: [UInt8]

    /// An identity as an agent lists it.
    public init(blob: [UInt8], comment: [UInt8]) {
        self.blob = blob
        self.comment = comment
    }
}

/// What an agent answers.
public enum AgentAnswer: Equatable, Sendable {
    /// It refused, or does not know the request.
    case failure
    /// It did as asked.
    case success
    /// What it holds, in its order; empty where it holds none or is locked.
    case identities([AgentIdentity])

    /// The answer that a message holds.
    /// - Parameter body: The message behind its length, whole.
    /// - Throws: `AgentMessageError.wire`, `AgentMessageError.number`, `AgentMessageError.tooManyIdentities`,
    ///   `AgentMessageError.length`.
    public init(parsing body: [UInt8]) throws(AgentMessageError) {
        guard (1...AgentMessage.maximumCount).contains(body.count) else { throw .length(body.count) }
        self = try decode(body[...]) { (r) throws(AgentMessageError) in
            let number = try read { () throws(WireError) in try r.integer(UInt8.self) }
            switch number {
            case Number.failure: return .failure
            case Number.success: return .success
            case Number.identitiesAnswer: return .identities(try Self.identities(from: &r))
            default: throw .number(number)
            }
        }
    }

    private static func identities(from r: inout WireReader) throws(AgentMessageError) -> [AgentIdentity] {
        let count = try read { () throws(WireError) in try r.integer(UInt32.self) }
        guard count <= AgentMessage.maximumIdentities else { throw .tooManyIdentities(count) }
        var identities: [AgentIdentity] = []
        for _ in 0..<count {
            let blob = try read { () throws(WireError) in try r.string() }
            let comment = try read { () throws(WireError) in try r.string() }
            identities.append(AgentIdentity(blob: Array(blob), comment: Array(comment)))
        }
        return identities
    }
}

/// Why a message to an agent cannot be made, or one from it is none.
public enum AgentMessageError: Error, Equatable, Sendable {
    case wire(WireError)
    case length(Int)
    case number(UInt8)
    case tooManyIdentities(UInt32)
    case nulInComment
    case certificate(KeyError)
    case otherKey
}

extension AgentMessageError: CustomStringConvertible {
    /// Where, what was expected and what was found.
    public var description: String {
        switch self {
        case .wire(let error): "agent: \(error)"
        case .length(let count):
            "agent: a message of 1 to \(AgentMessage.maximumCount) bytes expected, one of \(count) found"
        case .number(let number): "agent: failure, success or identities expected, message \(number) found"
        case .tooManyIdentities(let count):
            "agent: at most \(AgentMessage.maximumIdentities) identities expected, \(count) found"
        case .nulInComment: "agent: comment: a zero byte"
        case .certificate(let error): "agent: certificate: \(error)"
        case .otherKey: "agent: certificate: the key's own expected, another key's found"
        }
    }
}

private func read<Value>(_ body: () throws(WireError) -> Value) throws(AgentMessageError) -> Value {
    do throws(WireError) {
        return try body()
    } catch {
        throw .wire(error)
    }
}

private func decode<Value>(
    _ bytes: ArraySlice<UInt8>, _ body: (inout WireReader) throws(AgentMessageError) -> Value
) throws(AgentMessageError) -> Value {
    try WireReader.decode(bytes, leftover: { .wire($0) }, body)
}
