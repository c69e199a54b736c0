public import Encodings
public import Policy
public import SSHKeys

/// The files that a decision rests on beside pair.toml, each read only once a login has come so far.
///
/// The decision opens nothing itself: the program hands it the host's files, a test its own.
public protocol PolicyFiles {
    /// The cached key set of `provider`, `nil` where there is none.
    func keySet(of provider: Provider) throws(Stop) -> [UInt8]?

    /// The line of the accounts' keys that has `key`, `nil` where no account has it; the file read to its end.
    func account(with key: PublicKey) throws(Stop) -> AccountKey?

    /// What is refused whatever else says yes; of keys, what it says of `keys`.
    func revocations(of keys: [Fingerprint]) throws(Stop) -> Revocations

    /// What the membership file says of `query`, read to its end.
    func outcome(of query: MembershipQuery) throws(Stop) -> MembershipOutcome

    /// Whether the login that asks is in `group`, by the host's directory; asked only where a grant depends on it.
    func answer(for group: Text) throws(Stop) -> GroupAnswer
}
