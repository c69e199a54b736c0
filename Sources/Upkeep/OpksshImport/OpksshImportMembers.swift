internal import Encodings
internal import Policy

/// The lines of `members` that come of opkssh's, in the order in which they stand.
struct OpksshMembers {
    private enum Entry {
        case heading(String)
        case comment(String)
        case line([String])
    }

    private let space: String
    private let providers: OpksshProviders
    private let configuration: Configuration
    private let deniedLogins: [Text]
    private var entries: [Entry] = []
    private(set) var findings: [OpksshFinding] = []

    init(space: String, providers: OpksshProviders, configuration: Configuration, deniedLogins: [Text]) {
        self.space = space
        self.providers = providers
        self.configuration = configuration
        self.deniedLogins = deniedLogins
    }

    // MARK: - Who is refused

    /// Takes over the e-mails that opkssh refuses.
    mutating func deny(_ emails: [OpksshServerConfig.Entry], of file: OpksshFile) {
        if !emails.isEmpty { entries.append(.heading("Refused by \(file.path):")) }
        for email in emails {
            let source = "deny_emails \(shown(email.value.utf8, limit: 160))"
            let columns = ["*", column(email.value), "*", "deny"]
            let reasons: [OpksshReason.Setting]
            if let obstacle = obstacle(to: email.value, as: columns) {
                leave(out: source, at: "\(file.path):\(email.line)", .setting(obstacle))
                reasons = [obstacle]
            } else {
                entries.append(.line(columns))
                reasons = email.value.ascii == nil ? [.emailAbsent, .emailBeyondASCII] : [.emailAbsent]
            }
            let result = reasons.contains(.emailAbsent) ? [columns.joined(separator: " ")] : []
            findings.append(
                OpksshFinding(
                    file: file.path, line: email.line, source: source, result: result,
                    reasons: reasons.map { .setting($0) }))
        }
    }

    /// Why the e-mail cannot be denied by a line with `columns`.
    private func obstacle(to email: Text, as columns: [String]) -> OpksshReason.Setting? {
        // With a colon it would be a form of ours, with a star others.
        guard email.utf8.contains(UInt8(ascii: "@")), !email.utf8.contains(UInt8(ascii: ":")) else {
            return .notAddress
        }
        guard !email.utf8.contains(UInt8(ascii: "*")) else { return .starIsLetter }
        return email.hasControls || fault(of: columns) != nil ? .notAddress : nil
    }

    // MARK: - Who may enter

    /// Takes over a policy file: the host's, or where `owner` is given the one in that user's home.
    mutating func take(_ file: OpksshFile, owner: String? = nil) {
        entries.append(.heading("From \(file.path):"))
        for row in OpksshTable(parsing: file.bytes).rows {
            if let comment = row.comment { entries.append(.comment(commentText(comment))) }
            let columns: [Text]
            switch row.content {
            case .blank: continue
            case .unreadable(let reason):
                leave(out: row, of: file, .row(reason))
                continue
            case .columns(let found): columns = found
            }
            guard columns.count == 3 else {
                leave(out: row, of: file, .row(.columns(columns.count)))
                continue
            }
            do throws(OpksshReason) {
                try take(columns, of: row, in: file, owner: owner)
            } catch {
                leave(out: row, of: file, error)
            }
        }
    }

    private mutating func take(
        _ columns: [Text], of row: OpksshTable.Row, in file: OpksshFile, owner: String?
    ) throws(OpksshReason) {
        let (login, issuer) = (columns[0], columns[2])
        if let owner, login != Text(owner) { throw .entry(.loginOfOther(owner: owner)) }
        guard !deniedLogins.contains(where: { isSame($0, login) }) else { throw .entry(.loginDenied(login)) }
        let names = providers.tables.filter { $0.issuer == issuer }.map(\.name)
        guard !names.isEmpty else { throw .entry(absence(of: issuer)) }
        // A comma or a brace would make it other logins.
        guard isLoginName(login.utf8), login != "deny" else {
            throw .entry(.refused(.malformed(.logins, found: login)))
        }
        guard !columns[1].hasControls else { throw .entry(.controlCharacter) }
        let identity = try OpksshIdentity(columns[1], issuer: issuer)
        let lines = names.map { [space, column(identity.column), $0, login.string] }
        for line in lines {
            if let reason = fault(of: line) { throw .entry(.refused(reason)) }
        }
        entries += lines.map { .line($0) }
        let result = lines.map { $0.joined(separator: " ") }
        findings.append(OpksshFinding(row, of: file, result: result, reasons: identity.reasons))
    }

