internal import Encodings
internal import Policy

/// What set-up is to do on a host, found out before anything is done.
public struct SetupPlan: Sendable {
    /// What is made before anything of sshd is touched, in order; only what is not so already.
    public let preparation: [SetupStep]
    /// What changes sshd, in order; only what is not so already.
    public let activation: [SetupStep]
    /// Things that are so already.
    public let present: [String]
    /// The drop-in, there or to come.
    public let dropIn: DropIn
    /// Its path.
    public var dropInPath: String { place.path }
    /// Logins whose own keys will no longer count, and the files that those are in.
    public let shutOut: [ShutOut]
    /// Of those, logins of whoever looks after the host that nothing else lets in by key.
    public let lockedOut: [String]
    /// What an admin should know, in a sentence or two each.
    public let notes: [String]
    /// The version of sshd.
    public let version: SSHDVersion
    /// Who logs in on trial.
    public let trialLogin: String

    let place: DropInPlace
    let expiryTime: ExpiryTimeStyle
    /// The logins for which is checked what is in force.
    let concerned: [LocalLogin]
    let reload: SSHDReload

    /// A login whose own keys will no longer count.
    public struct ShutOut: Sendable, Equatable {
        /// The login.
        public let login: String
        /// Their file.
        public let file: String
        /// How many lines it has with something on them.
        public let keys: Int
    }

    /// Whether everything is as it should be.
    public var isEmpty: Bool { preparation.isEmpty && activation.isEmpty }

    /// All steps, in order.
    public var steps: [SetupStep] { preparation + activation }
}
