import Encodings
import Foundation
import HostFiles
import Upkeep

/// opkssh's files on this host, read by the rules that opkssh itself has for them.
struct OpksshReading {
    private(set) var files: OpksshFiles
    /// What is to be known about the files as such.
    private(set) var findings: [OpksshFinding] = []

    /// What opkssh wants of its own files, and of those in homes.
    private static let (systemMode, homeMode): (UInt32, UInt32) = (0o640, 0o600)

    init(folder: String, withHomes: Bool) throws {
        guard !withHomes || geteuid() == 0 else {
            throw Failure(
                description: "--homes: only root can read what is in other users' homes",
                advice: "Run it as root, or without --homes.")
        }
        do {
            let open = try OpenFolder(folder, ownedBy: .rootOrSelf)
            guard let providers = try Self.read("providers", in: open) else {
                throw FileFault.missing(open.path(of: "providers"))
            }
            files = OpksshFiles(providers: providers)
            files.policy = try Self.read("auth_id", in: open)
            files.serverConfiguration = try Self.read("config.yml", in: open)
            for name in ["providers", "auth_id", "config.yml"] { note(modeOf: name, in: open) }
            if files.policy == nil { note(.absent, of: shown(open.path(of: "auth_id"))) }
            files.plugins = try Self.plugins(in: open)
        } catch FileFault.missing(let path) {
            throw Failure(
                description: "\(shown(path)): no such file",
                advice: "opkssh's files are looked for in \(shown(folder)); --from names another folder.")
        }
        if withHomes {
            for user in try Self.usersWithHomes() { try take(user) }
        } else {
            note(.homesUnread, of: "~/.opk/auth_id")
        }
    }

    private static func read(_ name: String, in folder: borrowing OpenFolder) throws(FileFault) -> OpksshFile? {
        guard folder.kind(of: name) != nil else { return nil }
        let bytes = try folder.read(name, limit: 16 << 20, ownedBy: .rootOrSelf)
        return OpksshFile(path: folder.path(of: name), bytes: bytes)
    }

    private static func plugins(in folder: borrowing OpenFolder) throws(FileFault) -> [String] {
        do throws(FileFault) {
            let plugins = try OpenFolder(folder.path(of: "policy.d"), ownedBy: .any)
            return try plugins.names().filter { $0.hasSuffix(".yml") }.map { plugins.path(of: $0) }
        } catch .missing {
            return []
        } catch .notDirectory {
            return []
        }
    }

    private mutating func note(modeOf name: String, in folder: borrowing OpenFolder) {
        guard let mode = folder.mode(of: name), mode != Self.systemMode else { return }
        note(.mode(found: mode, expected: Self.systemMode), of: shown(folder.path(of: name)))
    }

    private mutating func note(_ reason: OpksshReason.File, of path: String) {
        findings.append(OpksshFinding(file: path, line: nil, reasons: [.file(reason)]))
    }
}

// MARK: - Homes

extension OpksshReading {
    /// Everybody whom the host lists, each name once; a directory service may not list those whom it knows.
    private static func usersWithHomes() throws -> [LocalLogin] {
        var names: Set<Text> = []
        return try LocalLogin.all(by: SystemPrograms()).filter { user in
            user.home.utf8.first == UInt8(ascii: "/") && names.insert(Text(user.name)).inserted
        }
    }

    /// Takes the user's own policy file, where there is one that opkssh would read.
    ///
    /// Source: opkssh commands/readhome.go.
    private mutating func take(_ user: LocalLogin) throws {
        let path = user.home + "/.opk/auth_id"
        switch try user.reading({ Self.homeFile(of: user) }) {
        case .absent: break
        case .refused(let why): note(.homeRefused(why), of: shown(path))
        case .closed(let why):
            // Not for them to read: then it is not theirs either, or root cannot see it any more than they can.
            guard let owner = try? FileManager.default.attributesOfItem(atPath: path)[.ownerAccountID] as? Int else {
                break
            }
            guard owner == user.uid else { return note(.homeRefused("owned by uid \(owner)"), of: shown(path)) }
            note(.homeUnreadable(why), of: shown(path))
        case .read(let bytes):
            files.homes.append((user.name, OpksshFile(path: path, bytes: bytes)))
            note(.homeTaken(login: user.name), of: shown(path))
        }
    }

    private enum HomeFile {
        case absent
        case refused(String)
        case closed(String)
        case read([UInt8])
    }

    /// The file as the user themself reads it: what they have put there leads nowhere that is closed to them.
    private static func homeFile(of user: LocalLogin) -> HomeFile {
        do throws(FileFault) {
            let folder = try OpenFolder(user.home + "/.opk", ownedBy: .any)
            guard folder.kind(of: "auth_id") != nil else { return .absent }
            guard user.hasNameForOpkssh else { return .refused("a login with other letters than a-z 0-9 _ - .") }
            // With this mode, and read by them, it is theirs.
            if folder.kind(of: "auth_id") == .regular, let mode = folder.mode(of: "auth_id"), mode != homeMode {
                return .refused("mode \(String(mode, radix: 8)), where it must be \(String(homeMode, radix: 8))")
            }
            return .read(try folder.read("auth_id", limit: 1 << 20, ownedBy: .rootOr(uid: user.uid)))
        } catch .missing {
            return .absent
        } catch .notDirectory {
            return .absent
        } catch {
            switch error.kind {
            case .unsafe: return .refused("\(error)")
            case .missing, .content, .system, .stopped: return .closed("\(error)")
            }
        }
    }
}

extension LocalLogin {
    /// Whether opkssh reads the home of a login so called.
    var hasNameForOpkssh: Bool {
        name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
            default: false
            }
        }
    }

    /// What `body` gives when this process, which is root's, may do no more than the user.
    func reading<Value>(_ body: () -> Value) throws -> Value {
        guard uid != 0 else { return body() }
        guard setegid(gid) == 0, seteuid(uid) == 0 else {
            _ = setegid(0)
            throw Failure(description: "\(quoted(name)): cannot act as this user", advice: "Go without --homes.")
        }
        let value = body()
        guard seteuid(0) == 0, setegid(0) == 0 else {
            // Its saved user is root still, for which the system has to let it be root again.
            fatalError("a process of root's could not be root's again")
        }
        return value
    }
}
