public import Encodings
internal import TOML

/// One line of `members` without its SPACE.
public struct MembershipLine: Sendable, Equatable {
    /// Whom it is about.
    public let identity: IdentityPattern
    /// `nil` for `*`.
    public let provider: Text?
    /// What it says of them.
    public let rule: Rule
    /// Where PROVIDER starts.
    let providerOffset: Int
    /// Where LOGINS stands, quotes included, in bytes from the start of the line.
    public let loginsRange: Range<Int>

    /// What a line says of those whom it is about.
    public enum Rule: Sendable, Equatable {
        case deny
        case allow([Login], Options)
    }

    /// One element of LOGINS.
    public enum Login: Sendable, Hashable {
        case name(Text)
        case emailLocal
        case claim(Text)
    }

    /// What stands in OPTIONS.
    public struct Options: Sendable, Equatable {
        /// For the record only.
        public var role: Text?
        /// From this moment on the line no longer holds.
        public var until: UnixTime?
        /// As sshd takes it.
        public var from: Text?
        /// What sshd runs whatever the client asks for.
        public var command: Text?
        /// All of which must hold.
        public var requirements: [Requirement] = []
        /// A group of the host's, as NSS knows it, that the login must be in.
        public var unixGroup: Text?
        /// What the session loses of pair.toml's permits.
        public var withheld: [SessionPermit] = []

        /// No option.
        public init() {}
    }

    /// `require=CLAIM:VALUE`.
    public struct Requirement: Sendable, Hashable {
        /// The claim's name.
        public let claim: Text
        /// What it must be, or have among its strings.
        public let value: Text
    }

    /// Reads what stands behind SPACE, to the end of the line.
    init(_ parser: inout LineParser) throws(PolicyError) {
        let identity = try parser.column(.identity)
        guard let pattern = IdentityPattern(identity.value) else {
            throw parser.error(.malformed(.identity, found: identity.value), at: identity.offset)
        }
        let provider = try parser.column(.provider)
        guard provider.value == "*" || isPlainName(provider.value.utf8) else {
            throw parser.error(.malformed(.provider, found: provider.value), at: provider.offset)
        }
        let logins = try parser.column(.logins)
        let loginsRange = logins.offset..<parser.position
        let hasOptions = !parser.isAtEnd()
        let optionsOffset = parser.position
        let options = try hasOptions ? Options(&parser) : Options()
        try parser.end()

        self.identity = pattern
        self.providerOffset = provider.offset
        self.provider = provider.value == "*" ? nil : provider.value
        self.loginsRange = loginsRange
        if logins.value == "deny" {
            guard !hasOptions else { throw parser.error(.optionsOnDeny, at: optionsOffset) }
            self.rule = .deny
        } else {
            guard provider.value != "*" else { throw parser.error(.anyProviderOnAllow, at: provider.offset) }
            self.rule = .allow(
                try MembershipLine.logins(logins.value, of: pattern, parser, at: logins.offset), options)
        }
    }

    private static func logins(
        _ text: Text, of pattern: IdentityPattern, _ parser: LineParser, at offset: Int
    ) throws(PolicyError) -> [Login] {
        var logins: [Login] = []
        for element in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let element = Text(parsed: element)
            if element == "{email-local}" {
                guard pattern.isEmail else { throw parser.error(.emailLocalWithoutEmail, at: offset) }
                logins.append(.emailLocal)
            } else if let claim = element.dropping("{claim:"), claim.utf8.last == closingBrace,
                isPlainClaim(Text(parsed: claim.utf8.dropLast()))
            {
                logins.append(.claim(Text(parsed: claim.utf8.dropLast())))
            } else {
                guard isLoginName(element.utf8), element != "deny" else {
                    throw parser.error(.malformed(.logins, found: text), at: offset)
                }
                logins.append(.name(element))
            }
        }
        return logins
    }
}

private let closingBrace = UInt8(ascii: "}")

extension MembershipLine.Options {
    /// Reads the OPTIONS column.
    init(_ parser: inout LineParser) throws(PolicyError) {
        self.init()
        for option in try parser.options(repeatable: "require") {
            switch option.name.string {
            case "role": role = try option.required(.role, parser)
            case "until":
                guard let until = UnixTime(rfc3339: try option.required(.until, parser).utf8) else {
                    throw option.malformed(.until, parser)
                }
                self.until = until
            case "from":
                let from = try option.required(.from, parser)
                guard isAddressList(from) else { throw option.malformed(.from, parser) }
                self.from = from
            case "command":
                let command = try option.required(.command, parser)
                guard isCommand(command) else { throw option.malformed(.command, parser) }
                self.command = command
            case "require":
                guard let requirement = MembershipLine.Requirement(try option.required(.require, parser)) else {
                    throw option.malformed(.require, parser)
                }
                requirements.append(requirement)
            case "unix-group":
                let group = try option.required(.unixGroup, parser)
                guard group.utf8.count <= 256 else { throw option.malformed(.unixGroup, parser) }
                unixGroup = group
            default:
                let known = MembershipLine.Options.withholdable.first { $0.option == option.name }
                guard let permit = known?.permit else {
                    throw parser.error(.optionUnknown(option.name), at: option.offset)
                }
                guard option.value == nil else { throw option.malformed(.flag, parser) }
                withheld.append(permit)
            }
        }
    }

    private static let withholdable: [(option: Text, permit: SessionPermit)] = [
        ("no-pty", .pty), ("no-port-forwarding", .portForwarding), ("no-agent-forwarding", .agentForwarding),
        ("no-user-rc", .userRC),
    ]
}

extension MembershipLine.Requirement {
    /// What `CLAIM:VALUE` asks for; the colon of a `://` belongs to the claim, whose name may be a URL.
    public init?(_ text: Text) {
        let colon = text.utf8.indices.first { index in
            text.utf8[index] == UInt8(ascii: ":") && !text.utf8[index...].starts(with: "://".utf8)
        }
        guard let colon else { return nil }
        (claim, value) = text.split(at: colon)
        guard isPlainClaim(claim), !value.isEmpty else { return nil }
    }
}
