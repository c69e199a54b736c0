internal import Encodings

/// Who the users of a machine are.
public protocol UserDirectory {
    /// The uids of those of `names` that there are.
    func uids(of names: [String]) throws(UserLookupError) -> [String: UInt32]

    /// The users with such uids, in the order of these.
    func names(withUIDs range: Range<UInt32>) throws(UserLookupError) -> [String]
}

/// Why users could not be looked up.
public struct UserLookupError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What failed, without a full stop.
    public let description: String

    /// The error that `description` says.
    public init(_ description: String) {
        self.description = description
    }
}
