internal import Administration
internal import Encodings
internal import HostFiles
internal import Policy

extension Diagnosis {
    /// What a host's facts come to.
    public init(of facts: HostFacts) {
        self.init(DoctorLine.Check.allCases.flatMap { facts.lines(of: $0) })
    }
}

extension HostFacts {
    /// What there is to say about `check`; nothing where it was left out.
    func lines(of check: DoctorLine.Check) -> [DoctorLine] {
        switch check {
        case .configuration: configurationLines
        case .program: programs.flatMap(lines)
        case .user: commandUserLines
        case .sshd: sshdLines
        case .command: commandLines
        case .keysFile: keysFileLines
        case .files: fileLines
        case .policy: appliedLines + policyLines
        case .logins: loginLines
        case .provider: providers.compactMap(providerLine)
        case .keySet: keySetLines
        case .clock: clockLines
        case .refresh: refreshLines + watchLines
        case .log: logLines
        case .rotation: rotationLines
        case .security: securityLines
        case .answer: answerLines
        case .refusals: refusalLines
        case .sessions: sessionLines
        }
    }

    /// pair.toml, where it can be used.
    var settings: Configuration? { try? configuration.get() }

    /// The user that sshd is told to run the program as, else the one that it should be.
    var commandUser: UserFacts? {
        let named = sshd.effective.lazy.compactMap(\.settings.authorizedKeysCommandUser).first?.string
        return (named.flatMap { commandUsers[$0] } ?? nil) ?? (commandUsers[Self.userName] ?? nil)
    }

    // MARK: - pair.toml

    private var configurationLines: [DoctorLine] {
        switch configuration {
        case .success(let settings):
            let providers = settings.providers.map(\.name).joined(separator: ", ")
            return [
                DoctorLine(
                    .configuration, .ok,
                    "\(shown(configurationPath)): Space \(settings.space)"
                        + (providers.isEmpty
                            ? "" : ", provider\(settings.providers.count == 1 ? "" : "s") \(providers)"))
            ]
        case .failure(let fault):
            if !isRoot, case .file(.system) = fault {
                return [unseen(.configuration, "\(fault)")]
            }
            return [
                DoctorLine(.configuration, .configurationUnusable, "\(fault): nobody is let in", mend: fault.mend)
            ]
        }
    }

    func unseen(_ check: DoctorLine.Check, _ text: String) -> DoctorLine {
        DoctorLine(check, .unseen, text, mend: isRoot ? nil : "Run it as root.")
    }

    // MARK: - The program and its user

    private func lines(of program: ProgramFacts) -> [DoctorLine] {
        let path = shown(program.path.path)
        switch program.path.end {
        case .missing:
            return [
                DoctorLine(
                    .program, .programMissing, "\(path) is not there: nobody is let in",
                    mend: "Install pair, or correct AuthorizedKeysCommand.")
            ]
        case .forbidden: return [unseen(.program, "\(path) could not be looked at")]
        case .found: break
        }
        var lines = program.path.defects(followingLinks: true).map { defect in
            DoctorLine(
                .program, .programUnsafe, "\(defect.text): sshd refuses to run \(path)", mend: defect.mend)
        }
        if let target = program.path.target, target.kind != .regular || target.mode & 0o111 == 0 {
            lines.append(
                DoctorLine(
                    .program, .programNotExecutable, "\(path) is no program that can be run", mend: "chmod 755 \(path)")
            )
        } else if let user = commandUser, let obstacle = program.path.obstacle(for: user, bits: 0o1) {
            lines.append(DoctorLine(.program, .programNotExecutable, obstacle.text, mend: obstacle.mend))
        }
        if let version = program.version, version != ownVersion {
            lines.append(
                DoctorLine(
                    .program, .programVersion, "\(path) is version \(quoted(version)), pair is \(ownVersion)",
                    mend: "Install both programs from one package."))
        }
        if lines.isEmpty {
            lines = [
                DoctorLine(
                    .program, .ok,
                    "\(path)\(program.version.map { " \($0)" } ?? ""), root's alone, as are the folders above it")
            ]
        }
        return lines
    }

