import Encodings
import Foundation
import HostFiles
import Policy
import Upkeep

extension HostExamination {
    // MARK: - What starts a refresh

    func schedule() -> ScheduleFacts {
        var facts = ScheduleFacts()
        facts.isSystemdRunning = FileManager.default.fileExists(atPath: "/run/systemd/system")
        facts.timer = unit("pair-refresh.timer", wantedBy: "timers.target", facts.isSystemdRunning)
        facts.path = unit("pair-refresh.path", wantedBy: "paths.target", facts.isSystemdRunning)
        let tables =
            ["/etc/crontab"] + systemNames("/etc/cron.d").map { "/etc/cron.d/\($0)" } + [
                "/var/spool/cron/crontabs/root"
            ]
        for table in tables {
            for line in CronLine.all(in: systemFile(table) ?? []) {
                facts.cron.append("\(table):\(line.number)")
                facts.isCronWatching = facts.isCronWatching || line.isWatching
            }
        }
        facts.wanted = PathFacts(lookingAt: "/run/pair/refresh-wanted")
        return facts
    }

    private func unit(_ name: String, wantedBy target: String, _ isSystemdRunning: Bool) -> ScheduleFacts.Unit {
        if isSystemdRunning {
            if (try? programs.run(["systemctl", "is-active", "--quiet", name]))?.status == 0 { return .active }
            if (try? programs.run(["systemctl", "is-enabled", "--quiet", name]))?.status == 0 { return .enabled }
        } else if FileManager.default.fileExists(atPath: "/etc/systemd/system/\(target).wants/\(name)") {
            return .enabled
        }
        let folders = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"]
        return folders.contains { FileManager.default.fileExists(atPath: "\($0)/\(name)") } ? .disabled : .missing
    }

    /// `pair-policy-watch.service`; `nil` where systemd does not say.
    func watch() -> WatchFacts? {
        let show = ["systemctl", "show", WatchFacts.unit] + WatchFacts.properties.map { "--property=\($0)" }
        guard let shown = try? programs.run(show), shown.status == 0 else { return nil }
        return WatchFacts(service: WatchFacts.service(shown: shown.outputText), lastWord: lastWordOfWatch())
    }

    private func lastWordOfWatch() -> WatchFacts.Word? {
        let command = [
            "journalctl", "--quiet", "--unit=\(WatchFacts.unit)", "--output=json", "--lines=1", "--boot",
            "SYSLOG_IDENTIFIER=pair", "--grep=^pair: ",
        ]
        guard let told = try? programs.run(command), told.status == 0,
            let entry = (try? JSON(parsing: told.output.filter { $0 != 0x0A }))?.object,
            let text = entry["MESSAGE"]?.text?.string,
            let microseconds = entry["__REALTIME_TIMESTAMP"]?.text.flatMap({ Int64($0.string) })
        else { return nil }
        let time = UnixTime(seconds: microseconds / 1_000_000)
        return WatchFacts.Word(text, at: time, isWell: WatchLine.isWell(text))
    }

    // MARK: - The log

    func log(of settings: Configuration) -> LogFacts {
        var facts = LogFacts()
        guard let file = settings.log.file else { return facts }
        let written = URL(fileURLWithPath: settings.resolve(file))
        // Links above it are followed, as by pair-authkeys; one in its place is not.
        let folder = PathFacts(resolving: written.deletingLastPathComponent().path).path
        let path = PathFacts(lookingAt: "\(folder)/\(written.lastPathComponent)")
        facts.path = path
        let attributes = try? FileManager.default.attributesOfItem(atPath: path.path)
        facts.size = (attributes?[.size] as? NSNumber)?.int64Value ?? 0
        let space = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        facts.free = (space?[.systemFreeSize] as? NSNumber)?.int64Value
        facts.isReadOnly = isReadOnly(path.path, mounts: systemFile("/proc/self/mounts") ?? [])
        facts.links = systemNames(folder).filter { $0.hasPrefix(written.lastPathComponent + ".") }
            .map { "\(folder)/\($0)" }.filter { PathFacts(lookingAt: $0).target?.kind == .symbolicLink }
        let tables = ["/etc/logrotate.conf"] + systemNames("/etc/logrotate.d").map { "/etc/logrotate.d/\($0)" }
        facts.rotation = RotationFacts.find(
            path.path, in: tables.compactMap { name in systemFile(name).map { (name, $0) } })
        return facts
    }

    // MARK: - SELinux and AppArmor

    func security(for program: String) -> SecurityFacts {
        var facts = SecurityFacts()
        if let enforced = systemFile("/sys/fs/selinux/enforce") {
            facts.isSELinuxEnforcing = enforced.first == UInt8(ascii: "1")
            let label = (try? programs.run(["stat", "-c", "%C", "--", program]))?.outputText
            facts.label = label.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        }
        let profiles = systemFile("/sys/kernel/security/apparmor/profiles") ?? []
        facts.profiles = String(decoding: profiles, as: UTF8.self).split(separator: "\n").compactMap { line in
            guard line.hasSuffix(" (enforce)"), let name = line.split(separator: " ").first else { return nil }
            let isConcerned = name == "sshd" || name.hasSuffix("/sshd") || name.contains("pair-authkeys")
            return isConcerned ? String(name) : nil
        }
        facts.isProgramAllowed = ["local/usr.sbin.sshd", "local/sshd", "usr.sbin.sshd", "sshd"].contains { name in
            let text = String(decoding: systemFile("/etc/apparmor.d/\(name)") ?? [], as: UTF8.self)
            return text.split(separator: "\n").contains { !$0.hasPrefix("#") && $0.contains(program) }
        }
        return facts
    }

    // MARK: - An answer

    /// A key of nobody's: its private half was never kept.
    private static let strayKey = "AAAAC3NzaC1lZDI1NTE5AAAAIOCs9rN412VNXOXIAFNF0ADl7PsFXc0P24DacEO8qR62"

    func answer(
        by program: ProgramFacts?, as user: UserFacts?, for login: String?, _ users: [String: UserFacts]
    ) -> AnswerFacts? {
        guard let program, program.isRootsAlone else { return nil }
        let login = login.flatMap { users[$0] } ?? users["root"]
        var command = [program.path.path, "--user", login?.name ?? "root"]
        if let uid = login?.uid { command += ["--uid", "\(uid)"] }
        command += ["--key", Self.strayKey, "--type", "ssh-ed25519", "--config", configurationPath, "--json"]
        // As sshd does: root could read what the program's user may not.
        let isAsUser = isRoot && user != nil
        if isAsUser, let user {
            command =
                ["setpriv", "--reuid=\(user.uid)", "--regid=\(user.gid)", "--clear-groups", "--no-new-privs"] + command
        }
        let start = ContinuousClock.now
        let name = isAsUser ? user?.name : nil
        do throws(ProgramFault) {
            let told = try programs.run(command)
            let took = ContinuousClock.now - start
            let json = (try? JSON(parsing: told.output.filter { $0 != 0x0A }))?.object
            return AnswerFacts(
                user: name, reason: json?["reason"]?.text?.string,
                detail: json?["detail"]?.text.map { printable($0) } ?? "status \(told.status), \(told.lastWords)",
                took: took)
        } catch {
            return AnswerFacts(user: name, reason: nil, detail: "\(error)", took: ContinuousClock.now - start)
        }
    }

    /// What our own program says, unless something is in it that a terminal would obey.
    private func printable(_ text: Text) -> String { text.hasControls ? quoted(text, limit: 400) : text.string }
}
