internal import Encodings
internal import Foundation
internal import HostFiles
internal import Policy

/// Logs in for real, by a throw-away sshd on loopback that runs by a copy of the real configuration.
///
/// The key that is let in is one of a CA made for this and known to a policy made for this: what the host really decides by
/// is never widened. The login's own folder is covered, for that sshd alone, by one with a key in authorized_keys.
struct TrialLogin {
    let login: LocalLogin
    let sshd: String
    let places: HostPlaces
    let programs: any Programs
    let files: any SSHDFiles
    let dropIn: DropIn
    let place: DropInPlace
    let expiryTime: ExpiryTimeStyle

    private var folder: String { "\(places.state)/trial" }
    private var home: String { "\(folder)/home" }

    /// Ports that are tried, of those that no service has.
    private static let ports = UInt16(20_000)...UInt16(32_000)
    private static let attempts = 5

    /// Makes everything, logs in, and removes everything.
    /// - Throws: `.trial` where a login did not go as it should; what the making threw.
    func run() throws -> TrialOutcome {
        try Self.endLeftover(of: places)
        defer { try? FileManager.default.removeFolder(folder) }
        try makeFolder(folder, mode: 0o755)
        try writePolicy()
        let (pid, sees) = try start()
        defer {
            kill(pid.number, SIGTERM)
            // The file goes with it, and its folder next.
            for _ in 0..<100 where self.pid != nil { Thread.sleep(forTimeInterval: 0.01) }
            if self.pid != nil { kill(pid.number, SIGKILL) }
        }
        let granted = try attempt("granted", on: pid.port)
        guard granted.isLetIn else { throw SetupError.trial(.grantedRefused(login.name, granted.why)) }
        guard sees else { return TrialOutcome(login: login.name, ranAs: granted.ranAs, ownKeys: .untried) }
        let own = try attempt("own", on: pid.port)
        let mayEnter = dropIn.keyFiles == .kept
        guard mayEnter || !own.isLetIn else { throw SetupError.trial(.ownKeyAccepted(login.name)) }
        return TrialOutcome(
            login: login.name, ranAs: granted.ranAs, ownKeys: own.isLetIn ? .accepted : .refused)
    }

    /// Ends what a trial has left that was killed itself: its sshd, and its folder.
    static func endLeftover(of places: HostPlaces) throws {
        let folder = "\(places.state)/trial"
        if let text = try? String(contentsOfFile: "\(folder)/sshd.pid", encoding: .utf8),
            let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 1,
            let title = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"),
            // The number may be another process's by now.
            String(decoding: title, as: UTF8.self).contains("\(folder)/sshd/sshd_config")
        {
            kill(pid, SIGKILL)
        }
        try FileManager.default.removeFolder(folder)
    }

    // MARK: - Making

