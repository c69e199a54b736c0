public import Encodings
public import HostFiles
public import Policy

/// Why a host was not set up, or not taken back; it is as it was before, unless that is said.
public enum SetupError: Error, Equatable, Sendable {
    /// What an earlier set-up noted cannot be read.
    case journal(String)
    case file(FileFault)
    case lock(LockFault)
    case program(ProgramFault)
    /// A command ended with another status than 0.
    case command([String], status: Int32, said: String)
    /// `pair-authkeys` is not there.
    case helperMissing([String])
    /// `pair-authkeys` cannot be used by sshd, or does not run.
    case helper(String, why: String)
    /// It reads its configuration, and finds a fault.
    case helperFault(String)
    /// It does not take such a configuration.
    case tooOld(SSHDVersion, needed: SSHDVersion, for: String)
    /// The main file leads to no folder of drop-ins.
    case notIncluded(String, folder: String)
    /// No name for the drop-in sorts before that file.
    case noName(before: String)
    /// Another value is in force for a login.
    case displaced(login: String, keyword: String, value: String, by: String?)
    /// Keys do not count for a login.
    case keysOff(login: String, by: String?)
    /// The line of `[line] expiry_time` would be void.
    case expiryTime(ExpiryTimeStyle, SSHDVersion, file: String)
    /// No address that a provider could have.
    case issuer(Text, String)
    case loginMissing(String)
    case loginsMissing
    /// pair.toml is there, and for another Space.
    case otherSpace(String, asked: String, file: String)
    /// pair.toml is there, and has another provider of that name.
    case otherProvider(String, file: String)
    /// Who may enter is not said on this host, but by a fleet's policy.
    case fleetDecides(file: String)
    case policy(PolicyError)
    case trial(TrialFault)
    case interrupted
    /// Some things could not be undone.
    case notUndone(String, [String])
    /// Somebody put a file there since.
    case changed(String)
    /// There is nothing to remove.
    case nothingMade
    /// For tests: a step failed.
    case injected(String)
}
