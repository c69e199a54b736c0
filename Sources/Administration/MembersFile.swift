public import Encodings
public import Policy
internal import TOML

/// `members`, to be shown and edited for one Space.
public struct MembersFile: Sendable {
    /// The file, line by line.
    public let file: LineFile
    /// The Space that is worked on: a name, or `*` for the lines of every Space alone.
    public let space: String
    /// The lines that hold in the Space, in their order.
    public let entries: [MembershipEntry]

    private let configuration: Configuration

    /// The file that `bytes` are.
    /// - Parameters:
    ///   - bytes: The whole file; empty where there is none.
    ///   - path: Its name, for messages.
    ///   - configuration: pair.toml.
    ///   - space: A Space's name, or `*`.
    /// - Throws: `.torn`, or `.policy` with the first line of the Space that a host would not take.
    public init(
        _ bytes: [UInt8], path: String, under configuration: Configuration, space: String
    ) throws(EditError) {
        try self.init(LineFile(bytes, path: path), under: configuration, space: space)
    }

    private init(_ file: LineFile, under configuration: Configuration, space: String) throws(EditError) {
        self.file = file
        self.space = space
        self.configuration = configuration
        do throws(PolicyError) {
            entries = try MembersFile.entries(of: file, in: space, configuration)
            try MembersFile.judge(file, as: configuration)
        } catch {
            throw .policy(error)
        }
    }

    private static func entries(
        of file: LineFile, in space: String, _ configuration: Configuration
    ) throws(PolicyError) -> [MembershipEntry] {
        let providers = Set(configuration.providers.map { Text($0.name) })
        var entries: [MembershipEntry] = []
        try file.forEachLine { (line, number) throws(PolicyError) in
            let name = try MembershipEntry.space(of: line, number: number, file: file.path)
            guard let name, name == "*" || name == Text(space) else { return }
            guard let entry = try MembershipEntry(line, number: number, file: file.path) else { return }
            // What the providers of another Space's hosts are is not known here.
            if space == configuration.space, let fault = entry.fault(amongProviders: providers, file: file.path) {
                throw fault
            }
            entries.append(entry)
        }
        return entries
    }

    /// Reads the whole file as a login's decision does.
    private static func judge(_ file: LineFile, as configuration: Configuration) throws(PolicyError) {
        let nobody = Identity(
            providerName: "", issuer: "", subject: "", email: nil, isEmailVerified: false, claims: JSON.Object(),
            groupsClaim: "")
        let query = MembershipQuery(login: "", uid: nil, identity: nobody, now: UnixTime(seconds: 0))
        var scan = MembershipScan(query, under: configuration, file: file.path)
        try file.forEachLine { (line, number) throws(PolicyError) in try scan.take(line, number: number) }
    }

    /// The file after `plan`, provided that a host takes it.
    private func edited(_ plan: LinePlan) throws(EditError) -> LineEdit {
        let edit = try LineEdit(plan, of: file)
        do throws(EditError) {
            _ = try MembersFile(edit.file, under: configuration, space: space)
        } catch .policy(let error) {
            // The file was in order before, so the new line is not.
            throw .request(error.reason)
        }
        return edit
    }
}

// MARK: - Adding

extension MembersFile {
    /// Where a new line goes.
    public enum Place: Sendable {
        /// Behind all others.
        case last
        /// In front of the first line that holds in the Space.
        case first
        /// In the place of the grants to the same identity that have one of its logins.
        case replacing
    }

    /// The provider called `name`, or the only one.
    /// - Throws: `.providerUnknown`, `.providerAmbiguous`.
    public func provider(named name: Text?) throws(EditError) -> Text {
        let names = configuration.providers.map(\.name)
        guard let name else {
            guard let only = names.first, names.count == 1 else { throw .providerAmbiguous(names) }
            return Text(only)
        }
        // Other Spaces may have other providers.
        if space == configuration.space, !names.contains(where: { Text($0) == name }) {
            throw .providerUnknown(name, known: names)
        }
        return name
    }

    /// Adds what `request` asks for.
    /// - Parameters:
    ///   - request: Its provider has been checked by `provider(named:)`.
    ///   - place: Where the line goes.
    ///   - now: When grants are judged.
    ///   - users: The uids of logins, as far as they are known.
    /// - Returns: Without changes where such a line stands there.
    /// - Throws: `.request`, `.lineTooLong`, `.shadowed`, `.denied`.
    public func allowing(
        _ request: GrantRequest, at place: Place, now: UnixTime, users: [String: UInt32]
    ) throws(EditError) -> LineEdit {
        let line = request.line(for: Text(space))
        let new = try entry(line)
        // As the only login, `deny` would make the line a deny.
        guard !new.isDeny else { throw .request(.malformed(.logins, found: "deny")) }
        if entries.contains(where: { $0.isSame(as: new) && !$0.isExpired(at: now) }) {
            return LineEdit(unchanged: file)
        }
        if let deny = entries.first(where: { $0.denies(new) }) { throw .denied(by: deny.number) }
        var plan = LinePlan()
        switch place {
        case .last: plan.inserted = (file.lines.count + 1, [line])
        case .first: plan.inserted = (entries.first?.number ?? file.lines.count + 1, [line])
        case .replacing:
            let former = entries.filter { former in
                former.space == new.space && former.line.identity == new.line.identity
                    && former.line.provider == new.line.provider && !shared(new, former).isEmpty
            }
            for entry in former { drop(shared(new, entry), of: entry, from: &plan) }
            plan.inserted = (former.first?.number ?? file.lines.count + 1, [line])
        }
        try checkNotShadowed(new, plan, GrantSurroundings(configuration: configuration, now: now, users: users))
        return try edited(plan)
    }

