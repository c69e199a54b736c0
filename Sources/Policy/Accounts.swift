public import Encodings
public import SSHKeys

/// One key of an account.
public struct AccountKey: Sendable, Equatable {
    /// Whose it is; fits `isPlainName`.
    public let account: String
    /// The key itself.
    public let key: PublicKey
    /// Whether it is a CA's; a plain key is an admin's.
    public let isAuthority: Bool
    /// What a CA may grant at most; `nil` for everything.
    public let services: [String]?
    /// What stands behind the key; empty where nothing does.
    public let comment: Text
    /// Its line's number.
    public let line: Int
}

/// The accounts' keys: takes the lines of `accounts`, then answers.
///
/// Source: docs/configuration.md "accounts".
public struct Accounts: Sendable {
    /// In the order they stand, no key twice.
    public private(set) var keys: [AccountKey] = []

    private let file: String
    private var positions: [PublicKey: Int] = [:]

    /// No key yet, in `file`, whose name is for errors.
    public init(file: String) {
        self.file = file
    }

    /// The line with `key`, `nil` where no account has it.
    public func account(with key: PublicKey) -> AccountKey? {
        positions[key].map { keys[$0] }
    }

    /// Takes the next line, without its LF.
    /// - Throws: Where the line does not parse, or its key has stood before.
    public mutating func take(_ line: Span<UInt8>, number: Int) throws(PolicyError) {
        var parser = LineParser(line, number: number, file: file)
        guard let line = try AccountLine(&parser) else { return }
        let key = try line.key(parser)
        if let first = positions[key] {
            throw parser.error(.keyTwice(firstLine: keys[first].line), at: line.typeOffset)
        }
        positions[key] = keys.count
        keys.append(line.entry(key, number: number))
    }
}
