import AccessLog
import Administration
import Encodings
import Foundation
import Policy
import Upkeep

extension HostExamination {
    /// What the access log says of the last day, and of the sessions that are open.
    func examineRecord(_ facts: inout HostFacts, _ host: AdministeredHost) {
        guard let file = host.configuration.log.file else { return }
        let path = host.configuration.resolve(file)
        let sessions = openSessions()
        if sessions == nil { facts.sessionsUnseen = "the processes of sessions are shown to root alone" }
        facts.sessionCount = sessions?.count ?? 0
        let day = now - Seconds(86_400)
        let first = sessions?.map { $0.began - OpenSession.longestSignIn }.min() ?? day
        var record = RecordFacts()
        var summary = AccessSummary()
        var accepted: [AccessEntry] = []
        var folding = Folding()
        func count(_ folded: FoldedEntry) {
            if folded.first.time >= day { summary.count(folded) }
            guard folded.first.decision == .accept else { return }
            if sessions?.contains(where: { $0.mayBe(of: folded.first) }) == true { accepted.append(folded.first) }
        }
        var reading = LogReading(
            { entry in
                _ = folding.take(entry)
                for folded in folding.takeComplete() { count(folded) }
            }, since: min(day, first), complain: { _ in })
        do {
            _ = try reading.readFamily(of: path, isGoingOn: false)
            for folded in folding.stillOpen { count(folded) }
            if reading.hasFailed { record.unseen = "not all of the access log could be read" }
        } catch is MissingFile {
            // The log's own line says so.
        } catch {
            record.unseen = "\(error)"
        }
        record.accepted = summary.accepted.reduce(0) { $0 + $1.count }
        record.refused = summary.refused.map { RecordFacts.Tally($0.reason.string, $0.count) }
        record.faults = summary.faults.map { RecordFacts.Tally($0.reason.string, $0.count) }
        facts.record = record
        facts.sessions = judged(sessions ?? [], accepted, host)
    }

    private func judged(
        _ sessions: [OpenSession], _ accepted: [AccessEntry], _ host: AdministeredHost
    ) -> [SessionFacts] {
        guard !sessions.isEmpty, let policy = try? TodaysPolicy(host) else { return [] }
        return sessions.map { session in
            var people: [SessionFacts.Person] = []
            for entry in accepted where session.mayBe(of: entry) {
                let person = SessionFacts.Person(
                    name: entry.identity.name(email: entry.email),
                    standing: policy.standing(of: entry, uid: session.uid, at: now))
                // Once, however often they were accepted.
                if !people.contains(person) { people.append(person) }
            }
            return SessionFacts(
                process: session.process, login: session.login, began: session.began, people: people)
        }
    }

    /// The sessions that sshd has open; `nil` where they cannot be seen.
    private func openSessions() -> [OpenSession]? {
        guard isRoot, let start = SessionProcess.machineStart(systemFile("/proc/stat") ?? []) else { return nil }
        let ticks = UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        return systemNames("/proc").compactMap { name in
            guard let process = Int32(name), let title = systemFile("/proc/\(name)/cmdline"),
                let status = systemFile("/proc/\(name)/stat"),
                let session = SessionProcess(title: title, status: status)
            else { return nil }
            // Anybody may give a program of theirs such a title; only sshd's is one.
            let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/exe")
            let base = program?.split(separator: "/").last
            guard
                base == "sshd" || base == "sshd-session" || base == "sshd (deleted)" || base == "sshd-session (deleted)"
            else { return nil }
            let owner = PathFacts(lookingAt: "/proc/\(name)").target?.owner
            guard let uid = owner else { return nil }
            return OpenSession(
                process: process, login: session.login, uid: uid,
                began: start + Seconds(Int64(clamping: session.began / ticks)))
        }
    }
}

/// A session that sshd has open.
private struct OpenSession {
    let process: Int32
    let login: String
    let uid: UInt32
    /// When its process began: with the session, or with the connection where that is root's.
    let began: UnixTime

    /// As long as sshd waits for somebody to sign in, by default.
    static let longestSignIn = Seconds(120)

    /// Whether it may be what came of an answer.
    func mayBe(of entry: AccessEntry) -> Bool {
        guard entry.login == Text(login) else { return false }
        // sshd's last question comes just before the session; a person may have had to touch a key after the first.
        let (before, after) = uid == 0 ? (Seconds(2), Self.longestSignIn) : (Seconds(15), Seconds(2))
        return entry.time >= began - before && entry.time <= began + after
    }
}

extension TodaysPolicy {
    /// What a host decides by now.
    init(_ host: AdministeredHost) throws {
        try self.init(
            host.configuration, members: host.contents(of: .members) ?? [],
            accounts: host.contents(of: .accounts) ?? [],
            revoked: host.contents(of: .revoked) ?? [])
    }
}