    /// Adds a deny of `identity` at `provider`, which is `*` for any.
    /// - Returns: Without changes where such a line stands there.
    /// - Throws: `.request`, `.lineTooLong`.
    public func denying(_ identity: Text, at provider: Text) throws(EditError) -> LineEdit {
        let line = Array([Text(space), identity, provider, "deny"].map(column).joined(separator: "  ").utf8)
        let new = try entry(line)
        if entries.contains(where: { $0.isSame(as: new) }) { return LineEdit(unchanged: file) }
        return try edited(LinePlan(inserted: (file.lines.count + 1, [line])))
    }

    private func entry(_ line: [UInt8]) throws(EditError) -> MembershipEntry {
        do throws(PolicyError) {
            let entry = try MembershipEntry(line.span, number: file.lines.count + 1, file: file.path)
            // Whatever the identity, the line starts with the Space's name and is no comment.
            guard let entry, entry.space == Text(space), space == "*" || isSpaceName(space.utf8) else {
                throw PolicyError(
                    file: file.path, line: nil, column: nil, reason: .malformed(.space, found: Text(space)))
            }
            return entry
        } catch {
            throw .request(error.reason)
        }
    }

    private func shared(_ new: MembershipEntry, _ former: MembershipEntry) -> [MembershipLine.Login] {
        let logins = new.grant?.logins ?? []
        return (former.grant?.logins ?? []).filter { logins.contains($0) }
    }

    private func checkNotShadowed(
        _ new: MembershipEntry, _ plan: LinePlan, _ surroundings: GrantSurroundings
    ) throws(EditError) {
        var left = Set(new.grant?.logins ?? [])
        var takers: [Int] = []
        for earlier in entries where earlier.number < plan.inserted.before && !plan.removed.contains(earlier.number) {
            let taken = surroundings.logins(of: new, takenBy: earlier)
            if left.isDisjoint(with: taken) { continue }
            left.subtract(taken)
            takers.append(earlier.number)
        }
        if left.isEmpty { throw .shadowed(by: takers) }
    }
}

// MARK: - Removing

extension MembersFile {
    /// Which lines are to go.
    public struct Removal: Sendable {
        /// As IDENTITY has it, without quotes.
        public let identity: Text
        /// `nil` for every provider, `*` for denies of any.
        public let provider: Text?
        /// `nil` for all of a line's logins.
        public let login: Text?
        /// Denies instead of grants.
        public let isOfDenies: Bool

        /// The lines about `identity`.
        public init(identity: Text, provider: Text?, login: Text?, isOfDenies: Bool) {
            self.identity = identity
            self.provider = provider
            self.login = login
            self.isOfDenies = isOfDenies
        }
    }

    /// Takes out what `removal` says: whole lines, or one login of those that have more.
    /// - Throws: `.request` where the identity is none, `.nothingToRemove`.
    public func removing(_ removal: Removal) throws(EditError) -> LineEdit {
        guard let identity = IdentityPattern(removal.identity) else {
            throw .request(.malformed(.identity, found: removal.identity))
        }
        let about = entries.filter { entry in
            entry.line.identity == identity
                && (removal.provider.map { $0 == (entry.line.provider ?? "*") } ?? true)
                && (removal.login.map { entry.has($0) } ?? true)
        }
        let meant = about.filter { $0.space == Text(space) && $0.isDeny == removal.isOfDenies }
        guard !meant.isEmpty else { throw .nothingToRemove(elsewhere: about.map { elsewhere($0) }) }
        var plan = LinePlan()
        for entry in meant {
            let logins = entry.grant?.logins ?? []
            drop(removal.login.map { login in logins.filter { $0.text == login } } ?? logins, of: entry, from: &plan)
        }
        return try edited(plan)
    }

    private func elsewhere(_ entry: MembershipEntry) -> EditError.Elsewhere {
        if entry.space != Text(space) { return .everySpace(line: entry.number) }
        return entry.isDeny ? .deny(line: entry.number) : .grant(line: entry.number)
    }

    /// Takes `logins` out of LOGINS, and the line out of the file where none is left.
    private func drop(_ logins: [MembershipLine.Login], of entry: MembershipEntry, from plan: inout LinePlan) {
        let left = (entry.grant?.logins ?? []).filter { !logins.contains($0) }
        guard !left.isEmpty else {
            plan.removed.insert(entry.number)
            return
        }
        let line = file.lines[entry.number - 1]
        let range = entry.line.loginsRange
        let names = column(Text(left.map(\.text.string).joined(separator: ",")))
        plan.rewritten[entry.number] =
            Array(line.prefix(range.lowerBound)) + names.utf8 + line.dropFirst(range.upperBound)
    }
}

extension MembershipEntry {
    /// Whether a grant has `login`, as LOGINS has it; of a deny, never.
    fileprivate func has(_ login: Text) -> Bool { grant?.logins.contains { $0.text == login } ?? false }
}
