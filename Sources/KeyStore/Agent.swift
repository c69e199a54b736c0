public import Encodings
internal import HostFiles
public import SSHKeys
internal import Signatures

/// An ssh-agent, asked over its socket; each question is a connection of its own.
///
/// Source: draft-ietf-sshm-ssh-agent.
public struct Agent: Sendable {
    /// Where it listens.
    public let path: String

    private let timeOut: Duration

    /// The agent that listens at `path`; nothing is opened yet.
    /// - Parameters:
    ///   - path: Of its socket.
    ///   - timeOut: How long each answer may take; some agents ask the person first.
    public init(path: String, timeOut: Duration = .seconds(60)) {
        self.path = path
        self.timeOut = timeOut
    }

    /// The agent that the environment names by `SSH_AUTH_SOCK`.
    /// - Throws: `.agent(.unnamed)`.
    public init(environment: [String: String]) throws(KeyStoreError) {
        guard let path = environment["SSH_AUTH_SOCK"], !path.isEmpty else { throw .agent(.unnamed) }
        self.init(path: path)
    }

    /// All that it holds, in its order; empty where it is locked.
    /// - Throws: `.agent`.
    public func identities() throws(KeyStoreError) -> [AgentIdentity] {
        switch try answer(to: AgentRequest.list) {
        case .identities(let identities): return identities
        case .failure: throw .agent(.refused(.list))
        case .success: throw .agent(.answer(to: .list))
        }
    }

    /// Adds a key and its certificate, which the agent forgets after a time; both or none.
    /// - Parameters:
    ///   - key: The private key; where the agent has it already, it gets the new comment and lifetime.
    ///   - certificate: The certificate's blob.
    ///   - comment: What `ssh-add -l` shows.
    ///   - lifetime: At least a second.
    /// - Throws: `.agent`.
    public func add(
        _ key: borrowing PrivateKey, certificate: [UInt8], comment: String, lifetime: Seconds
    ) throws(KeyStoreError) {
        var requests: (key: [UInt8], certificate: [UInt8])
        do throws(AgentMessageError) {
            requests.key = try AgentRequest.add(key, comment: comment, lifetime: lifetime)
            requests.certificate = try AgentRequest.add(
                key, certificate: certificate, comment: comment, lifetime: lifetime)
        } catch {
            throw .agent(.message(error))
        }
        defer {
            wipe(&requests.key)
            wipe(&requests.certificate)
        }
        try perform(requests.key, .addKey)
        do throws(KeyStoreError) {
            try perform(requests.certificate, .addCertificate)
        } catch {
            try? remove(key.publicKey.blob)
            throw error
        }
    }

    /// Removes the keys with these fingerprints and every certificate of them; those that it does not hold are no error.
    /// - Returns: How many keys and certificates it has forgotten.
    /// - Throws: `.agent`, `.libcrypto`.
    @discardableResult
    public func remove(_ keys: [Fingerprint]) throws(KeyStoreError) -> Int {
        var count = 0
        for identity in try identities() {
            guard let key = identity.key, keys.contains(try KeyStore.fingerprint(of: key)) else { continue }
            try remove(identity.blob)
            count += 1
        }
        return count
    }

    private func remove(_ blob: [UInt8]) throws(KeyStoreError) {
        let request: [UInt8]
        do throws(AgentMessageError) {
            request = try AgentRequest.remove(blob)
        } catch {
            throw .agent(.message(error))
        }
        try perform(request, .remove)
    }

    /// Asks for something that is done or not.
    private func perform(_ request: [UInt8], _ action: AgentAction) throws(KeyStoreError) {
        switch try answer(to: request) {
        case .success: return
        case .failure: throw .agent(.refused(action))
        case .identities: throw .agent(.answer(to: action))
        }
    }

    private func answer(to request: [UInt8]) throws(KeyStoreError) -> AgentAnswer {
        let body: Result<[UInt8], AgentMessageError>
        do throws(SocketFault) {
            let socket = try LocalSocket(connectingTo: path, timeOut: timeOut)
            try socket.send(request)
            body = try Agent.body(from: socket)
        } catch {
            throw .agent(.connection(error))
        }
        do throws(AgentMessageError) {
            return try AgentAnswer(parsing: try body.get())
        } catch {
            throw .agent(.message(error))
        }
    }

    /// What follows the length, provided that the length is one.
    private static func body(
        from socket: borrowing LocalSocket
    ) throws(SocketFault) -> Result<[UInt8], AgentMessageError> {
        let length = try socket.receive(4)
        let count: Int
        do throws(AgentMessageError) {
            count = try AgentMessage.count(of: length[...])
        } catch {
            return .failure(error)
        }
        return .success(try socket.receive(count))
    }
}

extension AgentIdentity {
    /// The key that it is, or that its certificate certifies; `nil` where it is of no type that we know.
    fileprivate var key: PublicKey? {
        if let certificate = try? Certificate(blob: blob[...]) { return certificate.contents.key }
        return try? PublicKey(blob: blob[...])
    }
}
