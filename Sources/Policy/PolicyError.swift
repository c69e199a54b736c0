public import Encodings
public import SSHKeys
public import TOML

/// Why one of the admin's files cannot be used, and where; nothing of such a file counts.
public struct PolicyError: Error, Equatable, Sendable {
    /// The file, as the caller named it.
    public let file: String
    /// From 1; `nil` where the whole file is meant.
    public let line: Int?
    /// From 1, in bytes (in characters for pair.toml); `nil` where the whole line is meant.
    public let column: Int?
    /// What is wrong there.
    public let reason: Reason

    /// The error `reason` at a place.
    public init(file: String, line: Int?, column: Int?, reason: Reason) {
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason
    }

    /// Which of two codes it is: the text is not of the format, or what it says cannot be.
    public enum Kind: Sendable {
        case syntax
        case invalid
    }

    /// A reason that an admin can act on.
    public enum Reason: Equatable, Sendable {
        /// What any settings file can have wrong; of both kinds.
        case settings(SettingsError.Reason)

        // The text is not of the format.
        case notUTF8
        case byteOrderMark
        case controlCharacter(UInt8)
        case columnMissing(Field)
        case columnUnexpected
        case quoteUnclosed
        case quoteMisplaced
        case escapeUnknown
        case malformed(Field, found: Text)
        case key(KeyError)
        case optionUnknown(Text)
        case optionTwice(Text)
        case optionsOnDeny
        case anyProviderOnAllow
        case emailLocalWithoutEmail

        // What it says cannot be.
        case providerUnknown(Text)
        case keyTwice(firstLine: Int)
    }

    /// Which of the two it is.
    public var kind: Kind {
        switch reason {
        case .settings(let reason): reason.isSyntax ? .syntax : .invalid
        case .notUTF8, .byteOrderMark, .controlCharacter, .columnMissing, .columnUnexpected, .quoteUnclosed,
            .quoteMisplaced, .escapeUnknown, .malformed, .key, .optionUnknown, .optionTwice, .optionsOnDeny,
            .anyProviderOnAllow, .emailLocalWithoutEmail:
            .syntax
        case .providerUnknown, .keyTwice: .invalid
        }
    }

    /// A part of a line, called as the documentation calls it, with what it must look like.
    public enum Field: String, Sendable {
        case space = "SPACE"
        case identity = "IDENTITY"
        case provider = "PROVIDER"
        case logins = "LOGINS"
        case role = "role"
        case until = "until"
        case from = "from"
        case command = "command"
        case require = "require"
        case unixGroup = "unix-group"
        case flag = "flag"
        case kind = "KIND"
        case fingerprint = "FINGERPRINT"
        case revokedIdentity = "sub:… or E-MAIL"
        case certificates = "serial= or id="
        case account = "ACCOUNT"
        case services = "services"
        case keyType = "KEYTYPE"
        case key = "BASE64"

        /// What such a part must look like.
        public var expected: String {
            switch self {
            case .space: "a name or *"
            case .identity: "an e-mail, *@DOMAIN, sub:…, group:… or claim:NAME=VALUE"
            case .provider: "the name of a provider"
            case .logins: "logins separated by commas, {email-local}, {claim:NAME}, or deny alone"
            case .role: "role=NAME"
            case .until: "until=YYYY-MM-DDTHH:MM:SSZ"
            case .from: "addresses, CIDR blocks or patterns separated by commas"
            case .command: "a command without control characters or \\\" that does not end in a backslash"
            case .require: "require=CLAIM:VALUE"
            case .unixGroup: "the name of a group, at most 256 bytes"
            case .flag: "an option without a value"
            case .kind: "key, identity or cert"
            case .fingerprint: "SHA256: and 43 characters of base64"
            case .revokedIdentity: "sub:… or an e-mail"
            case .certificates: "serial=N, serial=FIRST-LAST or id=\"…\""
            case .account: "a name of a-z, 0-9, . _ -, at most 32"
            case .services: "services=\"NAME,NAME\" beside cert-authority"
            case .keyType: "the type of a plain key, as the key itself says"
            case .key: "the base64 of a public key"
            }
        }
    }
}

extension PolicyError: CustomStringConvertible {
    /// `file:line:column: what was expected and found`, without a full stop.
    public var description: String { "\(settingsPlace(file, line: line, column: column)): \(reason)" }
}

extension PolicyError.Reason: CustomStringConvertible {
    /// What was expected and found, without a full stop.
    public var description: String {
        switch self {
        case .settings(let reason): "\(reason)"
        case .notUTF8: "not UTF-8"
        case .byteOrderMark: "a byte order mark; save the file without one"
        case .controlCharacter(13): "a carriage return; lines end in LF alone"
        case .controlCharacter(let byte): "a control character (0x\(hex([byte])))"
        case .columnMissing(let field): "\(field.rawValue) is missing: \(field.expected)"
        case .columnUnexpected: "nothing more expected here"
        case .quoteUnclosed: "a quoted value without its closing quote"
        case .quoteMisplaced: "a quote inside a value; a value is quoted whole"
        case .escapeUnknown: "in quotes a backslash stands before \" or \\ only"
        case .malformed(let field, let found): "\(field.rawValue): \(field.expected) expected, \(quoted(found)) found"
        case .key(let error): "\(error)"
        case .optionUnknown(let name): "unknown option \(quoted(name))"
        case .optionTwice(let name): "option \(quoted(name)) stands twice"
        case .optionsOnDeny: "a deny takes no options"
        case .anyProviderOnAllow: "PROVIDER * stands only with deny"
        case .emailLocalWithoutEmail: "{email-local} stands only where IDENTITY is an e-mail or *@DOMAIN"
        case .providerUnknown(let name): "pair.toml has no provider \(quoted(name))"
        case .keyTwice(let first): "the same key stands on line \(first)"
        }
    }
}
