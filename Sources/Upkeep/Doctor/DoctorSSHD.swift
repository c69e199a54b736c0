public import Encodings
internal import HostFiles
internal import Policy

/// The command line by which sshd is told to run a program, tokens and all.
public struct KeysCommand: Sendable, Equatable {
    /// The words, the program first.
    public let words: [String]

    /// The command that a value of AuthorizedKeysCommand is.
    public init(_ value: Text) { words = sshdWords(Array(value.utf8)[...]).map(\.string) }

    /// The program's path.
    public var program: String { words.first ?? "" }

    /// Whether it is ours.
    public var isOurs: Bool {
        program.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) }
            == "pair-authkeys"
    }

    /// What stands behind a flag; `nil` where it is not there.
    public func value(of flag: String) -> String? {
        guard let index = words.firstIndex(of: flag), index + 1 < words.count else { return nil }
        return words[index + 1]
    }

    /// The letters of its tokens.
    var tokens: [Character] {
        words.flatMap { word -> [Character] in
            var letters: [Character] = []
            var rest = Substring(word)
            while let sign = rest.firstIndex(of: "%") {
                rest = rest[rest.index(after: sign)...]
                if let letter = rest.popFirst() { letters.append(letter) }
            }
            return letters
        }
    }
}

extension HostFacts {
    /// What AuthorizedKeysCommand should be, as README and set-up have it.
    var rightCommand: String {
        let program = programs.first { KeysCommand(Text($0.path.path)).isOurs }?.path.path ?? "/usr/bin/pair-authkeys"
        return "AuthorizedKeysCommand \(program) --user %u --uid %U --key %k --type %t\(configurationOption)"
    }

    // MARK: - sshd itself

    var sshdLines: [DoctorLine] {
        switch sshd.state {
        case .unseen(let text): return [unseen(.sshd, text)]
        case .unusable(.program(let fault)):
            let mend = SSHDFault.program(fault).advice
            return [DoctorLine(.sshd, .sshdMissing, "sshd does not run: \(fault)", mend: mend)]
        case .unusable(let fault):
            return [DoctorLine(.sshd, .sshdConfiguration, "\(fault)", mend: fault.advice)]
        case .asked: break
        }
        var lines = versionLines + keptOutLines
        for (value, logins) in grouped({ $0.trustedUserCAKeys }) {
            lines.append(
                DoctorLine(
                    .sshd, .sshdOtherCA,
                    "certificates of the CAs in \(shown(value.string)) enter as \(listed(logins)) past pair"
                        + place(of: "trustedusercakeys", value),
                    mend: "Take TrustedUserCAKeys out, or add the CAs with `pair accounts add-ca`."))
        }
        let off = sshd.effective.filter { !$0.settings.allowsKeys }.map(\.login)
        if !off.isEmpty {
            lines.append(
                DoctorLine(
                    .sshd, .sshdPublicKeysOff,
                    "sshd takes no keys for \(listed(off))" + place(of: "pubkeyauthentication", "no"),
                    mend: "PubkeyAuthentication yes"))
        }
        guard lines.isEmpty else { return lines }
        return [
            DoctorLine(.sshd, .ok, "OpenSSH \(sshd.version?.description ?? "") knows all that pair.toml asks of it")
        ]
    }

    private var versionLines: [DoctorLine] {
        guard let version = sshd.version else {
            return [
                DoctorLine(
                    .sshd, .sshdVersionUnknown, "sshd does not say its version, so what it knows is not known",
                    mend: "See that `sshd -V` is OpenSSH's.")
            ]
        }
        guard version.hasRestrict else {
            return [
                DoctorLine(
                    .sshd, .sshdTooOld, "OpenSSH \(version) does not know `restrict`, so that no line of ours holds",
                    mend: "Install OpenSSH 7.7 or later.")
            ]
        }
        guard let style = settings?.expiryTime, !version.understands(style) else { return [] }
        return [
            DoctorLine(
                .sshd, .sshdTooOld,
                "OpenSSH \(version) does not take `[line] expiry_time = \"\(style.rawValue)\"`: the line is void, nobody is let in",
                mend: "expiry_time = \"\(version.expiryTime.rawValue)\" below [line] in \(shown(configurationPath))")
        ]
    }

    /// Logins that sshd turns away before it asks for keys.
    private var keptOutLines: [DoctorLine] {
        var lines: [DoctorLine] = []
        for one in sshd.effective where isGranted(one.login) {
            let name = quotedIfNeeded(one.login)
            let allowed = one.settings.values(of: "allowusers")
            if !allowed.isEmpty, !allowed.contains(where: { matches(one.login, $0) }) {
                lines.append(keptOut("AllowUsers leaves \(name) out", "AllowUsers \(one.login)"))
            }
            if one.settings.values(of: "denyusers").contains(where: { matches(one.login, $0) }) {
                lines.append(keptOut("DenyUsers names \(name)", "Take it out of DenyUsers."))
            }
            if one.login == "root", one.settings.value(of: "permitrootlogin") == "no" {
                lines.append(keptOut("root is granted, and PermitRootLogin is no", "PermitRootLogin prohibit-password"))
            }
            if let methods = one.settings.value(of: "authenticationmethods"), methods != "any",
                !methods.string.contains("publickey")
            {
                lines.append(
                    keptOut("AuthenticationMethods for \(name) has no publickey", "AuthenticationMethods publickey"))
            }
        }
        return lines
    }

