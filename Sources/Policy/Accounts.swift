public import Encodings
public import SSHKeys
internal import TOML

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
        guard !parser.isAtEnd(), parser.next != UInt8(ascii: "#") else { return }
        try parser.validate()
        let account = try parser.column(.account)
        guard isPlainName(account.value.utf8) else {
            throw parser.error(.malformed(.account, found: account.value), at: account.offset)
        }
        guard !parser.isAtEnd() else { throw parser.error(.columnMissing(.keyType), at: parser.position) }
        // A blank behind it, so that a type which is the line's last word is known as one.
        let hasOptions = !AuthorizedKey.startsWithType(parser.rest + [0x20])
        let options = try hasOptions ? Options(&parser) : Options()
        let offset = parser.position
        let key = try Accounts.key(&parser)
        let entry = AccountKey(
            account: account.value.string, key: key, isAuthority: options.isAuthority, services: options.services,
            comment: parser.takeRest(), line: number)
        if let first = positions[key] { throw parser.error(.keyTwice(firstLine: keys[first].line), at: offset) }
        positions[key] = keys.count
        keys.append(entry)
    }

    private static func key(_ parser: inout LineParser) throws(PolicyError) -> PublicKey {
        let type = try parser.column(.keyType)
        guard let algorithm = KeyAlgorithm(rawValue: type.value.string) else {
            throw parser.error(.malformed(.keyType, found: type.value), at: type.offset)
        }
        let base64 = try parser.column(.key)
        guard let blob = Base64.standard.decode(base64.value.utf8) else {
            throw parser.error(.malformed(.key, found: base64.value), at: base64.offset)
        }
        let key: PublicKey
        do {
            key = try PublicKey(blob: blob[...])
        } catch {
            throw parser.error(.key(error), at: base64.offset)
        }
        guard key.algorithm == algorithm else {
            throw parser.error(.malformed(.keyType, found: type.value), at: type.offset)
        }
        return key
    }

    private struct Options {
        var isAuthority = false
        var services: [String]?

        init() {}

        init(_ parser: inout LineParser) throws(PolicyError) {
            for option in try parser.options() {
                switch option.name {
                case "cert-authority":
                    guard option.value == nil else { throw option.malformed(.flag, parser) }
                    isAuthority = true
                case "services":
                    let names = try option.required(.services, parser).utf8
                        .split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                    guard names.allSatisfy({ isPlainName($0) }) else { throw option.malformed(.services, parser) }
                    services = names.map { String(decoding: $0, as: UTF8.self) }
                default: throw parser.error(.optionUnknown(option.name), at: option.offset)
                }
            }
            // A plain key reaches everything: a cap on it would say what is not so.
            if services != nil, !isAuthority { throw parser.error(.malformed(.services, found: "no cert-authority")) }
        }
    }
}
