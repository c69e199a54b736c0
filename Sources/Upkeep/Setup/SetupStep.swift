internal import Encodings
internal import HostFiles

/// One thing that set-up makes, or changes, on a host.
public enum SetupStep: Sendable, Equatable {
    /// The system user that `pair-authkeys` runs as, made by one of two programs.
    case user(String, command: [String])
    /// A folder of root's, made or put right.
    case folder(String, mode: UInt32)
    case file(SetupFile)
    /// A file that stays as it is, but for its owner and mode.
    case standing(SetupFile)
    /// A file of ours that is no longer wanted.
    case removal(String)
    /// The providers' keys, fetched into that folder.
    case keySets(String, providers: [String])
    /// A program that changes something, and the one that takes it back.
    case command([String], undo: [String])
    /// The running sshd reads its configuration anew.
    case reload(String)
}

/// A file that set-up writes.
public struct SetupFile: Sendable, Equatable {
    /// Absolute.
    public let path: String
    /// `nil` where there is none so far.
    public let old: [UInt8]?
    /// The whole file.
    public let new: [UInt8]
    /// Its permission bits.
    public let mode: UInt32
    /// A user's name.
    public let owner: String
    /// A group's name.
    public let group: String

    /// A file of root's, unless it is said otherwise.
    public init(
        _ path: String, old: [UInt8]?, new: [UInt8], mode: UInt32 = 0o644, owner: String = "root",
        group: String = "root"
    ) {
        self.path = path
        self.old = old
        self.new = new
        self.mode = mode
        self.owner = owner
        self.group = group
    }
}

extension SetupStep: CustomStringConvertible {
    /// As a command, or what comes nearest to one.
    public var description: String {
        switch self {
        case .user(_, let command), .command(let command, _): command.map(shellWord).joined(separator: " ")
        case .folder(let path, let mode): "install -d -o root -g root -m \(octal(mode)) \(shown(path))"
        case .file(let file):
            "write \(shown(file.path)) (\(file.owner):\(file.group) \(octal(file.mode)))"
        case .standing(let file):
            "chown \(file.owner):\(file.group) \(shown(file.path)) && chmod \(octal(file.mode)) \(shown(file.path))"
        case .removal(let path): "rm \(shown(path))"
        case .keySets(_, let providers): "pair host refresh \(providers.joined(separator: " "))"
        case .reload(let means): means
        }
    }

    /// What it is about: a path, or a name.
    public var subject: String {
        switch self {
        case .user(let name, _): name
        case .folder(let path, _), .removal(let path), .keySets(let path, _): path
        case .file(let file), .standing(let file): file.path
        case .command(let command, _): command.joined(separator: " ")
        case .reload: "sshd"
        }
    }

    /// What sort of thing it is, for programs.
    public var kind: String {
        switch self {
        case .user: "user"
        case .folder: "folder"
        case .file: "file"
        case .standing: "standing"
        case .removal: "removal"
        case .keySets: "key-sets"
        case .command: "command"
        case .reload: "reload"
        }
    }
}

/// Four digits where the first one says something, else three.
func octal(_ mode: UInt32) -> String { String(mode, radix: 8) }

/// As a shell reads it as one word.
func shellWord(_ word: String) -> String {
    let isPlain =
        !word.isEmpty && word.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"'\\$`&;|<>()*?[]#~!{}".utf8.contains($0) }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
