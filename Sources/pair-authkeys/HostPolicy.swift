import Decision
import Encodings
import HostFiles
import IdentityToken
import Policy
import SSHKeys

/// The files that a decision rests on, read from the host.
struct HostPolicy: PolicyFiles {
    let configuration: Configuration
    let ownership: Ownership
    /// Whether the decision has taken too long.
    let isLate: @Sendable () -> Bool

    /// Where pair.toml stands, unless it is said otherwise.
    static let defaultPath = "/etc/pair/pair.toml"

    /// No pair.toml that a person wrote is larger, and nothing nested as deep as fits in it exhausts the stack.
    private static let maximumConfiguration = 64 << 10

    /// Reads pair.toml.
    init(path: String, ownership: Ownership, isLate: @escaping @Sendable () -> Bool) throws(Stop) {
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
        let path = configuration.resolve(configuration.accounts.path)
        return try fold(configuration.accounts, into: AccountScan(for: key, file: path)) {
            (scan, line, number) throws(PolicyError) in try scan.take(line, number: number)
        }.match
    }

    func revocations(of keys: [Fingerprint]) throws(Stop) -> Revocations {
        let path = configuration.resolve(configuration.revoked.path)
        let none = Revocations(under: configuration, file: path, asking: keys)
        return try fold(configuration.revoked, into: none) {
            (revocations, line, number) throws(PolicyError) in try revocations.take(line, number: number)
        }
    }

    func outcome(of query: MembershipQuery) throws(Stop) -> MembershipOutcome {
        let path = configuration.resolve(configuration.members.path)
        let scan = MembershipScan(query, under: configuration, file: path)
        return try fold(configuration.members, into: scan) {
            (scan, line, number) throws(PolicyError) in try scan.take(line, number: number)
        }.outcome
    }

    /// Hands every line of a file to `body`; a file that only the default names may be missing and then has no lines.
    private func fold<Value>(
        _ location: Configuration.Location, into empty: Value,
        _ body: (inout Value, Span<UInt8>, Int) throws(PolicyError) -> Void
    ) throws(Stop) -> Value {
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
