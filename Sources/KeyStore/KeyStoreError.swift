public import Encodings
public import HostFiles
public import SSHKeys
public import Signatures

/// Why Keys could not be kept, found or handed to an agent; never with a byte of a secret.
public enum KeyStoreError: Error, Equatable, Sendable {
    /// What files cannot be named after.
    case name(String)
    /// There are no Keys of that name.
    case unknown(String)
    case file(FileFault)
    /// Another pair is at work on the same Keys; with the path of the lock.
    case locked(String)
    /// A file of ours, at that path, that we cannot read.
    case state(String, StateDefect)
    /// What stands at that path is not ours, and is left as it is.
    case foreign(String, Foreign)
    /// The private key is not at that path, where it should be.
    case noPrivateKey(String)
    /// The Keys' private key is in an agent, and cannot be read.
    case inAgent(String)
    case privateKey(String, PrivateKeyError)
    case libcrypto(LibcryptoError)
    case agent(AgentFault)

    /// What else it is.
    public enum Foreign: Equatable, Sendable {
        /// There is no state that says that we made it.
        case unrecorded
        /// A directory, a link and the like.
        case kind(FileKind)
        case otherKey(Fingerprint)
        case tooLarge(limit: Int)
        /// In the place of a private key, something that is none that we made.
        case privateKey(PrivateKeyError)
        /// In the place of a public key or certificate, no line of one.
        case line(AuthorizedKeyError)
        /// In the place of a public key or certificate, something else in such a line.
        case key(KeyError)
    }
}

/// Why a file is not a state that we have written.
public enum StateDefect: Error, Equatable, Sendable {
    case tooLarge(limit: Int)
    case json(JSONError)
    /// A member that is missing or of another shape, by its path from the outermost object; empty is that object itself.
    case member(String)
    case version(Int64)
    /// It says that it is about Keys of another name.
    case name(Text)
}

/// Why an agent did not do what was asked.
public enum AgentFault: Equatable, Sendable {
    /// The environment names none.
    case unnamed
    case connection(SocketFault)
    /// It said no.
    case refused(AgentAction)
    case message(AgentMessageError)
    /// An answer to another question.
    case answer(to: AgentAction)
}

/// What an agent is asked to do.
public enum AgentAction: String, Sendable {
    case list = "list its keys"
    case addKey = "take the key"
    case addCertificate = "take the certificate"
    case remove = "remove the key"
}

// MARK: - For people

extension KeyStoreError: CustomStringConvertible {
    /// Where and what, without a full stop.
    public var description: String {
        switch self {
        case .name(let name): "\(quoted(name)): not a name for Keys"
        case .unknown(let name): "\(quoted(name)): no Keys of that name"
        case .file(let fault): fault.description
        case .locked(let path): "\(shown(path)): another pair is at work on these Keys"
        case .state(let path, let defect): "\(shown(path)): \(defect)"
        case .foreign(let path, let foreign): "\(shown(path)): not made by pair, \(foreign)"
        case .noPrivateKey(let path): "\(shown(path)): the private key of these Keys is not there"
        case .inAgent(let name): "\(quoted(name)): the private key of these Keys is in an ssh-agent, which keeps it"
        case .privateKey(let path, let error): "\(shown(path)): \(error)"
        case .libcrypto(let error): error.description
        case .agent(let fault): "ssh-agent: \(fault)"
        }
    }

    /// What the person can do, in a sentence; `nil` where there is nothing.
    public var advice: String? {
        switch self {
        case .name:
            "Use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first, and no ending that is "
                + "that of another file: .pub, -cert, .json or .lock; nor ssh_config."
        case .unknown: "See `pair keys list` for the names that there are."
        case .file(let fault): fault.advice
        case .locked: "Wait until it has ended; perhaps it waits for a sign-in in a browser."
        case .state(_, .version): "Use the pair that wrote it, or a newer one."
        case .state: "Move the file away and run `pair keys create`, or choose another name."
        case .foreign: "Move it away, or choose another name for the Keys."
        case .noPrivateKey: "Make new ones with `pair keys create`."
        case .inAgent: "Make new ones with `pair keys create --agent`."
        case .privateKey(_, let error): error.advice ?? "Make new ones with `pair keys create`."
        case .libcrypto: nil
        case .agent(let fault): fault.advice
        }
    }
}

extension FileFault {
    /// What a person whose own files these are can do.
    fileprivate var advice: String? {
        switch self {
        case .missing: "Make the folder that is missing, or see that $HOME is right."
        case .notRegular, .notDirectory: "Move it away."
        case .foreignOwner: "Run pair as the user whose folder it is, or make it yours with chown."
        case .writableByOthers(let path, _): "Run chmod go-w \(shown(path))."
        case .system, .shortWrite: "See that you may write there, and that the disk has room."
        case .changed, .stopped: "Try again."
        case .tooLarge, .lineTooLong, .tornLine, .pathMalformed: nil
        }
    }
}

extension StateDefect: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .tooLarge(let limit): "at most \(limit) bytes expected of a state file of pair's"
        case .json(let error): "a state file of pair's expected: \(error)"
        case .member(""): "a state file of pair's expected: no JSON object"
        case .member(let path): "a state file of pair's expected: \(path) is missing or of another shape"
        case .version(let version): "version \(StoredState.version) expected, \(version) found"
        case .name(let name): "the state of other Keys, named \(quoted(name))"
        }
    }
}

extension KeyStoreError.Foreign: CustomStringConvertible {
    /// What was found.
    public var description: String {
        switch self {
        case .unrecorded: "or its state file has gone"
        case .kind(let kind): "a \(kind.rawValue)"
        case .otherKey(let fingerprint): "another key, \(fingerprint)"
        case .tooLarge(let limit): "more than \(limit) bytes"
        case .privateKey(let error): error.description
        case .line(let error): error.description
        case .key(let error): error.description
        }
    }
}

extension AgentFault: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .unnamed: "SSH_AUTH_SOCK names none"
        case .connection(let fault): fault.description
        case .refused(let action): "it refused to \(action.rawValue)"
        case .message(let error): error.description
        case .answer(let action): "asked to \(action.rawValue), it answered something else"
        }
    }

    fileprivate var advice: String? {
        switch self {
        case .unnamed: "Start one with `eval \"$(ssh-agent)\"`, or leave out --agent."
        case .connection(.timedOut): "See whether the agent waits for you to confirm something, and try again."
        case .connection: "See that the agent is running, and that SSH_AUTH_SOCK is its socket."
        case .refused(.addCertificate): "Use an agent that takes certificates, as OpenSSH's does, or leave out --agent."
        case .refused: "Unlock the agent with ssh-add -X if it is locked."
        case .message, .answer: "Use another agent, such as OpenSSH's, or leave out --agent."
        }
    }
}