    /// Why there is no provider with `issuer`.
    private func absence(of issuer: Text) -> OpksshReason.Entry {
        if let line = providers.missing[issuer] { return .providerMissing(line: line) }
        if let alias = issuer.ascii.flatMap({ OpksshAlias(rawValue: $0) }) {
            return .issuerAlias(issuer, issuer: alias.issuer)
        }
        return .issuerUnknown(issuer)
    }

    private mutating func leave(out row: OpksshTable.Row, of file: OpksshFile, _ reason: OpksshReason) {
        findings.append(OpksshFinding(row, of: file, reasons: [reason]))
        leave(out: shown(row.bytes, limit: 160), at: "\(file.path):\(row.number)", reason)
    }

    private mutating func leave(out source: String, at place: String, _ reason: OpksshReason) {
        entries.append(.comment(commentOnAbsence(of: source, at: place, reason)))
    }

    // MARK: - The text

    /// The file's text.
    var text: String {
        let lines = entries.compactMap { entry in if case .line(let columns) = entry { columns } else { nil } }
        let widths = (0..<3).map { column in min(lines.map { $0[column].utf8.count }.max() ?? 0, 48) }
        var text = "# SPACE IDENTITY PROVIDER LOGINS OPTIONS, taken over from opkssh by `pair host import-opkssh`.\n"
        for entry in entries {
            switch entry {
            case .heading(let heading): text += "\n# \(heading)\n"
            case .comment(let comment): text += "# \(comment)\n"
            case .line(let columns):
                let padded = columns.indices.map { index in
                    let width = index < widths.count ? widths[index] : 0
                    return columns[index] + String(repeating: " ", count: max(width - columns[index].utf8.count, 0))
                }
                text += padded.joined(separator: "  ") + "\n"
            }
        }
        return text
    }

    /// Why `columns` would not do as a line of `members`, by the parser that judges logins.
    private func fault(of columns: [String]) -> PolicyError.Reason? {
        do throws(PolicyError) {
            try checkMembers(columns.joined(separator: "  ") + "\n", under: configuration)
            return nil
        } catch {
            return error.reason
        }
    }
}

/// Fails where the lines of `text` are not what the decision takes.
func checkMembers(_ text: String, under configuration: Configuration) throws(PolicyError) {
    let nobody = Identity(
        providerName: "", issuer: "", subject: "nobody", email: nil, isEmailVerified: false, claims: JSON.Object(),
        groupsClaim: "groups")
    let query = MembershipQuery(login: "nobody", uid: nil, identity: nobody, now: UnixTime(seconds: 0))
    var scan = MembershipScan(query, under: configuration, file: "members")
    for (index, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
        let line = Array(line)
        try scan.take(line.span, number: index + 1)
    }
}

/// `text` as one column of a line: bare where that says the same, else quoted.
private func column(_ text: Text) -> String {
    let isBare = !text.isEmpty && text.utf8.allSatisfy { $0 != 0x20 && $0 != 0x09 && $0 != UInt8(ascii: "\"") }
    guard !isBare else { return text.string }
    var result = "\""
    for scalar in text.string.unicodeScalars {
        if scalar == "\"" || scalar == "\\" { result += "\\" }
        result.unicodeScalars.append(scalar)
    }
    return result + "\""
}

/// Whether opkssh takes both for one login; it compares without regard to case, of any letters.
private func isSame(_ denied: Text, _ login: Text) -> Bool {
    denied.string.lowercased() == login.string.lowercased() || denied.string.uppercased() == login.string.uppercased()
}
