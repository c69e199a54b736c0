import ArgumentParser
import Encodings
import Etcd
import HostFiles
import Upkeep

/// Where a fleet is in etcd, on the command line.
struct EtcdOptions: ParsableArguments {
    @Option(
        name: .customLong("etcd"), parsing: .singleValue,
        help: ArgumentHelp("A member's client URL; may be repeated, or hold several, with commas.", valueName: "url"))
    var members: [String] = []

    @Option(
        name: .customLong("etcd-ca"),
        help: ArgumentHelp("The only CA to trust, in PEM (default: the system's).", valueName: "file"))
    var caFile: String?

    @Option(name: .customLong("etcd-user"), help: ArgumentHelp("A user of etcd's.", valueName: "name"))
    var user: String?

    @Option(
        name: .customLong("etcd-password-file"),
        help: ArgumentHelp("The user's password, which nobody else may read.", valueName: "file"))
    var passwordFile: String?

    @Option(
        name: .customLong("etcd-prefix"), help: ArgumentHelp("What the fleet's keys begin with.", valueName: "text"))
    var prefix = EtcdPlace.usualPrefix

    func validate() throws {
        guard !prefix.isEmpty else { throw ValidationError("--etcd-prefix: a text expected, such as /pair/") }
    }

    /// Whether nothing was said of any etcd.
    var isEmpty: Bool {
        members.isEmpty && caFile == nil && user == nil && passwordFile == nil
            && Text(prefix) == Text(EtcdPlace.usualPrefix)
    }

    var place: EtcdPlace {
        EtcdPlace(
            members: members.flatMap { $0.split(separator: ",").map { Text(String($0)) } }, prefix: prefix,
            caFile: caFile, user: user.map { Text($0) }, passwordFile: passwordFile)
    }
}

extension EtcdPlace {
    /// A client of this program's.
    func client(filesOwnedBy ownership: Ownership = .rootOrSelf) throws(EtcdPlaceError) -> EtcdClient {
        try client(userAgent: "pair/\(Pair.version)", filesOwnedBy: ownership)
    }
}

extension EtcdPlaceError: Advising {}
extension EtcdError: Advising {}
extension PolicyPublicationError: Advising {}
