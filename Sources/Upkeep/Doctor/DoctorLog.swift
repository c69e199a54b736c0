internal import Decision
internal import Encodings
internal import HostFiles
internal import Policy

extension HostFacts {
    /// As much room as a day of a busy host's log wants.
    private static let leastFree: Int64 = 1 << 20

    // MARK: - The log's file

    var logLines: [DoctorLine] {
        guard let settings else { return [] }
        guard let path = log.path else {
            return [
                DoctorLine(
                    .log, .logOff,
                    settings.log.isSyslogOn
                        ? "no file is kept; records go to syslog alone" : "nothing is recorded anywhere",
                    mend: "file = \"/var/log/pair/access.jsonl\" below [log] in \(shown(configurationPath))")
            ]
        }
        let name = shown(path.path)
        let user = logOwner
        guard let target = path.target else {
            guard path.end == .missing else { return [unseen(.log, "\(name) could not be looked at")] }
            return [
                DoctorLine(
                    .log, .logMissing, "\(name) is not there, and pair-authkeys never makes it: \(consequence)",
                    mend: "install -D -o \(user) -g adm -m 640 /dev/null \(name)")
            ]
        }
        var lines = folderLines(path)
        if target.kind != .regular {
            lines.append(
                DoctorLine(
                    .log, .logUnwritable, "\(name) is a \(target.kind.rawValue): \(consequence)",
                    mend: "rm \(name) && install -o \(user) -g adm -m 640 /dev/null \(name)"))
        } else if let user = commandUser, let obstacle = path.obstacle(for: user, bits: 0o2) {
            let isFile = !user.may(0o2, target)
            lines.append(
                DoctorLine(
                    .log, .logUnwritable,
                    "\(isFile ? "the user \(user.name) may not write \(name)" : obstacle.text): \(consequence)",
                    mend: isFile ? "chown \(user.name):adm \(name) && chmod 640 \(name)" : obstacle.mend))
        } else if target.mode & 0o002 != 0 {
            lines.append(
                DoctorLine(.log, .logUnwritable, "\(name) can be written by everybody", mend: "chmod 640 \(name)"))
        }
        lines += roomLines(of: name, settings)
        guard lines.isEmpty else { return lines }
        return [DoctorLine(.log, .ok, "\(name), \(log.size >> 10) KiB, \(user) may append")]
    }

    /// Whether more goes into it.
    private func roomLines(of name: String, _ settings: Configuration) -> [DoctorLine] {
        var lines: [DoctorLine] = []
        if log.isReadOnly {
            lines.append(
                DoctorLine(
                    .log, .logUnwritable, "the file system of \(name) is read-only: \(consequence)",
                    mend: "Mount it for writing, and see in the kernel's log why it is not."))
        } else if let free = log.free, free < Self.leastFree {
            lines.append(
                DoctorLine(
                    .log, .logFull, "the file system of \(name) is full (\(free >> 10) KiB free): \(consequence)",
                    mend: "Make room there; `du -x --max-depth=2` finds what takes it."))
        }
        if log.size >= settings.log.unverifiedCap {
            lines.append(
                DoctorLine(
                    .log, .logCapped,
                    "\(name) has reached unverified_cap: refusals of strangers, and faults, are not recorded",
                    mend: "Rotate it: logrotate --force /etc/logrotate.d/pair"))
        }
        return lines
    }

    /// Whose the log should be.
    private var logOwner: String {
        guard let user = commandUser, user.uid != 0 else { return Self.userName }
        return user.name
    }

    private var consequence: String {
        settings?.log.isRequired == true ? "nobody is let in ([log] required)" : "nothing is recorded"
    }

    /// The folders above the log: who can write there can put a link in its place, which rotation would follow as root.
    private func folderLines(_ path: PathFacts) -> [DoctorLine] {
        let folders = PathFacts(path.path, steps: path.steps.filter { $0.path != path.path })
        return folders.defects().map { defect in
            DoctorLine(
                .log, .logFolder, "\(defect.text): a link could take the log's place", mend: defect.mend)
        }
    }

    // MARK: - Rotation

