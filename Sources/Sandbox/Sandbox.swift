internal import CSandbox
internal import Glibc

/// What this process has given up for good, and what the kernel did not take from it.
///
/// The parts stand by themselves: where one cannot be had the others hold all the same. What is forbidden is answered
/// with an error, never with a signal.
/// Source: prctl(2) PR_SET_NO_NEW_PRIVS, landlock(7), seccomp(2).
public struct Sandbox: Sendable, Equatable {
    /// One of the kernel's means, and what became of it.
    public enum Part: Sendable, Equatable {
        /// No program that is started gains rights by its file.
        case noNewPrivileges(errno: Int32)
        /// Only the system calls that reading, computing, and writing to what is open need.
        case systemCalls(errno: Int32)
        /// Only the named files, to be read; by this version of the kernel's Landlock, which tells what it can refuse.
        case files(errno: Int32, version: Int32)
    }

    /// All of them, in the order of `Part`.
    public let parts: [Part]

    /// Confines this process, which has one thread.
    ///
    /// From then on it opens nothing but files below `folders`, and those to be read alone; makes no socket and no
    /// process; and executes no memory that it could not execute already. What is open can still be written to.
    /// - Parameter folders: Absolute, or from the process's own directory; one that is not there has no files.
    public init(readingBelow folders: [String]) {
        let privileges = csandbox_no_new_privileges()
        var version: Int32 = 0
        let files = Self.confine(to: folders, &version)
        // Last: the calls by which the others are made are not in its list.
        let calls = csandbox_filter()
        self.init(parts: [
            .noNewPrivileges(errno: privileges), .systemCalls(errno: calls), .files(errno: files, version: version),
        ])
    }

    init(parts: [Part]) { self.parts = parts }

    private static func confine(to folders: [String], _ version: inout Int32) -> Int32 {
        var rules: Int32 = -1
        let error = unsafe csandbox_rules(&rules, &version)
        guard error == 0 else { return error }
        defer { csandbox_close(rules) }
        for folder in folders {
            let error = unsafe csandbox_allow_reading(rules, folder)
            // Without this folder the rules would refuse what must be read: better none.
            guard error == 0 else { return error }
        }
        return csandbox_restrict(rules)
    }
}

extension Sandbox.Part {
    /// The kernel's own name for it.
    public var name: String {
        switch self {
        case .noNewPrivileges: "no_new_privs"
        case .systemCalls: "seccomp"
        case .files: "Landlock"
        }
    }

    /// What the kernel has of it, `nil` where there is nothing to tell apart: `ABI 7`.
    public var version: String? {
        switch self {
        case .noNewPrivileges, .systemCalls: nil
        case .files(let errno, let version): errno == 0 ? "ABI \(version)" : nil
        }
    }

    /// Why it is not in force, without a full stop; `nil` where it is.
    public var obstacle: String? {
        switch self {
        case .noNewPrivileges(errno: 0), .systemCalls(errno: 0), .files(errno: 0, version: _): nil
        case .files(errno: ENOSYS, version: _): "this kernel has none, or a container hides it"
        case .files(errno: EOPNOTSUPP, version: _): "this kernel has it switched off (its parameter lsm=)"
        case .systemCalls(errno: ENOTSUP): "there is no list of system calls for this kind of machine"
        case .noNewPrivileges(let errno), .systemCalls(let errno), .files(let errno, version: _):
            // Never NULL, and no other thread of ours asks at the same time.
            unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
        }
    }
}

extension Sandbox: CustomStringConvertible {
    /// What is in force, then what is not and why: `no_new_privs, seccomp; no Landlock: …`.
    public var description: String {
        let inForce = parts.filter { $0.obstacle == nil }.map { [$0.name, $0.version].compactMap { $0 } }
        let missing = parts.compactMap { part in part.obstacle.map { "no \(part.name): \($0)" } }
        let list = inForce.map { $0.joined(separator: " ") }.joined(separator: ", ")
        return ([list.isEmpty ? "none" : list] + missing).joined(separator: "; ")
    }
}
