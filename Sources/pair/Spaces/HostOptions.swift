import ArgumentParser
import Encodings
import Foundation
import HostFiles
import Policy
import Upkeep

/// Which host's files are meant.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The host's pair.toml, by which the other files are found.", valueName: "file"))
    var config = "/etc/pair/pair.toml"
}

/// Which Space is meant.
struct SpaceOptions: ParsableArguments {
    @OptionGroup var host: ConfigurationOptions

    @Option(
        help: ArgumentHelp(
            "The Space, where it is not pair.toml's own; '*' for the lines of every Space.", valueName: "name"))
    var space: String?
}

/// How a change is made.
struct EditOptions: ParsableArguments {
    @Flag(help: "Show what would change, and change nothing.")
    var dryRun = false

    @Flag(help: "Go on even if nobody were left who may enter as root, or as you.")
    var yes = false
}

/// One of the files that pair.toml leads to, or the policy in their place.
enum HostFileKind: CaseIterable {
    case members, accounts, revoked

    /// What it is of a fleet's policy.
    var part: PolicyPart {
        switch self {
        case .members: .members
        case .accounts: .accounts
        case .revoked: .revoked
        }
    }

    func location(in configuration: Configuration) -> Configuration.Location {
        switch self {
        case .members: configuration.members
        case .accounts: configuration.accounts
        case .revoked: configuration.revoked
        }
    }
}

/// A host's configuration, read for those who look after it.
///
/// Whoever owns the files: that is for `pair spaces check` to judge.
struct AdministeredHost {
    let configuration: Configuration
    /// What it was parsed from.
    let bytes: [UInt8]
    let path: String

    /// As pair-authkeys has it.
    static let maximumConfiguration = 64 << 10

    /// Larger than any such file; read whole.
    static let maximumFile = 1 << 30

    /// What stands in place of the three files; `nil` where they count themselves.
    let policySource: PolicySource?

    /// Reads pair.toml.
    /// - Parameters:
    ///   - options: Where it is.
    ///   - filesAlone: Whether the files beside it are meant, also where a host would follow a policy.
    /// - Throws: What keeps it from being used.
    init(_ options: ConfigurationOptions, filesAlone: Bool = false) throws {
        path = options.config
        bytes = try HostFile(path, ownedBy: .any).read(limit: Self.maximumConfiguration)
        configuration = try Configuration(parsing: bytes, file: path)
        policySource = filesAlone ? nil : configuration.policySource
    }

    /// Where the file is, or the part of a policy in its place.
    func path(of kind: HostFileKind) -> String {
        policySource == nil
            ? configuration.resolve(kind.location(in: configuration).path) : configuration.path(of: kind.part)
    }

    /// The whole file, or the part of a policy in its place; `nil` where there is none.
    func contents(of kind: HostFileKind) throws -> [UInt8]? {
        if let source = policySource {
            let policy = AppliedPolicy(of: source, under: configuration, ownedBy: .any, at: now())
            switch policy.condition {
            case .missing: return nil
            case .unreadable(let fault): throw fault
            case .malformed, .cut: throw Failure.policy(policy.condition, at: configuration.resolve(source.file))
            case .counts, .expired: return policy.contents(of: kind.part)
            }
        }
        do throws(FileFault) {
            return try HostFile(path(of: kind), ownedBy: .any).read(limit: Self.maximumFile)
        } catch .missing {
            return nil
        }
    }

    /// Refuses to change a file that a fleet's policy stands in for.
    func checkEditable(_ kind: HostFileKind) throws {
        guard let source = policySource else { return }
        throw Failure(
            description: "\(kind.part.rawValue): this host follows the signed policy of \(quoted(source.name))",
            advice: "Change it where that is built (pair fleet build, sign, publish): docs/fleet.md.")
    }
}

extension Failure {
    fileprivate static func policy(_ condition: AppliedPolicy.Condition, at path: String) -> Failure {
        Failure(description: "\(shown(path)): \(condition)", advice: "Run pair host refresh.")
    }
}

extension PolicyError: Advising {
    var advice: String? {
        "Nobody enters while it is so. Mend it with an editor; `pair spaces check` lists everything."
    }
}
