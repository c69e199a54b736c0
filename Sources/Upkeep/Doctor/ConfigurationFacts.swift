public import HostFiles
public import Policy

extension HostFacts {
    /// Where pair.toml stands, unless it is said otherwise.
    public static let standardConfiguration = "/etc/pair/pair.toml"

    /// What the user of pair-authkeys is called.
    public static let userName = "_pair"

    /// As much of pair.toml as pair-authkeys reads.
    private static let maximumConfiguration = 64 << 10

    /// Why pair.toml cannot be used.
    public enum ConfigurationFault: Error, Equatable, Sendable, CustomStringConvertible {
        case file(FileFault)
        case policy(PolicyError)

        /// Where and what, without a full stop.
        public var description: String {
            switch self {
            case .file(let fault): fault.description
            case .policy(let error): error.description
            }
        }

        /// What to do about it.
        var mend: String {
            switch self {
            case .file(.missing): "pair host setup"
            case .file(let fault): fault.mend
            case .policy: "Correct it there; `pair spaces check` looks it over."
            }
        }
    }

    /// Reads pair.toml by the rules that pair-authkeys has.
    /// - Parameters:
    ///   - path: The file.
    ///   - ownership: Who may have written it and the folders above it.
    /// - Returns: What it says, or why that cannot be used.
    public static func configuration(
        at path: String, ownedBy ownership: Ownership
    ) -> Result<Configuration, ConfigurationFault> {
        let bytes: [UInt8]
        do throws(FileFault) {
            bytes = try HostFile(path, ownedBy: ownership).read(limit: maximumConfiguration)
        } catch {
            return .failure(.file(error))
        }
        do throws(PolicyError) {
            return .success(try Configuration(parsing: bytes, file: path))
        } catch {
            return .failure(.policy(error))
        }
    }
}
