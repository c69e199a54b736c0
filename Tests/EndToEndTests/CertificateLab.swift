// The lab's host with services and accounts, and logins by certificates of the accounts' CAs.

import Foundation
import Testing

@testable import TestSupport

/// The lab, configured for certificates of `keys`.
struct CertificateLab: Sendable {
    let lab: Lab
    let keys: CertificateKeys
    /// The local users of the service `admin` alone, and of none.
    let admins: String
    let nobodys: String

    /// Where rsync puts what it may.
    var drop: String { "\(lab.folder)/home/\(lab.deploy)/drop" }

    /// One record of the access log, as far as these tests compare it.
    struct Record: Decodable, Sendable, Equatable {
        let decision: String
        let reason: String
        let login: String?
        let path: String?
        let account: String?
        let services: [String]?
        let keyID: String?
        let ca: String?

        enum CodingKeys: String, CodingKey {
            case decision, reason, login, path, account, services, ca
            case keyID = "key_id"
        }
    }

    /// What came of one `ssh` or `rsync`.
    struct Attempt: Sendable, CustomStringConvertible {
        let command: Command
        let records: [Record]

        var isIn: Bool { command.status == 0 }
        var reasons: Set<String> { Set(records.map(\.reason)) }
        var description: String { "\(command)\nrecords: \(records)" }

        /// Whether this was the only reason; ssh itself does not offer what it finds badly signed, or a host's.
        func isRefused(for reason: String) -> Bool {
            reasons == [reason] || (records.isEmpty && ["cert-signature", "cert-host"].contains(reason))
        }
    }

    /// Configures the lab's host: `deploy` is of the service `pgs`, `alice` of `tuns`.
    ///
    /// `command` is that of `pgs`; `accounts` stand behind those of `keys`.
    init(_ lab: Lab, _ keys: CertificateKeys, command: String, accounts: String = "") async throws {
        self.lab = lab
        self.keys = keys
        admins = lab.alice.replacingOccurrences(of: "alice", with: "admin")
        nobodys = lab.alice.replacingOccurrences(of: "alice", with: "none")
        _ = try await Command.output(of: Lab.tool, "host", "login", lab.folder, admins, nobodys)
        try await lab.configure()
        let services = [("pgs", lab.deploy, command), ("tuns", lab.alice, ""), ("admin", admins, "")]
        let tables = services.map { name, login, command in
            "[[service]]\nname = \"\(name)\"\nlogins = [\"\(login)\"]\n"
                + (command.isEmpty ? "" : "command = '''\(command)'''\n")
        }
        try lab.write(try lab.contents(of: lab.config) + "\n" + tables.joined(), to: lab.config)
        try lab.write(try keys.accounts + accounts, to: "\(lab.folder)/etc/accounts")
        try lab.write(try keys.revoked, to: "\(lab.folder)/etc/revoked")
    }

    /// The local user that the cases call `name`.
    func login(_ name: String) -> String {
        switch name {
        case "pgs": lab.deploy
        case "tuns": lab.alice
        case "root": admins
        default: nobodys
        }
    }

    /// ssh with the lab's settings, and this key alone.
    func ssh(_ key: String) -> [String] { ["ssh", "-F", "\(lab.folder)/ssh_config", "-i", key] }

    /// Runs a command and reads what it left in the access log.
    func attempt(_ arguments: [String]) async throws -> Attempt {
        let before = try lab.contents(of: lab.accessLog).utf8.count
        let command = try await Command.run(arguments)
        let lines = try lab.contents(of: lab.accessLog).utf8.dropFirst(before).split(separator: UInt8(ascii: "\n"))
        return Attempt(
            command: command, records: try lines.map { try JSONDecoder().decode(Record.self, from: Data($0)) })
    }

    func ssh(_ key: String, as login: String, _ command: String = "id -un") async throws -> Attempt {
        try await attempt(ssh(key) + ["\(login)@lab", command])
    }
}

/// Makes the keys before a suite's tests and removes them after the last: RSA keys take their time.
struct WithCertificateKeys: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing tests: @Sendable () async throws -> Void
    ) async throws {
        try await CertificateKeys.$current.withValue(try CertificateKeys(), operation: tests)
    }
}

extension Trait where Self == WithCertificateKeys {
    static var withCertificateKeys: Self { Self() }
}
