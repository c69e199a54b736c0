import ArgumentParser
import Encodings
import Etcd
import Foundation
import HTTP
import HostFiles

/// Where a fleet is in etcd, as somebody configured it.
struct EtcdPlace {
    /// Client URLs.
    let members: [String]
    let caFile: String?
    let user: String?
    let passwordFile: String?
    let prefix: String

    static let usualPrefix = "/pair/"

    /// A client; nothing is asked yet.
    func client() throws -> EtcdClient {
        guard !members.isEmpty else {
            throw Failure(description: "etcd: no member is named", advice: "Name the members' client URLs.")
        }
        let addresses = try members.map { member in
            do throws(WebAddressError) {
                return try WebAddress(Text(member))
            } catch {
                throw Failure(
                    description: "etcd: \(quoted(member)): \(error)",
                    advice: "Name client URLs such as https://etcd1.example:2379; http is for this machine itself only."
                )
            }
        }
        return EtcdClient(
            EtcdSettings(
                members: addresses, caFile: caFile, credentials: try credentials(),
                userAgent: "pair/\(Pair.version)"))
    }

    private func credentials() throws -> EtcdCredentials? {
        guard let user else { return nil }
        guard let passwordFile else {
            throw Failure(
                description: "etcd: no file with the password of \(quoted(user)) is named",
                advice: "Name a file with mode 0600 that holds the password.")
        }
        return EtcdCredentials(user: user, password: try Self.password(in: passwordFile))
    }

    /// The file's first line; nobody else may be able to read it.
    private static func password(in path: String) throws -> String {
        let url = URL(fileURLWithPath: path)
        let folder = try OpenFolder(url.deletingLastPathComponent().path, ownedBy: .rootOrSelf)
        let bytes = try folder.read(url.lastPathComponent, limit: 4096, ownedBy: .rootOrSelf)
        guard let mode = folder.mode(of: url.lastPathComponent), mode & 0o077 == 0 else {
            throw Failure(
                description: "\(shown(path)): others may read this password",
                advice: "Do this: chmod 0600 \(shown(path)).")
        }
        guard let line = Text(validating: bytes.prefix { $0 != 0x0A && $0 != 0x0D }), !line.isEmpty else {
            throw Failure(description: "\(shown(path)): a password expected", advice: "Write it there as one line.")
        }
        return line.string
    }
}

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

    var place: EtcdPlace {
        EtcdPlace(
            members: members.flatMap { $0.split(separator: ",").map(String.init) }, caFile: caFile, user: user,
            passwordFile: passwordFile, prefix: prefix)
    }
}

extension EtcdError: Advising {}
extension PolicyPublicationError: Advising {}
