public import Encodings

/// Who wants in as whom, and when.
public struct MembershipQuery: Sendable {
    /// The local user name, sshd's `%u`.
    public let login: String
    /// The login's uid, where sshd told it.
    public let uid: UInt32?
    /// Who is there.
    public let identity: Identity
    /// The moment at which grants are judged.
    public let now: UnixTime

    /// The question whether `identity` may enter as `login`.
    public init(login: String, uid: UInt32?, identity: Identity, now: UnixTime) {
        self.login = login
        self.uid = uid
        self.identity = identity
        self.now = now
    }
}

/// What the line that let somebody in says besides.
public struct Grant: Sendable, Equatable {
    /// The line's number in `members`.
    public let line: Int
    /// For the record only.
    public let role: Text?
    /// From this moment on it no longer holds.
    public let until: UnixTime?
    /// The value of `from=`, one that sshd takes; without a quote.
    public let from: Text?
    /// The value of `command=`; each `"` in it must be written `\"` on a line.
    public let command: Text?
    /// What the session loses of pair.toml's permits.
    public let withheld: [SessionPermit]
    /// The group that the login must be in, or the line does not hold; `nil` where it need not be in any.
    public let unixGroup: Text?

    /// What line `line` gives.
    init(line: Int, _ options: MembershipLine.Options) {
        self.line = line
        role = options.role
        until = options.until
        from = options.from
        command = options.command
        withheld = options.withheld
        unixGroup = options.unixGroup
    }
}

/// What the host's directory says of a login and a group.
///
/// Source: nsswitch.conf(5).
public enum GroupAnswer: Sendable {
    /// The login is in it, by its primary group or by another.
    case member
    case notMember
    case noSuchGroup
    case noSuchLogin
}

/// The answer of a membership file.
public enum MembershipOutcome: Sendable, Equatable {
    case granted(Grant)
    /// The first of these lines that holds, each of which wants the login in a group; where none does, `otherwise`, which
    /// is no other such.
    indirect case depending([Grant], otherwise: MembershipOutcome)
    /// This line, and none behind it that would let them in either, wants the login in that group.
    case notInGroup(line: Int, group: Text, GroupAnswer)
    /// A deny on this line means this identity.
    case denied(line: Int)
    /// A deny on this line asks about a claim that the token lacks or has in another shape.
    case undecidable(line: Int)
    /// A template on this line gives the login, whose uid is none that a template may give.
    case loginUID(line: Int)
    /// The grant on this line was over at that moment.
    case expired(line: Int, at: UnixTime)
    /// This line means the identity, but not this login.
    case loginNotGranted(line: Int)
    case notAMember(NearMiss?)

    /// What kept the first line that nearly meant the identity from doing so: for an admin who asks why.
    public enum NearMiss: Sendable, Equatable {
        case emailNotVerified(line: Int)
        /// At Google the token's `hd` must be the domain.
        case notHostedDomain(line: Int)
        case requirement(line: Int, claim: Text)
        case otherProvider(line: Int, name: Text)
    }
}

/// One reading of `members` for one question: takes the file's lines in their order, then answers.
///
/// Lines of other Spaces cost a look at their first column. Every line of this Space is parsed whole, after a match too:
/// a deny may stand anywhere, and a file is never half loaded.
/// Source: docs/configuration.md "members".
public struct MembershipScan: Sendable {
    private let query: MembershipQuery
    private let file: String
    private let providers: [Text]
    private let plain: PlainMember
    private let templateMinimumUID: UInt32
    private let space: SpaceColumn

    private var denied: Int?
    private var undecidable: Int?
    private var granted: Grant?
    /// Grants in front of `granted` that depend on a group.
    private var depending: [Grant] = []
    /// Why lines that mean the identity do not let it in: the first of each kind.
    private var loginUID: Int?
    private var expired: (line: Int, at: UnixTime)?
    private var loginNotGranted: Int?
    private var nearMiss: MembershipOutcome.NearMiss?

    /// A scan of `file`, whose name is for errors, that has seen no line yet.
    public init(_ query: MembershipQuery, under configuration: Configuration, file: String) {
        self.query = query
        self.file = file
        providers = configuration.providers.map { Text($0.name) }
        templateMinimumUID = configuration.templateMinimumUID
        space = SpaceColumn(name: Array(configuration.space.utf8))
        plain = PlainMember(
            space: space.name, email: query.identity.email, providers: configuration.providers.map { $0.name })
    }

    /// What the file says, once it has been read to its end.
    public var outcome: MembershipOutcome {
        if let denied { return .denied(line: denied) }
        if let undecidable { return .undecidable(line: undecidable) }
        let rest = outcomeWithoutGroups
        return depending.isEmpty ? rest : .depending(depending, otherwise: rest)
    }

    private var outcomeWithoutGroups: MembershipOutcome {
        if let granted { return .granted(granted) }
        if let loginUID { return .loginUID(line: loginUID) }
        if let expired { return .expired(line: expired.line, at: expired.at) }
        if let loginNotGranted { return .loginNotGranted(line: loginNotGranted) }
        return .notAMember(nearMiss)
    }