    private func keptOut(_ text: String, _ mend: String) -> DoctorLine {
        DoctorLine(.sshd, .sshdLoginKeptOut, "\(text): sshd refuses", mend: mend)
    }

    /// Whether a pattern of AllowUsers means a login from anywhere; sshd prints one a line.
    private func matches(_ login: String, _ pattern: Text) -> Bool {
        let user = pattern.utf8.prefix { $0 != UInt8(ascii: "@") }
        return SSHDPattern.Component(bytes: Array(user)).matches(login)
    }

    private func isGranted(_ login: String) -> Bool { logins.contains { $0.name == login && $0.isGranted } }

    /// The logins that have each value of something, in the order of the logins.
    private func grouped(_ value: (SSHDSettings) -> Text?) -> [(Text, [String])] {
        var groups: [(Text, [String])] = []
        for one in sshd.effective {
            guard let value = value(one.settings) else { continue }
            if let index = groups.firstIndex(where: { $0.0 == value }) {
                groups[index].1.append(one.login)
            } else {
                groups.append((value, [one.login]))
            }
        }
        return groups
    }

    /// ` (file:line)`, nothing where that is not known.
    private func place(of keyword: Text, _ value: Text) -> String {
        guard let setting = sshd.configuration?.origin(of: keyword, value: value) else { return "" }
        let match = setting.conditions.last.map { ", Match \($0.string)" } ?? ""
        return " (\(shown(setting.file)):\(setting.line)\(match.isEmpty ? "" : quotedIfControls(match)))"
    }

    private func quotedIfControls(_ text: String) -> String { Text(text).hasControls ? quoted(text) : text }

    // MARK: - AuthorizedKeysCommand

    var commandLines: [DoctorLine] {
        guard sshd.state == .asked else { return [] }
        // Root is asked for in any case, and matters here where somebody may become it.
        let granted = sshd.effective.filter { isGranted($0.login) }
        let looked = granted.isEmpty ? sshd.effective : granted
        var lines: [DoctorLine] = []
        let without = looked.filter { $0.settings.authorizedKeysCommand == nil }.map(\.login)
        if !without.isEmpty { lines.append(missingCommand(for: without)) }
        for (value, logins) in grouped({ $0.authorizedKeysCommand }) {
            let logins = logins.filter { login in looked.contains { $0.login == login } }
            guard !logins.isEmpty else { continue }
            let command = KeysCommand(value)
            lines += command.isOurs ? self.lines(of: command, value, logins) : [displaced(value, logins)]
        }
        for (user, logins) in grouped({ $0.authorizedKeysCommandUser }) where user != Text(Self.userName) {
            let logins = logins.filter { login in looked.contains { $0.login == login && $0.runsOurs } }
            guard !logins.isEmpty, user != "root" else { continue }
            lines.append(
                DoctorLine(
                    .command, .commandUser,
                    "AuthorizedKeysCommandUser is \(quotedIfNeeded(user.string)) for \(listed(logins)), who may not write the log"
                        + place(of: "authorizedkeyscommanduser", user),
                    mend: "AuthorizedKeysCommandUser \(Self.userName)"))
        }
        guard lines.isEmpty else { return lines }
        let names = looked.map { quotedIfNeeded($0.login) }
        let value = looked.first?.settings.authorizedKeysCommand ?? ""
        return [
            DoctorLine(
                .command, .ok,
                "pair-authkeys is asked for \(listed(names))" + place(of: "authorizedkeyscommand", value))
        ]
    }

    /// Where the command stands that sshd should run, and does not.
    private var oursElsewhere: String {
        let ours = sshd.configuration?.settings(of: "authorizedkeyscommand").first { KeysCommand($0.value).isOurs }
        guard let ours else { return "" }
        let match =
            ours.conditions.isEmpty ? "" : ", for Match \(quotedIfControls(ours.conditions.last?.string ?? "")) alone"
        return "; ours stands in \(shown(ours.file)):\(ours.line)\(match)"
    }

    private func missingCommand(for logins: [String]) -> DoctorLine {
        let user = shown(HostFacts.userName)
        return DoctorLine(
            .command, .commandMissing,
            "sshd asks no command about \(listed(logins.map(quotedIfNeeded))): no Keys are let in\(oursElsewhere)",
            mend: "pair host setup; or in \(firstDropIn): \(rightCommand); AuthorizedKeysCommandUser \(user)")
    }

    /// A file that is read before every other.
    private var firstDropIn: String { "/etc/ssh/sshd_config.d/10-pair.conf" }

