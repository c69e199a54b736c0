import Encodings
import SSHKeys
import Testing

@testable import Policy

/// Keys made by `ssh-keygen -t ed25519` and `-t ecdsa` for these tests alone; nobody has their private halves.
private let first = "AAAAC3NzaC1lZDI1NTE5AAAAILmj4eNgzwJbhYVCQZYYwLRGwRxAM1trz1mXAvj/U6QO"
private let second = "AAAAC3NzaC1lZDI1NTE5AAAAICILc1LTcY4c7S9HQZS0ktBSqhBt5qj9FMI2qK8sKv7e"
private let curved =
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDSSiD/BcMDVt1wbMq9sDZ8yghm38VlnXdoCYac7w8xlJmfdKndJHPIm3JDXKXrWpO1Sl0GKBXLPfc03bO2M8LY="

@Suite("Accounts")
struct AccountsTests {
    static func accounts(_ text: String) throws(PolicyError) -> Accounts {
        var accounts = Accounts(file: "accounts")
        try forEachLine(of: Array(text.utf8)) { (line, number) throws(PolicyError) in
            try accounts.take(line, number: number)
        }
        return accounts
    }

    static func key(_ base64: String) throws -> PublicKey {
        try PublicKey(blob: #require(Base64.standard.decode(base64.utf8))[...])
    }

    @Test("each key has its account, and what its line says of it")
    func readsAll() throws {
        let accounts = try Self.accounts(
            """
            # the accounts

            acme cert-authority,services="pgs,tuns" ssh-ed25519 \(first) Acme's CA
              acme.2\tssh-ed25519 \(second)
            acme cert-authority ecdsa-sha2-nistp256 \(curved)\u{20}
            """)
        #expect(
            accounts.keys == [
                AccountKey(
                    account: "acme", key: try Self.key(first), isAuthority: true, services: ["pgs", "tuns"],
                    comment: "Acme's CA", line: 3),
                AccountKey(
                    account: "acme.2", key: try Self.key(second), isAuthority: false, services: nil, comment: "",
                    line: 4),
                AccountKey(
                    account: "acme", key: try Self.key(curved), isAuthority: true, services: nil, comment: "", line: 5),
            ])
        #expect(accounts.account(with: try Self.key(second))?.account == "acme.2")
        #expect(try Self.accounts("").account(with: Self.key(first)) == nil)
    }

    static let rejected: [(String, Int?, PolicyError.Reason)] = [
        ("acme", 5, .columnMissing(.keyType)),
        ("Acme ssh-ed25519 \(first)", 1, .malformed(.account, found: "Acme")),
        ("ssh-ed25519 \(first)", 13, .optionUnknown(Text(String(first)))),
        ("acme ssh-ed25519", 17, .columnMissing(.key)),
        ("acme ssh-ed25519 ", 18, .columnMissing(.key)),
        ("acme ssh-dss AAAA", 6, .malformed(.keyType, found: "ssh-dss")),
        ("acme ssh-rsa \(first)", 6, .malformed(.keyType, found: "ssh-rsa")),
        ("acme ssh-ed25519 AAAA=", 18, .malformed(.key, found: "AAAA=")),
        ("acme ssh-ed25519 \(first)\nacme ssh-ed25519 \(first)", 6, .keyTwice(firstLine: 1)),
        ("acme no-pty ssh-ed25519 \(first)", 6, .optionUnknown("no-pty")),
        ("acme cert-authority=yes ssh-ed25519 \(first)", 6, .malformed(.flag, found: "yes")),
        ("acme cert-authority,services= ssh-ed25519 \(first)", 21, .malformed(.services, found: "")),
        ("acme cert-authority,services=\"a,\" ssh-ed25519 \(first)", 21, .malformed(.services, found: "a,")),
        ("acme services=\"a\" ssh-ed25519 \(first)", nil, .malformed(.services, found: "no cert-authority")),
        ("acme cert-authority", 20, .columnMissing(.keyType)),
        ("acme ssh-ed25519 \(first)\r", 18 + 68, .controlCharacter(13)),
    ]

    @Test("a line that does not parse, or a key that stood before, is refused", arguments: rejected)
    func refuses(text: String, column: Int?, reason: PolicyError.Reason) {
        let line = text.utf8.contains(0x0A) ? 2 : 1
        let expected = PolicyError(file: "accounts", line: line, column: column, reason: reason)
        #expect(throws: expected) { try Self.accounts(text) }
    }

    @Test("a key with bytes missing is refused with what the key lacks")
    func refusesCutKeys() {
        let cut = String(first.dropLast(4))
        do {
            _ = try Self.accounts("acme ssh-ed25519 \(cut)")
            Issue.record("taken")
        } catch {
            guard case .key = error.reason else {
                Issue.record("\(error)")
                return
            }
            #expect(error.column == 18)
            #expect(error.kind == .syntax)
        }
    }
}
