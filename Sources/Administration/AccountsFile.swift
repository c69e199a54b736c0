public import Encodings
public import Policy
public import SSHKeys
internal import TOML

/// `accounts`, to be shown and edited.
public struct AccountsFile: Sendable {
    /// The file, line by line.
    public let file: LineFile
    /// In the order they stand.
    public let keys: [AccountKey]

    /// The file that `bytes` are.
    /// - Parameters:
    ///   - bytes: The whole file; empty where there is none.
    ///   - path: Its name, for messages.
    /// - Throws: `.torn`, or `.policy` with the first line that a host would not take.
    public init(_ bytes: [UInt8], path: String) throws(EditError) {
        try self.init(LineFile(bytes, path: path))
    }

    private init(_ file: LineFile) throws(EditError) {
        self.file = file
        var accounts = Accounts(file: file.path)
        do throws(PolicyError) {
            try file.forEachLine { (line, number) throws(PolicyError) in try accounts.take(line, number: number) }
        } catch {
            throw .policy(error)
        }
        keys = accounts.keys
    }

    /// A key that is to be an account's.
    public struct Addition: Sendable {
        /// Whose it is to be.
        public let account: String
        /// The key.
        public let key: PublicKey
        /// Whether it is a CA's.
        public let isAuthority: Bool
        /// What a CA may grant at most; `nil` for everything.
        public let services: [String]?
        /// What stands behind the key.
        public let comment: Text

        /// The key of `account`.
        public init(account: String, key: PublicKey, isAuthority: Bool, services: [String]?, comment: Text) {
            self.account = account
            self.key = key
            self.isAuthority = isAuthority
            self.services = services
            self.comment = comment
        }

        var line: [UInt8] {
            var words = [account]
            if isAuthority {
                // Service names have no quote and no backslash.
                words.append("cert-authority" + (services.map { ",services=\"\($0.joined(separator: ","))\"" } ?? ""))
            }
            words.append(key.authorizedKeysText)
            if !comment.isEmpty { words.append(comment.string) }
            return Array(words.joined(separator: " ").utf8)
        }
    }

    /// Adds a key behind the last line of its account, or behind all others.
    /// - Parameters:
    ///   - addition: Its key has been judged by `KeyText.plainKey`.
    ///   - configuration: Whose services there are.
    /// - Returns: Without changes where it stands there just so; its comment does not count.
    /// - Throws: `.request`, `.serviceUnknown`, `.keyTwice`, `.lineTooLong`.
    public func adding(_ addition: Addition, under configuration: Configuration) throws(EditError) -> LineEdit {
        guard isPlainName(addition.account.utf8) else {
            throw .request(.malformed(.account, found: Text(addition.account)))
        }
        let known = configuration.services.map(\.name)
        for service in addition.services ?? [] where service != Service.admin && !known.contains(service) {
            throw .serviceUnknown(service, known: known)
        }
        if let former = keys.first(where: { $0.key == addition.key }) {
            guard former.account == addition.account, former.isAuthority == addition.isAuthority,
                former.services.map({ Set($0) }) == addition.services.map({ Set($0) })
            else { throw .keyTwice(account: former.account, line: former.line) }
            return LineEdit(unchanged: file)
        }
        let last = keys.last { $0.account == addition.account }?.line ?? file.lines.count
        return try edited(LinePlan(inserted: (last + 1, [addition.line])))
    }

    /// Takes out an account's lines, or the one with `fingerprint`.
    /// - Throws: `.accountUnknown`, `.accountKeyUnknown`.
    public func removing(_ account: String, key fingerprint: Fingerprint?) throws(EditError) -> LineEdit {
        let mine = keys.filter { Text($0.account) == Text(account) }
        guard !mine.isEmpty else { throw .accountUnknown(account) }
        let gone = fingerprint.map { wanted in mine.filter { $0.fingerprint == wanted } } ?? mine
        guard !gone.isEmpty else { throw .accountKeyUnknown(fingerprint.map { "\($0)" } ?? "") }
        return try edited(LinePlan(removed: Set(gone.map(\.line))))
    }

    private func edited(_ plan: LinePlan) throws(EditError) -> LineEdit {
        let edit = try LineEdit(plan, of: file)
        do throws(EditError) {
            _ = try AccountsFile(edit.file)
        } catch .policy(let error) {
            // The file was in order before, so the new line is not.
            throw .request(error.reason)
        }
        return edit
    }
}

extension AccountKey {
    /// Of its key; `nil` only where libcrypto fails.
    public var fingerprint: Fingerprint? { try? key.fingerprint() }
}