    private var commandUserLines: [DoctorLine] {
        commandUsers.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.flatMap {
            name, user -> [DoctorLine] in
            guard let user else {
                return [
                    DoctorLine(
                        .user, .userMissing, "there is no user \(quoted(name)): sshd cannot run pair-authkeys",
                        mend: "useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "
                            + shellQuoted(name))
                ]
            }
            guard user.uid != 0 else {
                return [
                    DoctorLine(
                        .user, .userIsRoot, "pair-authkeys runs as \(name), who is root: it parses bytes of strangers",
                        mend: "AuthorizedKeysCommandUser \(Self.userName)")
                ]
            }
            guard user.hasNoShell else {
                return [
                    DoctorLine(
                        .user, .userHasShell, "the user \(name) has the shell \(shown(user.shell))",
                        mend: "usermod --shell /usr/sbin/nologin \(shellQuoted(name))")
                ]
            }
            return [DoctorLine(.user, .ok, "the user \(name) is there, without a shell")]
        }
    }

    // MARK: - Files and policy

    private var fileLines: [DoctorLine] {
        var lines: [DoctorLine] = []
        // Folders that several files have in common are told once.
        var told: Set<String> = []
        for file in files {
            let path = shown(file.path.path)
            for defect in file.path.defects() where told.insert(defect.text).inserted {
                lines.append(DoctorLine(.files, .fileUnsafe, "\(defect.text): nobody is let in", mend: defect.mend))
            }
            switch file.path.end {
            case .missing where file.isNeeded:
                lines.append(
                    DoctorLine(
                        .files, .fileMissing, "\(path) is not there, though pair.toml names it",
                        mend: "Create it, or correct the path in pair.toml."))
            case .missing: break
            case .forbidden:
                if told.insert("unseen").inserted { lines.append(unseen(.files, "\(path) could not be looked at")) }
            case .found:
                if let kind = file.path.target?.kind, kind != .regular, kind != .symbolicLink {
                    lines.append(
                        DoctorLine(
                            .files, .fileUnsafe, "\(path) is a \(kind.rawValue)", mend: "put the file itself at \(path)"
                        ))
                }
                if let user = commandUser, let obstacle = file.path.obstacle(for: user),
                    told.insert(obstacle.text).inserted
                {
                    lines.append(
                        DoctorLine(.files, .fileUnreadable, "\(obstacle.text): nobody is let in", mend: obstacle.mend))
                }
            }
        }
        guard lines.isEmpty, !files.isEmpty else { return lines }
        let count = files.count { $0.path.end == .found }
        return [
            DoctorLine(
                .files, .ok,
                "\(count) file\(count == 1 ? "" : "s") to decide by, and all folders above, are root's alone")
        ]
    }

    /// What other lines of a doctor's say.
    private static let toldElsewhere = [
        "file", "file-unreadable", "judged-as-yours", "login-unknown", "service-login-unknown", "users-unknown",
    ]

    private var policyLines: [DoctorLine] {
        guard settings != nil else { return [] }
        let findings = findings.filter { !Self.toldElsewhere.contains($0.reason.code) }
        let errors = findings.filter { $0.severity == .error }
        let warnings = findings.filter { $0.severity == .warning }
        let counted = [(errors.count, "error"), (warnings.count, "warning")].filter { $0.0 > 0 }
            .map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(separator: ", ")
        let first = (errors + warnings).prefix(3).map { finding in
            "\(shown(finding.file))\(finding.line.map { ":\($0)" } ?? ""): \(finding.reason)"
        }
        guard let code: DoctorLine.Code = errors.isEmpty ? warnings.isEmpty ? nil : .policyWarnings : .policyErrors
        else {
            let notes = findings.count { $0.severity == .note }
            return [
                DoctorLine(
                    .policy, .ok,
                    "members, accounts and revoked are in order"
                        + (notes == 0 ? "" : "; `pair spaces check` has \(notes) to note"))
            ]
        }
        return [DoctorLine(.policy, code, counted, details: first, mend: "pair spaces check" + configurationOption)]
    }