    var rotationLines: [DoctorLine] {
        guard let settings, let path = log.path else { return [] }
        let name = shown(path.path)
        var lines = log.links.map { link in
            DoctorLine(
                .rotation, .rotationUnsafe,
                "\(shown(link)) is a link beside the log: nobody but root should be able to put it there",
                mend: "See where it leads, and rm \(shellQuoted(link))")
        }
        guard let rotation = log.rotation else {
            return lines + [
                DoctorLine(
                    .rotation, .rotationMissing,
                    "logrotate is told nothing about \(name), which grows to unverified_cap (\(settings.log.unverifiedCap >> 20) MiB)",
                    mend: "Install docs/logrotate.conf as /etc/logrotate.d/pair.")
            ]
        }
        func line(_ code: DoctorLine.Code, _ text: String, _ mend: String) {
            lines.append(DoctorLine(.rotation, code, "\(shown(rotation.place)): \(text)", mend: mend))
        }
        let words = rotation.directives.map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
        func directive(_ name: String) -> [String]? { words.last { $0.first == name } }
        let user = logOwner
        if let su = directive("su"), su.dropFirst().first != "root" {
            line(
                .rotationUnsafe,
                "su \(quoted(su.dropFirst().first ?? "")) rotates as whom the folder must not belong to", "Take su out."
            )
        }
        if directive("allowhardlink") != nil {
            line(.rotationUnsafe, "allowhardlink lets a link to another file be rotated", "Take allowhardlink out.")
        }
        if directive("copytruncate") != nil {
            line(
                .rotationCreates, "copytruncate loses what is recorded meanwhile",
                "create 0640 \(user) adm, without copytruncate")
        } else if let create = directive("create"), directive("nocreate") == nil {
            if create.count >= 3, create[2] != user {
                line(
                    .rotationCreates,
                    "the new log is made for \(quoted(create[2])): nothing is recorded after a rotation",
                    "create 0640 \(user) adm")
            }
        } else {
            line(
                .rotationCreates, "no new log is made: nothing is recorded after a rotation", "create 0640 \(user) adm")
        }
        guard lines.isEmpty else { return lines }
        return [DoctorLine(.rotation, .ok, "rotated by \(shown(rotation.place)), in a folder of root's")]
    }

    // MARK: - What happened

    /// Reasons that speak of the host, not of the person.
    private static let reasonsOfHost: [Reason] = [
        .keysetMissing, .keysetMalformed, .keysetFuture, .keysetStale, .kidUnknown, .iatFuture, .notYetValid, .deadline,
    ]

    var refusalLines: [DoctorLine] {
        guard settings != nil, log.path != nil else { return [] }
        if let why = record.unseen { return [unseen(.refusals, why)] }
        var lines: [DoctorLine] = []
        let option =
            configurationPath == HostFacts.standardConfiguration ? "" : " --config \(shellQuoted(configurationPath))"
        if !record.faults.isEmpty {
            lines.append(
                DoctorLine(
                    .refusals, .faults,
                    "faults of this host in the last 24 h: \(tallied(record.faults))",
                    mend: "pair access-log\(option) --since 24h --decision fault"))
        }
        let ours = record.refused.filter { tally in
            Self.reasonsOfHost.contains { Text($0.rawValue) == Text(tally.reason) }
        }
        if !ours.isEmpty {
            lines.append(
                DoctorLine(
                    .refusals, .hostRefuses,
                    "refused in the last 24 h for what this host should mend: \(tallied(ours))",
                    mend: "pair host explain\(option)"))
        }
        let total = record.refused.reduce(0) { $0 + $1.count }
        let refused = total == 0 ? "none refused" : "\(total) refused: \(tallied(record.refused))"
        guard lines.isEmpty else { return lines }
        return [DoctorLine(.refusals, .ok, "in the last 24 h \(record.accepted) accepted, \(refused)")]
    }

    private func tallied(_ tallies: [RecordFacts.Tally]) -> String {
        listed(tallies.map { "\(quotedIfNeeded($0.reason)) \($0.count)" }, atMost: 5)
    }

    // MARK: - Open sessions

    var sessionLines: [DoctorLine] {
        guard settings != nil, log.path != nil else { return [] }
        if let sessionsUnseen { return [unseen(.sessions, sessionsUnseen)] }
        let lines = sessions.compactMap(line)
        guard lines.isEmpty else { return lines }
        return [
            DoctorLine(
                .sessions, .ok,
                sessionCount == 0
                    ? "no session is open"
                    : "\(sessionCount) session\(sessionCount == 1 ? "" : "s") open, none of somebody who is out as far as the log tells"
            )
        ]
    }

    private func line(_ session: SessionFacts) -> DoctorLine? {
        let out = session.people.filter(\.standing.isOut)
        guard let first = out.first, case .refused(let reason, let detail) = first.standing else { return nil }
        let what =
            "the session of process \(session.process), as \(quotedIfNeeded(session.login)) since \(session.began.rfc3339)"
        let end = "Ask them, or: kill \(session.process)"
        guard out.count == session.people.count, out.count == 1 else {
            let others = session.people.count - 1
            return DoctorLine(
                .sessions, .sessionUncertain,
                "\(what), may be \(first.name)'s, who would be refused now (\(reason.rawValue): \(detail)); the log has "
                    + "\(others) other\(others == 1 ? "" : "s") accepted then",
                mend:
                    "Compare sshd's log, `Accepted publickey` and its fingerprint, with `pair access-log`; then: kill \(session.process)"
            )
        }
        return DoctorLine(
            .sessions, .sessionOfRemoved,
            "\(what), is \(first.name)'s by the log, who would be refused now (\(reason.rawValue): \(detail))",
            mend: end)
    }
}
