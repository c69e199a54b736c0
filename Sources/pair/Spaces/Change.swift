import Administration
import ArgumentParser
import Encodings
import Foundation
import HostFiles
import Policy

/// What a host decides by, at one moment.
struct HostState: Equatable {
    /// `nil` where there is no such file.
    let members: [UInt8]?
    let accounts: [UInt8]?
    let revoked: [UInt8]?

    init(of host: AdministeredHost) throws {
        members = try host.contents(of: .members)
        accounts = try host.contents(of: .accounts)
        revoked = try host.contents(of: .revoked)
    }

    private init(members: [UInt8]?, accounts: [UInt8]?, revoked: [UInt8]?) {
        self.members = members
        self.accounts = accounts
        self.revoked = revoked
    }

    func contents(of kind: HostFileKind) -> [UInt8]? {
        switch kind {
        case .members: members
        case .accounts: accounts
        case .revoked: revoked
        }
    }

    /// The state with other bytes in one file.
    func with(_ bytes: [UInt8], as kind: HostFileKind) -> HostState {
        switch kind {
        case .members: HostState(members: bytes, accounts: accounts, revoked: revoked)
        case .accounts: HostState(members: members, accounts: bytes, revoked: revoked)
        case .revoked: HostState(members: members, accounts: accounts, revoked: bytes)
        }
    }

    /// Everybody's ways in; a file that a host would not take has none, since nobody is let in by it.
    func waysIn(_ host: AdministeredHost, space: String, at now: UnixTime) -> WaysIn {
        let (path, configuration) = (host.path(of: .members), host.configuration)
        let members = try? MembersFile(members ?? [], path: path, under: configuration, space: space)
        let accounts = try? AccountsFile(accounts ?? [], path: host.path(of: .accounts))
        let file = host.path(of: .revoked)
        let revoked = try? RevokedFile(revoked ?? [], path: file, under: configuration)
        return WaysIn(
            members: members?.entries ?? [], accounts: accounts?.keys ?? [],
            revocations: revoked?.revocations ?? Revocations(under: configuration, file: file),
            configuration: configuration, now: now)
    }
}

/// An edit of one of a host's files, from what is asked for to what is said about it.
struct HostChange {
    let host: AdministeredHost
    let kind: HostFileKind
    /// Whose ways in are looked at.
    let space: String
    let options: EditOptions
    let terminal = Terminal()
    /// Whom it refuses by a new line, if it does.
    var refusal: AccessReview.Refusal?
    /// What is asked for, of the file as it is.
    let edit: ([UInt8]) throws -> LineEdit

    /// How long another writer is waited for.
    private static let patience = Duration.seconds(10)

    private static let nothingToDo = "Nothing to change: it is so already."

    private var path: String { host.path(of: kind) }

    /// Makes the change, or shows it, or refuses.
    /// - Returns: What was made, `nil` where nothing was.
    func carryOut() throws -> LineEdit? {
        try host.checkEditable(kind)
        let now = now()
        let state = try HostState(of: host)
        let edit = try edit(state.contents(of: kind) ?? [])
        guard !edit.changes.isEmpty else {
            terminal.say(Self.nothingToDo)
            return nil
        }
        let review = review(edit, of: state, at: now)
        tellLosses(review)
        guard !options.dryRun else {
            print(Difference(path: path, old: state.contents(of: kind), new: edit.file.bytes).text, terminator: "")
            if review.isRisky { terminal.say(Self.risk(review)) }
            return nil
        }
        if review.isRisky { try confirm(review) }
        let made = try replace(knowing: state, edit, review, at: now)
        if made.changes.isEmpty { terminal.say(Self.nothingToDo) }
        for change in made.changes { print(shown(change)) }
        return made
    }

    private func review(_ edit: LineEdit, of state: HostState, at now: UnixTime) -> AccessReview {
        AccessReview(
            before: state.waysIn(host, space: space, at: now),
            after: state.with(edit.file.bytes, as: kind).waysIn(host, space: space, at: now), refusal: refusal,
            protecting: Administrators.logins)
    }

    // MARK: - Writing