    /// `--config …` for a command, where pair.toml is not where it is looked for.
    var configurationOption: String {
        configurationPath == HostFacts.standardConfiguration ? "" : " --config \(shellQuoted(configurationPath))"
    }

    // MARK: - Logins

    private var loginLines: [DoctorLine] {
        var lines: [DoctorLine] = []
        for login in logins where login.isGranted {
            lines += self.lines(of: login)
        }
        if loginsLeftOut > 0 {
            lines.append(
                DoctorLine(
                    .logins, .unseen, "\(loginsLeftOut) more logins are granted, and were not looked at",
                    mend: "pair host doctor --login NAME looks at one that you name, --login again at more."))
        }
        let granted = logins.filter(\.isGranted).map { quotedIfNeeded($0.name) }
        guard lines.isEmpty, settings != nil else { return lines }
        guard !granted.isEmpty else { return [DoctorLine(.logins, .ok, "no login is granted by its name")] }
        return [DoctorLine(.logins, .ok, "\(listed(granted)): there, with a shell, not locked")]
    }

    private func lines(of login: LoginFacts) -> [DoctorLine] {
        let name = quotedIfNeeded(login.name)
        let word = shellQuoted(login.name)
        guard let user = login.user else {
            return [
                DoctorLine(
                    .logins, .loginUnknown, "\(name) is granted, and this machine has no such user",
                    mend: "useradd --create-home --shell /bin/bash --password '*' \(word)")
            ]
        }
        var lines: [DoctorLine] = []
        if !login.hasShell {
            lines.append(
                DoctorLine(
                    .logins, .loginShellMissing,
                    "\(name): the shell \(shown(user.shell)) cannot be run, so sshd refuses",
                    mend: "usermod --shell /bin/bash \(word)"))
        } else if user.hasNoShell {
            lines.append(
                DoctorLine(
                    .logins, .loginNoLogin, "\(name): the shell is \(shown(user.shell)), so a session ends at once",
                    mend: "usermod --shell /bin/bash \(word)"))
        }
        let isPAM = sshd.effective.first { $0.login == login.name }?.settings.value(of: "usepam") == "yes"
        if let shadow = login.shadow {
            if shadow.isLocked, !isPAM, sshd.state == .asked {
                lines.append(
                    DoctorLine(
                        .logins, .loginLocked, "\(name) is locked (! in shadow), and with UsePAM no sshd refuses it",
                        mend: "usermod --password '*' \(word)"))
            }
            if let day = shadow.expires, day >= 0, now >= UnixTime(seconds: min(day, 1 << 40) * 86400) {
                lines.append(
                    DoctorLine(
                        .logins, .loginExpired,
                        "\(name): the account is over since day \(day) of shadow, so it is refused",
                        mend: "chage --expiredate -1 \(word)"))
            }
        }
        return lines
    }
}

/// A word of a message as it is where it is plain, else quoted.
func quotedIfNeeded(_ text: String) -> String { shown(text) }

/// The first few of a list, and how many more there are.
func listed(_ words: [String], atMost limit: Int = 6) -> String {
    let more = words.count - limit
    return words.prefix(limit).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
}

/// A word as a shell reads it back: as it is where it is plain, else in single quotes; nothing in it draws on a terminal.
func shellQuoted(_ text: String) -> String {
    if shown(text) == text { return text }
    let quote = UInt8(ascii: "'")
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
        // As bash and zsh have it, and POSIX since 2024.
        let bytes = text.utf8.map { byte in
            let isPlain = byte >= 0x20 && byte < 0x7F && byte != quote && byte != UInt8(ascii: "\\")
            return isPlain ? String(UnicodeScalar(byte)) : "\\x" + hex([byte])
        }
        return "$'" + bytes.joined() + "'"
    }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
