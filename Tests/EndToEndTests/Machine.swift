// A machine of its own for one test, as far as files go: what is done to /etc, /var, /run, /home and /usr/local is seen by
// programs run on it alone, and gone with it. Users, sshd and what it asks are real.

import Foundation
import Testing

/// A mount namespace with overlays over the folders that a host's set-up touches.
final class Machine: Sendable {
    private let holder: Running
    private let process: pid_t
    let port: Int
    let lab: Lab
    private let folder: String

    /// `$1` is a folder of the test's own, `$2` and `$3` the programs under test.
    private static let script = """
        set -e
        mount -t tmpfs -o mode=755 pair-machine /mnt
        for each in etc var run home root usr/local; do
            name=$(echo "$each" | tr / _)
            mkdir "/mnt/$name.new" "/mnt/$name.work"
            mount -t overlay -o "lowerdir=/$each,upperdir=/mnt/$name.new,workdir=/mnt/$name.work" machine "/$each"
        done
        rm -rf /run/pair /run/sshd.pid /etc/pair /var/lib/pair /var/cache/pair /var/log/pair
        mkdir -p /run/sshd
        install -m 755 "$2" /usr/local/bin/pair
        install -m 755 "$3" /usr/local/bin/pair-authkeys
        # Its number stays taken: on the machine there may be processes of its, which userdel would mind.
        sed -i 's/^_pair:/_pair-there:/' /etc/passwd /etc/group /etc/shadow /etc/gshadow
        useradd --create-home --shell /bin/bash --password '*' deploy
        useradd --create-home --shell /bin/bash --password '*' other
        rm -f /etc/*- /etc/.pwd.lock
        echo $$ >"$1/pid.new"
        mv "$1/pid.new" "$1/pid"
        exec sleep 60
        """

    init(_ lab: Lab) async throws {
        self.lab = lab
        folder = "\(lab.folder)/machine-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        holder = try Running(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", Self.script, "sh", folder]
                + [Lab.peoplesProgram, Lab.program])
        let (folder, holder) = (folder, holder)
        let text = try await awaited { try? String(contentsOfFile: "\(folder)/pid", encoding: .utf8) }
        process = try #require(
            pid_t(text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""), "\(holder.said)")
        port = try await lab.freePort()
        try await write(
            "Port \(port)\nListenAddress 127.0.0.1:\(port)\nLogLevel VERBOSE\n",
            to: "/etc/ssh/sshd_config.d/50-port.conf")
        try await Self.succeed(run("ssh-keygen", "-A"))
    }

    deinit {
        // Where a test failed, its sshd may still run; the file is the machine's own.
        let pidFile = "/proc/\(process)/root/run/sshd.pid"
        let text = (try? String(contentsOfFile: pidFile, encoding: .utf8)) ?? ""
        if let sshd = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), sshd > 1 { kill(sshd, SIGTERM) }
        kill(process, SIGKILL)
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Programs

    func run(_ command: String...) async throws -> Command { try await run(command) }

    func run(_ command: [String]) async throws -> Command {
        try await Command.run(["nsenter", "--mount", "--target", "\(process)", "--"] + command)
    }

    func start(_ command: [String], isTypedTo: Bool = false) throws -> Running {
        try Running(["nsenter", "--mount", "--target", "\(process)", "--"] + command, isTypedTo: isTypedTo)
    }

    /// Runs lines of shell, which must succeed.
    @discardableResult func shell(_ script: String) async throws -> String {
        try await Self.succeed(run("sh", "-ec", script)).output
    }

    @discardableResult private static func succeed(_ command: Command) throws -> Command {
        guard command.status == 0 else { throw CommandFailed(command: command) }
        return command
    }

    func write(_ text: String, to path: String) async throws {
        let source = "\(folder)/\(UUID())"
        try text.write(toFile: source, atomically: false, encoding: .utf8)
        try await shell("install -D -m 644 \(source) \(path)")
    }

    func contents(of path: String) async throws -> String { try await shell("cat \(path)") }

    // MARK: Set-up

    /// `pair host setup` with all that it needs, and `more`.
    func setUp(_ more: String..., member: String = "alice@example.org", login: String = "deploy") async throws
        -> Command
    {
        try await run(setUpCommand(member: member, login: login) + more)
    }

    func setUpCommand(member: String = "alice@example.org", login: String = "deploy") -> [String] {
        [
            "pair", "host", "setup", "--issuer", lab.issuer, "--client-id", "pair-cli", "--provider", "lab", "--member",
            member, "--login", login,
        ]
    }

    /// Everything that set-up could touch: kind, mode, owner, path, and a digest of each file.
    func listing() async throws -> [String] {
        try await shell(
            """
            for each in /etc /var/lib/pair /var/cache/pair /var/log/pair /run/pair /run/sshd /home/deploy; do
                find "$each" ! -name '*-' ! -name .pwd.lock -printf '%y %m %u:%g %p\\n' 2>/dev/null || true
            done | sort
            find /etc/pair /etc/ssh /etc/cron.d /etc/tmpfiles.d /etc/passwd /etc/group /etc/shadow /home/deploy \\
                /var/lib/pair/setup.json -type f -exec sha256sum {} + 2>/dev/null | sort -k 2
            """
        ).split(separator: "\n").map(String.init)
    }

    // MARK: sshd

    /// Starts the machine's own sshd, as its configuration says.
    func startSSHD() async throws {
        try await shell("/usr/sbin/sshd -E /run/sshd.log")
        let pid = try await awaited { try? await self.shell("cat /run/sshd.pid 2>/dev/null") }
        _ = try #require(pid, "sshd has not started")
    }

    func stopSSHD() async throws { _ = try await run("sh", "-c", "kill $(cat /run/sshd.pid) 2>/dev/null") }

    /// Logs in as `login` with a key, to the machine's own sshd.
    func login(with keys: Keys, as login: String = "deploy") async throws -> Command {
        let options = [
            "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "PreferredAuthentications=publickey",
            "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
        ]
        return try await Command.run(
            ["ssh", "-F", "/dev/null", "-i", keys.path, "-p", "\(port)"] + options.flatMap { ["-o", $0] }
                + ["\(login)@127.0.0.1", "id -un"])
    }

    /// Puts a key into a file, for a login.
    func authorize(_ keys: Keys, in file: String, owner: String) async throws {
        try await shell(
            """
            install -d -m 700 -o \(owner) -g \(owner) $(dirname \(file))
            install -m 600 -o \(owner) -g \(owner) \(keys.publicPath) \(file)
            """)
    }
}