    /// Takes the next line, without its LF.
    /// - Throws: Where the line is of this Space and does not parse, or names a provider that there is not.
    public mutating func take(_ line: Span<UInt8>, number: Int) throws(PolicyError) {
        guard space.mayStart(line) else {
            // A byte order mark would make the first line another Space's.
            guard number == 1, line.count >= 3, line[0] == 0xEF, line[1] == 0xBB, line[2] == 0xBF else { return }
            throw PolicyError(file: file, line: 1, column: 1, reason: .byteOrderMark)
        }
        if plain.isOther(line) { return }
        try takeWhole(line, number)
    }

    /// Takes a line as if there were no plain ones.
    mutating func takeWhole(_ line: Span<UInt8>, _ number: Int) throws(PolicyError) {
        var parser = LineParser(line, number: number, file: file)
        let column = try parser.column(.space)
        let isEverySpace = column.value == "*"
        guard isEverySpace || column.value.utf8.elementsEqual(space.name) else { return }
        try parser.validate()
        let line = try MembershipLine(&parser)
        if let provider = line.provider, !providers.contains(provider) {
            // A line for every Space may name a provider that only some of them trust.
            guard !isEverySpace else { return }
            throw parser.error(.providerUnknown(provider), at: line.providerOffset)
        }
        judge(line, number)
    }
}

/// The name of this Space as the first column of a line.
struct SpaceColumn: Sendable {
    let name: [UInt8]

    /// Whether the first column can be this Space: asked of each line of a file that may have millions.
    func mayStart(_ line: Span<UInt8>) -> Bool {
        var start = 0
        while start < line.count, line[start] == 0x20 || line[start] == 0x09 { start += 1 }
        guard start < line.count else { return false }
        switch line[start] {
        case UInt8(ascii: "#"): return false
        // Which Space a quoted column means shows only when it is unquoted.
        case UInt8(ascii: "*"), UInt8(ascii: "\""): return true
        default: break
        }
        let end = start + name.count
        guard end <= line.count, end == line.count || line[end] == 0x20 || line[end] == 0x09 else { return false }
        // From the end: the names of a fleet differ there.
        var index = name.count
        while index > 0 {
            index -= 1
            if line[start + index] != name[index] { return false }
        }
        return true
    }
}

// MARK: - Judging one line

extension MembershipScan {
    private mutating func judge(_ line: MembershipLine, _ number: Int) {
        let isOurs = line.provider == nil || line.provider == Text(query.identity.providerName)
        switch line.rule {
        case .deny:
            guard isOurs else { return }
            switch query.identity.isDenied(by: line.identity) {
            case .holds: denied = denied ?? number
            case .undecidable: undecidable = undecidable ?? number
            case .fails: break
            }
        case .allow(let logins, let options):
            guard granted == nil else { return }
            guard means(line, options, isOurs, number) else { return }
            allow(logins, options, number)
        }
    }

    /// Whether an allowing line means the identity; where it nearly does, that is kept.
    private mutating func means(
        _ line: MembershipLine, _ options: MembershipLine.Options, _ isOurs: Bool, _ number: Int
    ) -> Bool {
        switch query.identity.matches(line.identity) {
        case .fails: return false
        case .emailNotVerified: nearMiss = nearMiss ?? (isOurs ? .emailNotVerified(line: number) : nil)
        case .notHostedDomain: nearMiss = nearMiss ?? (isOurs ? .notHostedDomain(line: number) : nil)
        case .holds:
            guard isOurs else {
                nearMiss = nearMiss ?? line.provider.map { .otherProvider(line: number, name: $0) }
                return false
            }
            let missing = options.requirements.first { requirement in
                query.identity.strings(of: requirement.claim)?.contains(requirement.value) != true
            }
            guard let missing else { return true }
            nearMiss = nearMiss ?? .requirement(line: number, claim: missing.claim)
        }
        return false
    }

    private mutating func allow(_ logins: [MembershipLine.Login], _ options: MembershipLine.Options, _ number: Int) {
        let login = Text(query.login)
        let isNamed = logins.contains(.name(login))
        if !isNamed {
            guard logins.contains(where: { gives(login, $0) }) else {
                loginNotGranted = loginNotGranted ?? number
                return
            }
            guard let uid = query.uid, uid >= templateMinimumUID, !isNobody(uid) else {
                loginUID = loginUID ?? number
                return
            }
        }
        if let until = options.until, query.now >= until {
            if expired == nil { expired = (number, until) }
            return
        }
        let grant = Grant(line: number, options)
        if grant.unixGroup == nil { granted = grant } else { depending.append(grant) }
    }

    /// Linux's overflow uid, and (uid_t) −1, which is no user's.
    private func isNobody(_ uid: UInt32) -> Bool { uid == 65_534 || uid == .max }

    /// Whether a template comes out as `login`.
    private func gives(_ login: Text, _ template: MembershipLine.Login) -> Bool {
        switch template {
        case .name: false
        case .emailLocal: query.identity.emailParts?.local == login
        case .claim(let name): query.identity.claims[name]?.text == login
        }
    }
}
