internal import Encodings
internal import SSHKeys
internal import TOML

/// One line of `accounts`, taken apart.
///
/// Source: docs/configuration.md "accounts".
struct AccountLine {
    /// Fits `isPlainName`.
    let account: String
    let isAuthority: Bool
    /// What a CA may grant at most; `nil` for everything.
    let services: [String]?
    let algorithm: KeyAlgorithm
    /// What the base64 stands for; see `key`.
    let blob: [UInt8]
    let comment: Text
    /// Where the type and the base64 stand in the line, in bytes from 0.
    let typeOffset: Int
    let keyOffset: Int

    /// Reads the whole line; `nil` where it is blank or a comment.
    init?(_ parser: inout LineParser) throws(PolicyError) {
        guard !parser.isAtEnd(), parser.next != UInt8(ascii: "#") else { return nil }
        try parser.validate()
        let account = try parser.column(.account)
        guard isPlainName(account.value.utf8) else {
            throw parser.error(.malformed(.account, found: account.value), at: account.offset)
        }
        guard !parser.isAtEnd() else { throw parser.error(.columnMissing(.keyType), at: parser.position) }
        // A blank behind it, so that a type which is the line's last word is known as one.
        let hasOptions = !AuthorizedKey.startsWithType(parser.rest + [0x20])
        let options = try hasOptions ? Options(&parser) : Options()
        let type = try parser.column(.keyType)
        guard let algorithm = KeyAlgorithm(rawValue: type.value.string) else {
            throw parser.error(.malformed(.keyType, found: type.value), at: type.offset)
        }
        let base64 = try parser.column(.key)
        guard let blob = Base64.standard.decode(base64.value.utf8) else {
            throw parser.error(.malformed(.key, found: base64.value), at: base64.offset)
        }
        self.account = account.value.string
        self.isAuthority = options.isAuthority
        self.services = options.services
        self.algorithm = algorithm
        self.blob = blob
        self.comment = parser.takeRest()
        self.typeOffset = type.offset
        self.keyOffset = base64.offset
    }

    /// The key that the base64 holds, which must be of the type in front of it.
    func key(_ parser: LineParser) throws(PolicyError) -> PublicKey {
        let key: PublicKey
        do {
            key = try PublicKey(blob: blob[...])
        } catch {
            throw parser.error(.key(error), at: keyOffset)
        }
        guard key.algorithm == algorithm else {
            throw parser.error(.malformed(.keyType, found: Text(algorithm.rawValue)), at: typeOffset)
        }
        return key
    }

    /// What the line says of `key`, which it holds.
    func entry(_ key: PublicKey, number: Int) -> AccountKey {
        AccountKey(
            account: account, key: key, isAuthority: isAuthority, services: services, comment: comment, line: number)
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