    private func displaced(_ value: Text, _ logins: [String]) -> DoctorLine {
        let origin = sshd.configuration?.origin(of: "authorizedkeyscommand", value: value)
        let others = origin.map { "\(shown($0.file)):\($0.line)" }
        let mend =
            if let others, origin?.conditions.isEmpty == false {
                "Take AuthorizedKeysCommand out of \(others), or have its Match leave \(listed(logins)) out."
            } else {
                (others.map { "Take AuthorizedKeysCommand out of \($0)" } ?? "Find who sets AuthorizedKeysCommand")
                    + ", or have ours in a file that is read before it."
            }
        return DoctorLine(
            .command, .commandDisplaced,
            "sshd asks \(shown(KeysCommand(value).program)) about \(listed(logins.map(quotedIfNeeded))), and not us"
                + place(of: "authorizedkeyscommand", value) + oursElsewhere,
            mend: mend)
    }

    private func lines(of command: KeysCommand, _ value: Text, _ logins: [String]) -> [DoctorLine] {
        var lines: [DoctorLine] = []
        let place = place(of: "authorizedkeyscommand", value)
        for (flag, token) in [("--user", "%u"), ("--key", "%k")] where command.value(of: flag) != token {
            lines.append(
                DoctorLine(
                    .command, .commandArguments,
                    "pair-authkeys is run without \(flag) \(token)\(place): nobody is let in",
                    mend: rightCommand))
        }
        let unknown = command.tokens.filter { "CD".contains($0) }
        if let version = sshd.version, !version.hasConnectionTokens, let first = unknown.first {
            lines.append(
                DoctorLine(
                    .command, .commandTokenUnknown,
                    "OpenSSH \(version) does not know the token %\(first)\(place): nobody is let in by key",
                    mend: rightCommand))
        }
        let asked = command.value(of: "--config") ?? HostFacts.standardConfiguration
        if asked != configurationPath {
            lines.append(
                DoctorLine(
                    .command, .commandConfiguration,
                    "sshd has pair-authkeys decide by \(shown(asked))\(place), and this looked at \(shown(configurationPath))",
                    mend: "pair host doctor --config \(shellQuoted(asked))"))
        }
        if lines.isEmpty, command.value(of: "--uid") != "%U", grantsByTemplate {
            lines.append(
                DoctorLine(
                    .command, .commandInert,
                    "pair-authkeys is run without --uid %U\(place), so no template gives a login",
                    mend: rightCommand))
        }
        return lines
    }

    // MARK: - AuthorizedKeysFile

    var keysFileLines: [DoctorLine] {
        guard sshd.state == .asked else { return [] }
        var lines: [DoctorLine] = []
        for login in logins {
            let settings = sshd.effective.first { $0.login == login.name }?.settings
            let values = settings?.authorizedKeysFiles ?? []
            guard !values.isEmpty, let value = settings?.value(of: "authorizedkeysfile") else { continue }
            guard let file = login.keysFiles.first(where: { !isRootsAlone($0, for: login) }) else { continue }
            lines.append(line(of: login, file, value))
        }
        let merged = merging(lines)
        guard merged.isEmpty else { return merged }
        let kept = Set(logins.flatMap(\.keysFiles).filter { $0.end == .found }.map(\.path)).sorted()
        return [
            DoctorLine(
                .keysFile, .ok,
                kept.isEmpty
                    ? "no login can add keys of its own"
                    : "keys beside pair are in files of root's alone: \(listed(kept.map(shown), atMost: 3))")
        ]
    }

    private func line(of login: LoginFacts, _ file: PathFacts, _ value: Text) -> DoctorLine {
        let place = place(of: "authorizedkeysfile", value)
        guard login.name != "root" else {
            return DoctorLine(
                .keysFile, .keysFileOfRoot,
                "keys in \(shown(file.path)) enter as root past pair, its ends and its revocations" + place,
                mend: "AuthorizedKeysFile none; for emergencies /etc/pair/break-glass/%u")
        }
        return DoctorLine(
            .keysFile, .keysFileWritable,
            "\(quotedIfNeeded(login.name)) may write \(shown(file.path)): who was let in once can enter for ever"
                + place,
            mend: "AuthorizedKeysFile none; for emergencies /etc/pair/break-glass/%u")
    }

    /// Of a fault that many logins have, the first few.
    private func merging(_ lines: [DoctorLine]) -> [DoctorLine] {
        let root = lines.filter { $0.code == .keysFileOfRoot }
        let others = lines.filter { $0.code != .keysFileOfRoot }
        guard others.count > 3, let first = others.first else { return others + root }
        return [
            DoctorLine(
                .keysFile, .keysFileWritable, "\(others.count) logins can add keys of their own, and so enter for ever",
                details: others.prefix(3).map(\.text), mend: first.mend)
        ] + root
    }

    private func isRootsAlone(_ file: PathFacts, for login: LoginFacts) -> Bool {
        if login.name == "root" {
            // Whoever may become root by pair alone should leave nothing behind by which to come back.
            return !login.isGranted || !Text(file.path).utf8.starts(with: "\(login.user?.home ?? "/root")/".utf8)
        }
        // What is not there yet can be made by whoever may write the last folder there is.
        return file.end != .forbidden && file.defects().isEmpty
    }
}

extension EffectiveSettings {
    fileprivate var runsOurs: Bool { settings.authorizedKeysCommand.map { KeysCommand($0).isOurs } ?? false }
}
