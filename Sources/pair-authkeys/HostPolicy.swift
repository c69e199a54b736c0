import Decision
import Encodings
import HostFiles
import IdentityToken
import NameService
import Policy
import SSHKeys

/// The files that a decision rests on, read from the host.
struct HostPolicy: PolicyFiles {
    let configuration: Configuration
    let ownership: Ownership
    /// Whether the decision has taken too long.
    let isLate: @Sendable () -> Bool
    /// What the host's own files are replaced by, where pair.toml has a source of it.
    private let applied: AppliedPolicy?
    /// Who knows the groups of the login; `nil` where pair.toml wants nobody asked, or where no process could be had.
    private let directory: NameService?

    /// Where pair.toml stands, unless it is said otherwise.
    static let defaultPath = "/etc/pair/pair.toml"

    /// No pair.toml that a person wrote is larger, and nothing nested as deep as fits in it exhausts the stack.
    private static let maximumConfiguration = 64 << 10

    /// How long the host's directory of groups may take: so that its refusal, too, is recorded before the deadline.
    private static let patience: Int32 = 4

    /// Reads pair.toml, and starts what it wants asked.
    /// - Parameters:
    ///   - path: Where it is.
    ///   - ownership: Whom the files must belong to.
    ///   - time: The moment to decide at; `nil` for the present.
    ///   - login: Whose groups may be asked for; `nil` where no grant will be.
    ///   - isLate: Whether the decision has taken too long.
    /// - Throws: The fault that keeps it from being used.
    init(
        path: String, ownership: Ownership, time: UnixTime?, groupsOf login: Text?,
        isLate: @escaping @Sendable () -> Bool
    ) throws(Stop) {
        self.ownership = ownership
        self.isLate = isLate
        let bytes: [UInt8]
        do throws(FileFault) {
            bytes = try HostFile(path, ownedBy: ownership).read(limit: Self.maximumConfiguration)
        } catch {
            throw error.stop
        }
        do throws(PolicyError) {
            configuration = try Configuration(parsing: bytes, file: path)
        } catch {
            throw .fault(error.fault)
        }
        if let source = configuration.policySource {
            applied = AppliedPolicy(
                source, at: configuration.resolve(source.file), ownership: ownership, now: time ?? Process.now)
        } else {
            applied = nil
        }
        let asked = configuration.asksForUnixGroups ? login : nil
        directory = asked.flatMap { NameService(for: $0, within: Self.patience) }
    }

    func keySet(of provider: Provider) throws(Stop) -> [UInt8]? {
        let file = HostFile(configuration.keySetPath(of: provider), ownedBy: ownership)
        do throws(FileFault) {
            return try file.read(limit: KeySet.maximumCount)
        } catch .missing {
            return nil
        } catch .tooLarge {
            throw .refusal(Refusal(.keysetMalformed, "the key set has more than \(KeySet.maximumCount) bytes"))
        } catch {
            throw error.stop
        }
    }

    func account(with key: PublicKey) throws(Stop) -> AccountKey? {
        let scan = AccountScan(for: key, file: configuration.path(of: .accounts))
        return try fold(.accounts, configuration.accounts, into: scan) {
            (scan, line, number) throws(PolicyError) in try scan.take(line, number: number)
        }.match
    }

    func revocations(of keys: [Fingerprint]) throws(Stop) -> Revocations {
        let none = Revocations(under: configuration, file: configuration.path(of: .revoked), asking: keys)
        return try fold(.revoked, configuration.revoked, into: none) {
            (revocations, line, number) throws(PolicyError) in try revocations.take(line, number: number)
        }
    }

    func outcome(of query: MembershipQuery) throws(Stop) -> MembershipOutcome {
        let scan = MembershipScan(query, under: configuration, file: configuration.path(of: .members))
        return try fold(.members, configuration.members, into: scan) {
            (scan, line, number) throws(PolicyError) in try scan.take(line, number: number)
        }.outcome
    }

    func answer(for group: Text) throws(Stop) -> GroupAnswer {
        if let answer = directory?.answer(for: group) { return answer }
        let cause = directory == nil ? "no process could be had for it" : "no answer within \(Self.patience) seconds"
        let detail = "whether the login is in the group \(quoted(group)) could not be found out: \(cause)"
        throw .refusal(Refusal(.unixGroupUnavailable, detail))
    }

    /// Hands every line of a file to `body`; a file that only the default names may be missing and then has no lines.
    private func fold<Value>(
        _ part: PolicyPart, _ location: Configuration.Location, into empty: Value,
        _ body: (inout Value, Span<UInt8>, Int) throws(PolicyError) -> Void
    ) throws(Stop) -> Value {
        if let applied { return try applied.fold(part, into: empty, shouldStop: isLate, body) }
        let file = HostFile(configuration.resolve(location.path), ownedBy: ownership)
        do throws(LineFault<PolicyError>) {
            return try file.foldLines(into: { empty }, shouldStop: isLate, body)
        } catch {
            switch error {
            case .line(let error): throw .fault(error.fault)
            case .file(.missing) where !location.isNamed: return empty
            case .file(let fault): throw fault.stop
            }
        }
    }
}