    /// Writes under the lock, from the file as it is then.
    private func replace(
        knowing state: HostState, _ edit: LineEdit, _ review: AccessReview, at now: UnixTime
    ) throws -> LineEdit {
        let url = URL(fileURLWithPath: path)
        let (folder, name) = (url.deletingLastPathComponent().path, url.lastPathComponent)
        let lock = try FileLock(
            "\(name).lock", in: OpenFolder(folder, ownedBy: .any), waitingFor: Self.patience)
        var edit = edit
        let current = try HostState(of: host)
        if current != state {
            // Another writer was faster: what is asked for is asked for of what that one left.
            edit = try self.edit(current.contents(of: kind) ?? [])
            let second = self.review(edit, of: current, at: now)
            let isSameRisk =
                (second.lockedOut, second.perhapsLockedOut) == (review.lockedOut, review.perhapsLockedOut)
            guard isSameRisk || !second.isRisky || options.yes else { throw Failure.changed(path) }
            guard !edit.changes.isEmpty else { return edit }
        }
        let standing = try lock.folder.attributes(of: name)
        let (mode, owner) = (standing?.mode ?? 0o644, standing?.owner)
        if let old = current.contents(of: kind) {
            try lock.folder.replace("\(name)-", with: old, mode: mode, owner: owner)
        }
        // An editor takes no lock.
        guard try host.contents(of: kind) == current.contents(of: kind) else { throw Failure.changed(path) }
        try lock.folder.replace(name, with: edit.file.bytes, mode: mode, owner: owner)
        if current.contents(of: kind) == nil {
            terminal.say("\(HostFiles.shown(path)) is new.")
        } else {
            terminal.say("To undo: mv \(HostFiles.shown(path + "-")) \(HostFiles.shown(path))")
        }
        warnUnlessUsable()
        return edit
    }

    /// Says where sshd's run of pair-authkeys would not take the file.
    private func warnUnlessUsable() {
        guard geteuid() == 0 else { return }
        do throws(FileFault) {
            _ = try HostFile(path, ownedBy: .root).read(limit: AdministeredHost.maximumFile)
        } catch {
            terminal.complain(
                "\(terminal.style.yellow("warning:")) sshd's run would not take it: \(error)\nDo this: \(error.mend).")
        }
    }

    // MARK: - Telling and asking

    /// How many of those who lose something are named.
    private static let namedLosses = 20

    private func tellLosses(_ review: AccessReview) {
        let losses = review.losses
        guard !losses.isEmpty else { return }
        var lines = losses.prefix(Self.namedLosses).map { "  " + $0 }
        if losses.count > lines.count { lines.append("  and \(losses.count - lines.count) more") }
        terminal.say(
            (["\(options.dryRun ? "This would take" : "This takes") a way in from:"] + lines).joined(separator: "\n"))
    }

    private static func risk(_ review: AccessReview) -> String {
        let sure = review.lockedOut.map { "nobody would be left who may enter as \($0)" }
        let unsure = review.perhapsLockedOut.map {
            "everybody who may still enter as \($0) might be refused by the new line, which looks at what else their "
                + "tokens say"
        }
        return (sure + unsure).joined(separator: "; ")
    }

    private func confirm(_ review: AccessReview) throws {
        guard !options.yes else { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { throw Failure.lockout(Self.risk(review)) }
        terminal.complain(terminal.style.yellow("Careful:") + " " + Self.risk(review) + ".")
        Terminal.write("Go on? [y/N] ")
        let answer = Text(readLine() ?? "").asciiLowercased
        guard answer == "y" || answer == "yes" else { throw Failure.declined }
    }

    private func shown(_ change: LineEdit.Change) -> String {
        let place = { (line: Int) in "\(HostFiles.shown(path)):\(line)" }
        return switch change {
        case .added(let line, let text): "added \(place(line)): \(Self.plain(text))"
        case .removed(let line, let text): "removed \(place(line)): \(Self.plain(text))"
        case .rewritten(let line, let from, let to):
            "changed \(place(line)): \(Self.plain(from))\n     to: \(Self.plain(to))"
        }
    }

    /// As it stands where a terminal shows it so.
    private static func plain(_ text: Text) -> String { text.hasControls ? quoted(text, limit: 4096) : text.string }
}

/// Who looks after this machine.
enum Administrators {
    /// The logins that they must be able to enter as: root, and the user behind sudo or su.
    static let logins = {
        let environment = ProcessInfo.processInfo.environment
        var logins = ["root"]
        if let user = environment["SUDO_USER"], isLoginName(user.utf8), !logins.contains(user) { logins.append(user) }
        if let user = sessionUser, !logins.contains(user) { logins.append(user) }
        return logins
    }()

    /// Who logged in, whoever they have become since; `nil` where the kernel does not know.
    private static var sessionUser: String? {
        guard let data = FileManager.default.contents(atPath: "/proc/self/loginuid"),
            let uid = UInt32(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)),
            uid != .max
        else { return nil }
        return (try? LocalUsers().names(withUIDs: uid..<uid + 1))?.first
    }
}

extension Failure {
    fileprivate static func changed(_ path: String) -> Failure {
        Failure(
            description: "\(shown(path)): changed while it was worked on",
            advice: "See that no editor has it open, and try again.")
    }

    fileprivate static func lockout(_ risk: String) -> Failure {
        Failure(
            description: risk,
            advice: "Nothing was changed. Let somebody in first (`pair spaces allow`), or pass --yes.")
    }

    fileprivate static let declined = Failure(description: "nothing was changed", advice: nil)
}

extension EditError: Advising {}

extension ParsableCommand {
    /// Runs `body`, and ends the program with status 1 where it fails, having said why.
    func reporting(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error where error is ExitCode || error is ValidationError {
            throw error
        } catch {
            Terminal().complain(about: error)
            throw ExitCode.failure
        }
    }
}
