// One attempt to log in by real ssh, and what the host recorded of it.

import Foundation

/// One line of the access log, as far as the tests compare it.
struct Record: Decodable, Sendable, Equatable {
    let decision: String
    let reason: String
    let login: String?
    let space: String?
    let path: String?
    let provider: String?
    let email: String?
}

/// What came of one `ssh`: to the person in front of it, in the access log, in sshd's log.
struct Login: Sendable, CustomStringConvertible {
    let ssh: Command
    let records: [Record]
    let sshdLog: String

    var isIn: Bool { ssh.status == 0 }

    /// Whether sshd turned the person away.
    var isRefused: Bool { ssh.status == 255 && ssh.error.contains("Permission denied (publickey)") }

    /// The reasons in the access log; sshd asks two or three times for one login.
    var reasons: Set<String> { Set(records.map(\.reason)) }

    var description: String { "\(ssh)\nrecords: \(records)\nsshd: \(sshdLog)" }
}

extension Lab {
    /// Runs `command` by ssh as `login`; `options` are ssh's own.
    func login(
        with keys: Keys, as login: String, options: [String] = [], running command: String = "id -un"
    ) async throws -> Login {
        let recordsBefore = try contents(of: accessLog).utf8.count
        let linesBefore = try contents(of: sshdLog).utf8.count
        let ssh = try await Command.run(
            ["ssh", "-F", "\(folder)/ssh_config", "-i", keys.path] + options + ["\(login)@lab", command])
        let lines = try contents(of: accessLog).utf8.dropFirst(recordsBefore).split(separator: UInt8(ascii: "\n"))
        return Login(
            ssh: ssh,
            records: try lines.map { try JSONDecoder().decode(Record.self, from: Data($0)) },
            sshdLog: String(decoding: Array(try contents(of: sshdLog).utf8.dropFirst(linesBefore)), as: UTF8.self))
    }

    /// Logs in again and again until `outcome` holds or the deadline is past; the last attempt.
    func login(
        with keys: Keys, as login: String, within limit: Duration = .seconds(20), until outcome: (Login) -> Bool
    ) async throws -> Login {
        let deadline = ContinuousClock.now + limit
        while true {
            let attempt = try await self.login(with: keys, as: login)
            if outcome(attempt) || ContinuousClock.now > deadline { return attempt }
        }
    }
}
