import ArgumentParser
import Encodings
import Foundation
import HostFiles
import Policy

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

/// One of the files that pair.toml leads to.
enum HostFileKind: CaseIterable {
    case members, accounts, revoked

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

    /// Reads pair.toml.
    init(_ options: ConfigurationOptions) throws {
        path = options.config
        bytes = try HostFile(path, ownedBy: .any).read(limit: Self.maximumConfiguration)
        configuration = try Configuration(parsing: bytes, file: path)
    }

    /// Where the file is.
    func path(of kind: HostFileKind) -> String { configuration.resolve(kind.location(in: configuration).path) }

    /// The whole file, `nil` where there is none.
    func contents(of kind: HostFileKind) throws -> [UInt8]? {
        do throws(FileFault) {
            return try HostFile(path(of: kind), ownedBy: .any).read(limit: Self.maximumFile)
        } catch .missing {
            return nil
        }
    }
}

extension PolicyError: Advising {
    var advice: String? {
        "Nobody enters while it is so. Mend it with an editor; `pair spaces check` lists everything."
    }
}
