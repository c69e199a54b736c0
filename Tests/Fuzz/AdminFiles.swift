import Encodings
import Policy
import SSHKeys

@testable import TestSupport

// The files of the admin that are read line by line, each by every reader that it has: they must agree.

extension Target {
    /// Two providers, two services.
    private static let host: Configuration? = try? Configuration(
        parsing: Array(
            """
            space = "build-box"
            [[provider]]
            name = "google"
            issuer = "https://accounts.google.com"
            client_ids = ["one"]
            [[provider]]
            name = "okta"
            issuer = "https://login.example.com"
            client_ids = ["two"]
            [[service]]
            name = "pgs"
            logins = ["pgs"]
            [[service]]
            name = "admin"
            logins = ["root"]
            """.utf8), file: "pair.toml")

    private static func lines(of bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    }

    static func members(_ bytes: [UInt8]) {
        guard let host else { preconditionFailure() }
        let identity = Identity(
            providerName: "okta", issuer: "https://login.example.com", subject: "1", email: "alice@example.com",
            isEmailVerified: true, claims: JSON.Object(), groupsClaim: "groups")
        let query = MembershipQuery(
            login: "alice", uid: 1000, identity: identity, now: UnixTime(seconds: 1_800_000_000))
        var scan = MembershipScan(query, under: host, file: "members")
        let providers = Set(host.providers.map { Text($0.name) })
        for (index, line) in lines(of: bytes).enumerated() {
            var (judged, edited): (PolicyError?, PolicyError?)
            do { try scan.take(line.span, number: index + 1) } catch { judged = error }
            do {
                let entry = try MembershipEntry(line.span, number: index + 1, file: "members")
                if let entry, entry.isOf(host.space) {
                    edited = entry.fault(amongProviders: providers, file: "members")
                }
            } catch {
                // The editor reads the lines of other Spaces too.
                let space = try? MembershipEntry.space(of: line.span, number: index + 1, file: "members")
                if let space, space != "*", space != Text(host.space) { continue }
                // A host passes over a name that is not quite its own, however it reads.
                if space == nil, judged == nil, !isQuoted(line) { continue }
                edited = error
            }
            precondition(judged == edited)
            if let judged {
                precondition(judged.description.isPlain)
                return
            }
        }
        _ = scan.outcome
    }

    private static func isQuoted(_ line: [UInt8]) -> Bool {
        line.first { $0 != 0x20 && $0 != 0x09 } == UInt8(ascii: "\"")
    }

    static func accounts(_ bytes: [UInt8]) {
        var accounts = Accounts(file: "accounts")
        var failure: PolicyError?
        let lines = lines(of: bytes)
        do {
            for (index, line) in lines.enumerated() { try accounts.take(line.span, number: index + 1) }
        } catch {
            precondition(error.description.isPlain)
            failure = error
        }
        // The login's scan, which looks for one key and takes a shorter way past most others.
        let stranger = PublicKey.ed25519([UInt8](repeating: 7, count: 32))
        for key in accounts.keys.map(\.key) + [stranger] {
            var scan = AccountScan(for: key, file: "accounts")
            do {
                for (index, line) in lines.enumerated() { try scan.take(line.span, number: index + 1) }
                // A key that stands there twice is seen by the scan for it alone.
                if let failure {
                    guard case .keyTwice = failure.reason else { preconditionFailure() }
                } else {
                    precondition(scan.match == accounts.account(with: key))
                }
            } catch {
                guard let failure else { preconditionFailure() }
                if case .keyTwice = failure.reason { continue }
                precondition(error == failure)
            }
        }
    }

    static func revoked(_ bytes: [UInt8]) {
        guard let host else { preconditionFailure() }
        var revocations = Revocations(under: host, file: "revoked")
        do {
            for (index, line) in lines(of: bytes).enumerated() { try revocations.take(line.span, number: index + 1) }
        } catch {
            precondition(error.description.isPlain)
            return
        }
        for line in lines(of: bytes) {
            // Whatever says `key SHA256:…` and is taken, revokes it.
            let words = line.split { $0 == 0x20 || $0 == 0x09 }.map { Text(String(decoding: $0, as: UTF8.self)) }
            guard words.count == 2, words[0] == "key", let fingerprint = Fingerprint(words[1]) else { continue }
            precondition(revocations.line(revokingKey: fingerprint) != nil)
        }
    }
}
