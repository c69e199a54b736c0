public import HostFiles

/// A path as it stands on a machine: whatever is passed on the way, from `/` on.
public struct PathFacts: Sendable, Equatable {
    /// A folder on the way, or what stands at its end.
    public struct Step: Sendable, Equatable {
        /// From `/` on.
        public let path: String
        /// A link as itself.
        public let kind: FileKind
        /// Its uid.
        public let owner: UInt32
        /// Its gid.
        public let group: UInt32
        /// The permission bits alone.
        public let mode: UInt32

        /// A step as `lstat` tells it.
        public init(_ path: String, _ kind: FileKind, owner: UInt32 = 0, group: UInt32 = 0, mode: UInt32) {
            self.path = path
            self.kind = kind
            self.owner = owner
            self.group = group
            self.mode = mode
        }
    }

    /// How far the path leads.
    public enum End: Sendable, Equatable {
        case found
        case missing
        /// Who looked may not look that far.
        case forbidden
    }

    /// The whole path.
    public let path: String
    /// From `/` on, as far as the path leads.
    public let steps: [Step]
    /// How far that is.
    public let end: End

    /// The path `path`, of which `steps` were found.
    public init(_ path: String, steps: [Step], end: End = .found) {
        self.path = path
        self.steps = steps
        self.end = end
    }

    /// What stands at its end, `nil` where that was not found.
    public var target: Step? { end == .found ? steps.last : nil }
}

/// Something about a path, and the command that mends it.
struct PathDefect: Equatable {
    let text: String
    let mend: String
}

extension PathFacts {
    /// What lets somebody other than root change what stands there.
    ///
    /// - Parameter isFollowed: Whether links on the way are followed; else each is a defect.
    /// - Returns: In the order of the way.
    func defects(followingLinks isFollowed: Bool = false) -> [PathDefect] {
        steps.flatMap { step -> [PathDefect] in
            if step.kind == .symbolicLink {
                let mend =
                    step.path == path
                    ? "put the file itself at \(shown(step.path))" : "name the path without \(shown(step.path))"
                return isFollowed ? [] : [PathDefect(text: "\(shown(step.path)) is a symbolic link", mend: mend)]
            }
            var defects: [PathDefect] = []
            if step.owner != 0 {
                defects.append(
                    PathDefect(
                        text: "\(shown(step.path)) is owned by uid \(step.owner)",
                        mend: "chown root \(shown(step.path))"))
            }
            if step.mode & 0o022 != 0 {
                defects.append(
                    PathDefect(
                        text:
                            "\(shown(step.path)) is writable by group or others (mode \(String(step.mode, radix: 8)))",
                        mend: "chmod go-w \(shown(step.path))"))
            }
            return defects
        }
    }

    /// What keeps `user` from reading what stands there, or running it; the first of it.
    func obstacle(for user: UserFacts, bits: UInt32 = 0o4) -> PathDefect? {
        for step in steps where step.kind != .symbolicLink {
            let isEnd = step.path == path
            let wanted = isEnd ? bits : 0o1
            guard !user.may(wanted, step) else { continue }
            let letters = isEnd ? (bits & 0o1 == 0 ? "r" : "rx") : "x"
            let who = user.isInGroup(of: step) ? "g" : "o"
            return PathDefect(
                text: "the user \(user.name) may not \(isEnd ? "read" : "enter") \(shown(step.path))",
                mend: "chmod \(who)+\(letters) \(shown(step.path))")
        }
        return nil
    }
}

/// A local user.
public struct UserFacts: Sendable, Equatable {
    /// What the user is called.
    public let name: String
    /// The user's number.
    public let uid: UInt32
    /// The group's number.
    public let gid: UInt32
    /// The shell as passwd has it.
    public let shell: String
    /// The home as passwd has it.
    public let home: String

    /// The user that a line of passwd is about.
    public init(name: String, uid: UInt32, gid: UInt32, shell: String, home: String) {
        self.name = name
        self.uid = uid
        self.gid = gid
        self.shell = shell
        self.home = home
    }

    /// The user of a line of passwd(5), `nil` where it is none.
    public init?(passwd line: some StringProtocol) {
        let fields = line.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
        guard fields.count == 7, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
        self.init(name: fields[0], uid: uid, gid: gid, shell: fields[6], home: fields[5])
    }

    /// Whether the shell lets nobody in.
    var hasNoShell: Bool {
        let name = shell.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) }
        return name == "nologin" || name == "false"
    }

    func isInGroup(of step: PathFacts.Step) -> Bool { step.group == gid && step.owner != uid }

    /// Whether all of `bits`, read (4), write (2) and run (1), are the user's there.
    func may(_ bits: UInt32, _ step: PathFacts.Step) -> Bool {
        if uid == 0 { return true }
        let shift: UInt32 = step.owner == uid ? 6 : step.group == gid ? 3 : 0
        return (step.mode >> shift) & bits == bits
    }
}