    private func writePolicy() throws {
        for name in ["ca", "granted", "own", "host"] {
            try run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "pair-trial", "-f", "\(folder)/\(name)"])
        }
        try run([
            "ssh-keygen", "-q", "-s", "\(folder)/ca", "-I", "pair-trial", "-n", "trial", "-V", "-1m:+5m",
            "\(folder)/granted.pub",
        ])
        let authority = try text("ca.pub")
        let policy = """
            space = "trial"
            [[service]]
            name = "trial"
            logins = ["\(login.name)"]
            [line]
            expiry_time = "\(expiryTime.rawValue)"
            [log]
            file = ""
            syslog = false

            """
        try write("pair.toml", policy)
        try write("members", "")
        try write("accounts", "trial cert-authority \(authority)")
        try makeFolder(home, mode: 0o700)
        try makeFolder("\(home)/.ssh", mode: 0o700)
        try write("home/.ssh/authorized_keys", try text("own.pub"), mode: 0o600)
        for path in [home, "\(home)/.ssh", "\(home)/.ssh/authorized_keys"] {
            try FileManager.default.setOwner(FileOwner(user: login.uid, group: login.gid), of: path)
        }
    }

    private func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws {
        try replaceFile(at: "\(folder)/\(name)", with: Array(text.utf8), mode: mode)
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    private func run(_ command: [String]) throws {
        let result = try programs.run(command)
        guard result.status == 0 else {
            throw SetupError.command(command, status: result.status, said: result.lastWords)
        }
    }

    // MARK: - The throw-away sshd

    /// Starts it.
    /// - Returns: Its process and port, and whether it sees the folder with the key in place of the login's own.
    private func start() throws -> (pid: (number: pid_t, port: UInt16), coversHome: Bool) {
        var why = "no port"
        var coversHome = canCoverHome
        for _ in 0..<Self.attempts {
            let port = UInt16.random(in: Self.ports)
            let configuration = try stage(port: port)
            _ = try? removeFile(at: log)
            let command = [sshd, "-f", configuration, "-E", log]
            var result = try programs.run(coversHome ? covering(command) : command)
            if coversHome, result.status != 0, log(has: "") == nil {
                // A container, as a rule: without a mount of its own the sshd sees the login's own folder.
                coversHome = false
                result = try programs.run(command)
            }
            for _ in 0..<200 {
                if let number = pid { return ((number, port), coversHome) }
                if log(has: "Cannot bind any address") != nil || log(has: "fatal") != nil { break }
                Thread.sleep(forTimeInterval: 0.025)
            }
            why = logLines.last.map { quoted($0) } ?? result.lastWords
        }
        throw SetupError.trial(.notStarted(why))
    }

    /// The real configuration as it will be, but for the policy.
    private func stage(port: UInt16) throws -> String {
        let staged = "\(folder)/sshd"
        try FileManager.default.removeFolder(staged)
        try makeFolder(staged, mode: 0o700)
        let twin = DropIn(
            scope: dropIn.scope, keyFiles: dropIn.keyFiles, program: dropIn.program,
            configuration: "\(folder)/pair.toml")
        let lines = [
            "Port \(port)", "ListenAddress 127.0.0.1:\(port)", "HostKey \(folder)/host", "PidFile \(folder)/sshd.pid",
            "LogLevel VERBOSE",
        ]
        return try StagedConfiguration(
            of: places.sshdConfiguration, with: (place.path, twin.text), without: place.former, from: files,
            in: staged, startingWith: lines
        ).path
    }

    private var log: String { "\(folder)/sshd.log" }

    private var pid: pid_t? {
        guard let text = try? text("sshd.pid") else { return nil }
        return pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private var logLines: [String] {
        guard let text = try? text("sshd.log") else { return [] }
        return text.split(whereSeparator: \.isNewline).map(String.init)
    }

    private func log(has words: String) -> String? { logLines.first { words.isEmpty || $0.contains(words) } }

    /// A mount over these would take away what the sshd needs.
    private var canCoverHome: Bool {
        guard login.home.hasPrefix("/"), (try? OpenFolder(login.home, ownedBy: .any)) != nil else { return false }
        let needed = [folder, dropIn.program, sshd, "/usr", "/etc", "/run", "/dev", "/proc", "/bin", "/lib"]
        return login.home != "/" && !needed.contains { "\($0)/".hasPrefix("\(login.home)/") }
    }

    private func covering(_ command: [String]) -> [String] {
        let script = "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\""
        return ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh", home, login.home]
            + command
    }

    // MARK: - Logging in

    private struct Attempt {
        let isLetIn: Bool
        /// What `id -un` said; `nil` where something else ran, or nothing.
        let ranAs: String?
        let why: String
    }

    /// Logs in with one key.
    private func attempt(_ key: String, on port: UInt16) throws -> Attempt {
        let before = logLines.count
        let options = [
            "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "PreferredAuthentications=publickey",
            "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null",
            "ConnectTimeout=10", "LogLevel=ERROR", "ControlPath=none", "UpdateHostKeys=no",
        ]
        let command =
            ["ssh", "-F", "/dev/null", "-i", "\(folder)/\(key)", "-p", "\(port)"] + options.flatMap { ["-o", $0] }
            + ["\(login.name)@127.0.0.1", "id -un"]
        let result = try programs.run(command)
        let lines = logLines.dropFirst(before)
        // With more than one method asked for, the key alone is a part of the way.
        let isLetIn = lines.contains { line in
            ["Accepted publickey for \(login.name) ", "Partial publickey for \(login.name) "]
                .contains { line.contains($0) }
        }
        let said = result.outputText.trimmingCharacters(in: .whitespacesAndNewlines)
        return Attempt(
            isLetIn: isLetIn, ranAs: said == login.name ? said : nil,
            why: Self.reason(among: Array(lines)) ?? result.lastWords)
    }

    /// The line of the log that says why, as far as one does.
    private static func reason(among lines: [String]) -> String? {
        let telling = ["not allowed", "locked", "AuthorizedKeysCommand", "Unsafe", "bad ownership", "Failed publickey"]
        for words in telling {
            if let line = lines.first(where: { $0.contains(words) }) { return quoted(line) }
        }
        return lines.last.map { quoted($0) }
    }
}

/// What a trial login showed.
public struct TrialOutcome: Sendable, Equatable {
    /// Who logged in.
    public let login: String
    /// What `id -un` said there; `nil` where sshd ran something else.
    public let ranAs: String?
    /// What became of a key in the login's own authorized_keys.
    public let ownKeys: OwnKeys

    /// What becomes of a key in a login's own authorized_keys.
    public enum OwnKeys: String, Sendable {
        case refused
        /// As was asked for.
        case accepted
        /// It could not be tried here without touching the login's own files; `sshd -T` says that they do not count.
        case untried
    }
}

/// What went otherwise in a trial login.
public enum TrialFault: Error, Equatable, Sendable {
    /// The throw-away sshd did not start.
    case notStarted(String)
    /// Who should have been let in was not.
    case grantedRefused(String, String)
    /// A key in the login's own authorized_keys still counts.
    case ownKeyAccepted(String)
    /// The copy says something else than the configuration that it is of.
    case copyDiffers([String])
}
