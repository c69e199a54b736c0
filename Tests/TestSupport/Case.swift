// A login to be decided, from Fixtures or made up: what the tests of Decision and of AccessLog change and decide.

import Decision
import Encodings
import Foundation
import Policy
import SSHKeys

/// Everything that one decision rests on, free to be changed before it is decided.
struct Case: Sendable {
    /// pair.toml.
    var toml: [UInt8]
    var members: [UInt8]?
    var accounts: [UInt8]?
    var revoked: [UInt8]?
    /// What stands in place of the three where pair.toml has a source of it.
    var policy: [UInt8]?
    /// By the provider's name.
    var keySets: [String: [UInt8]] = [:]
    /// What the host's directory says of the login and a group, by its name; any other group there is not.
    var groups: [Text: Result<GroupAnswer, Stop>] = [:]
    var login: Text = "alice"
    var uid: UInt32? = 1001
    var key: [UInt8] = []
    var keyType: Text?
    var now: UnixTime
    var localTime = Zone.utc.localTime

    /// Puts a member in front of pair.toml's tables.
    mutating func set(_ member: String) { toml = Array("\(member)\n".utf8) + toml }

    /// Appends to pair.toml's last table, or a table.
    mutating func append(_ lines: String) { toml += "\n\(lines)\n".utf8 }

    /// Replaces the membership file.
    mutating func setMembers(_ text: String) { members = Array(text.utf8) }

    /// Replaces the accounts' keys.
    mutating func setAccounts(_ text: String) { accounts = Array(text.utf8) }

    var configuration: Configuration {
        get throws(PolicyError) { try Configuration(parsing: toml, file: "pair.toml") }
    }

    var files: MemoryFiles {
        get throws(PolicyError) {
            MemoryFiles(
                configuration: try configuration, members: members, accounts: accounts, revoked: revoked,
                keySets: keySets, groups: groups, policy: policy, now: now)
        }
    }

    var request: Request { Request(login: login, uid: uid, key: key, keyType: keyType) }

    /// The decision; a pair.toml that cannot be used is a fault, as it is for the program.
    func decided(isExplained: Bool = false) -> Decision {
        do throws(PolicyError) {
            return decided(with: try files, under: try configuration, isExplained: isExplained)
        } catch {
            return Decision(.fault(error.fault))
        }
    }

    func decided(
        with files: some PolicyFiles, under configuration: Configuration, isExplained: Bool = false
    ) -> Decision {
        Decision(
            on: request, under: configuration, files: files, at: Moment(now: now, localTime: localTime),
            isExplained: isExplained)
    }
}

/// Files that stand in memory.
struct MemoryFiles: PolicyFiles {
    let configuration: Configuration
    let members: [UInt8]?
    let accounts: [UInt8]?
    let revoked: [UInt8]?
    let keySets: [String: [UInt8]]
    let groups: [Text: Result<GroupAnswer, Stop>]
    let policy: [UInt8]?
    let now: UnixTime

    func keySet(of provider: Provider) throws(Stop) -> [UInt8]? { keySets[provider.name] }

    func account(with key: PublicKey) throws(Stop) -> AccountKey? {
        var scan = AccountScan(for: key, file: "accounts")
        try forEachLine(of: accounts, .accounts, at: configuration.accounts) { (line, number) throws(PolicyError) in
            try scan.take(line, number: number)
        }
        return scan.match
    }

    func revocations(of keys: [Fingerprint]) throws(Stop) -> Revocations {
        var revocations = Revocations(under: configuration, file: "revoked", asking: keys)
        try forEachLine(of: revoked, .revoked, at: configuration.revoked) { (line, number) throws(PolicyError) in
            try revocations.take(line, number: number)
        }
        return revocations
    }

    func outcome(of query: MembershipQuery) throws(Stop) -> MembershipOutcome {
        var scan = MembershipScan(query, under: configuration, file: "members")
        try forEachLine(of: members, .members, at: configuration.members) { (line, number) throws(PolicyError) in
            try scan.take(line, number: number)
        }
        return scan.outcome
    }

    func answer(for group: Text) throws(Stop) -> GroupAnswer { try groups[group]?.get() ?? .noSuchGroup }

    private func forEachLine(
        of bytes: [UInt8]?, _ part: PolicyPart, at location: Configuration.Location,
        _ take: (Span<UInt8>, Int) throws(PolicyError) -> Void
    ) throws(Stop) {
        guard let bytes = try configuration.policySource == nil ? bytes : applied(part) else {
            guard !location.isNamed else { throw .fault(Fault(.configMissing, location.path, mend: "create it")) }
            return
        }
        guard bytes.last ?? 0x0A == 0x0A else {
            throw .fault(Fault(.configSyntax, "\(location.path): torn", mend: "end it with a line feed"))
        }
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        do throws(PolicyError) {
            for (index, line) in lines.enumerated() { try take(line.span, index + 1) }
        } catch {
            throw .fault(error.fault)
        }
    }
}

extension MemoryFiles {
    /// A part of the policy that stands in place of the files.
    private func applied(_ part: PolicyPart) throws(Stop) -> [UInt8] {
        guard let policy else { throw .refusal(Refusal(.policyMissing, "none")) }
        guard let header = try? PolicyHeader(parsing: policy[...]), header.length <= policy.count else {
            throw .refusal(Refusal(.policyMalformed, "none"))
        }
        let grace = configuration.policySource?.grace ?? Seconds(0)
        guard now < header.expires + grace else { throw .refusal(Refusal(.policyExpired, "expired")) }
        return Array(policy[header.range(of: part)])
    }
}

extension PolicyError {
    fileprivate var fault: Fault {
        Fault(kind == .syntax ? .configSyntax : .configInvalid, description, mend: "correct it there")
    }
}

extension Decision {
    /// The outcome as a fixture expects it.
    var expectation: String {
        switch outcome {
        case .accepted(let line): line.text
        case .refused(let refusal): "refused: \(refusal.reason.rawValue)"
        case .faulted(let fault): "fault: \(fault.code.rawValue)"
        }
    }

    /// The line, `nil` where there is none.
    var line: AuthorizedKeyLine? {
        if case .accepted(let line) = outcome { line } else { nil }
    }
}

extension String {
    /// Whether nothing in it can forge a line, move a cursor or turn the reading round.
    var isPlain: Bool {
        unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
            default: true
            }
        }
    }
}
