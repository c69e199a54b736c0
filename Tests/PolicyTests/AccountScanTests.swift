import Encodings
import SSHKeys
import Testing

@testable import Policy
@testable import TestSupport

/// Keys made by `ssh-keygen` for these tests alone; nobody has their private halves.
private let first = "AAAAC3NzaC1lZDI1NTE5AAAAILmj4eNgzwJbhYVCQZYYwLRGwRxAM1trz1mXAvj/U6QO"
private let second = "AAAAC3NzaC1lZDI1NTE5AAAAICILc1LTcY4c7S9HQZS0ktBSqhBt5qj9FMI2qK8sKv7e"
private let curved =
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDSSiD/BcMDVt1wbMq9sDZ8yghm38VlnXdoCYac7w8xlJmfdKndJHPIm3JDXKXrWpO1Sl0GKBXLPfc03bO2M8LY="

@Suite("Accounts, read for one key")
struct AccountScanTests {
    static func key(_ base64: String) throws -> PublicKey {
        try PublicKey(blob: #require(Base64.standard.decode(base64.utf8))[...])
    }

    static func match(_ base64: String, in text: String) throws -> AccountKey? {
        var scan = AccountScan(for: try key(base64), file: "accounts")
        try forEachLine(of: Array(text.utf8)) { (line, number) throws(PolicyError) in
            try scan.take(line, number: number)
        }
        return scan.match
    }

    static let file = """
        # the accounts

        acme cert-authority,services="pgs,tuns" ssh-ed25519 \(first) Acme's CA
        acme.2 ssh-ed25519 \(second)
        acme\tcert-authority  ecdsa-sha2-nistp256 \(curved)\u{20}
        """

    @Test("the line with the key is found, with what it says", arguments: [first, second, curved])
    func finds(_ base64: String) throws {
        let all = try AccountsTests.accounts(Self.file)
        let found = try #require(try Self.match(base64, in: Self.file))
        #expect(found == all.account(with: try Self.key(base64)))
        #expect(found.key == (try Self.key(base64)))
    }

    @Test("a key that no line has is not found, be it in a comment, behind a comment sign or one letter away")
    func misses() throws {
        let near = String(second.dropLast()) + "f"
        for text in [
            "", "# acme ssh-ed25519 \(first)", "acme ssh-ed25519 \(second) \(first)", "acme ssh-ed25519 \(near)",
            "acme ecdsa-sha2-nistp256 \(curved) ssh-ed25519 \(first)",
        ] {
            #expect(try Self.match(first, in: text) == nil)
        }
        #expect(try Self.match(second, in: "acme ssh-ed25519 \(near)") == nil)
        #expect(try Self.match(curved, in: "acme ssh-ed25519 \(first)") == nil)
    }

    struct Faulty: Sendable, CustomStringConvertible {
        let text: String
        let line: Int
        let column: Int?
        let reason: PolicyError.Reason
        var description: String { text }
    }

    static let faulty = [
        Faulty(
            text: "acme ssh-ed25519 \(first)\nacme cert-authority ssh-ed25519 \(first)", line: 2, column: 21,
            reason: .keyTwice(firstLine: 1)),
        Faulty(
            text: "acme ssh-ed25519 \(first)\nbeta ssh-ed25519 \(first) other", line: 2, column: 6,
            reason: .keyTwice(firstLine: 1)),
        Faulty(
            text: "acme ssh-ed25519 \(first)\nacme", line: 2, column: 5, reason: .columnMissing(.keyType)),
        Faulty(
            text: "acme no-pty ssh-ed25519 \(second)\nacme ssh-ed25519 \(first)", line: 1, column: 6,
            reason: .optionUnknown("no-pty")),
        Faulty(
            text: "acme ssh-rsa \(second)", line: 1, column: 6, reason: .malformed(.keyType, found: "ssh-rsa")),
        Faulty(
            text: "acme ssh-ed25519 \(second)\r", line: 1, column: 86, reason: .controlCharacter(13)),
    ]

    @Test("a key that stands twice, or a line that does not parse, is a fault wherever it stands", arguments: faulty)
    func refuses(_ row: Faulty) {
        let expected = PolicyError(file: "accounts", line: row.line, column: row.column, reason: row.reason)
        #expect(throws: expected) { try Self.match(first, in: row.text) }
    }

    // MARK: - Lines that are passed over

    static let plain = [
        "acme ssh-ed25519 \(second)", "acme ssh-ed25519 \(second) ", "acme ssh-ed25519 \(second) alice@laptop  x",
        "a ssh-ed25519 \(second) ssh-ed25519 \(first)", "0.a-b_c cert-authority ssh-ed25519 \(second) CA",
        "acme cert-authority,services=\"pgs\" ssh-ed25519 \(second)",
        "acme cert-authority,services=\"pgs,tuns,0._-\" ssh-ed25519 \(second) # CA",
        "\(String(repeating: "a", count: 32)) ssh-ed25519 \(second)",
    ]

    @Test(
        "a line of the common form with another key is passed over, and with the key itself it is not", arguments: plain
    )
    func passesOver(_ line: String) throws {
        let bytes = Array(line.utf8)
        #expect(isPassedOver(bytes, than: first))
        #expect(isPassedOver(bytes, than: curved))
        #expect(!isPassedOver(bytes, than: second))
        #expect(try AccountsTests.accounts(line).keys.map(\.key) == [Self.key(second)])
        #expect(try Self.match(second, in: line) != nil)
    }

    private func isPassedOver(_ line: [UInt8], than base64: String) -> Bool {
        (try? AccountScan(for: Self.key(base64), file: "accounts"))?.isOfAnotherEd25519Key(line.span) ?? false
    }

    /// Whether the parser that reads every line whole takes it, with a key that is not `first`.
    private func isGood(_ line: [UInt8]) -> Bool {
        var accounts = Accounts(file: "accounts")
        guard (try? accounts.take(line.span, number: 1)) != nil, let only = accounts.keys.first else { return false }
        return Base64.standard.encode(only.key.blob) != first
    }

    @Test("with any one byte changed a line is passed over only where it is a good one", arguments: plain)
    func anyByte(_ line: String) {
        let good = Array(line.utf8)
        var passed = 0
        for index in good.indices {
            for byte in UInt8.min ... .max {
                var bytes = good
                bytes[index] = byte
                guard isPassedOver(bytes, than: first) else { continue }
                passed += 1
                #expect(isGood(bytes), "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(passed > good.count)
    }

    @Test("cut or lengthened anywhere a line is passed over only where it is a good one", arguments: plain)
    func anyLength(_ line: String) {
        let good = Array(line.utf8)
        for index in 0...good.count {
            let (head, tail) = (good[..<index], good[index...])
            for bytes in [Array(head), Array(tail)]
                + [0x20, 0x09, 0x2C, 0x41, 0x61, 0x22, 0].map({ head + [$0] + tail })
            where isPassedOver(bytes, than: first) {
                #expect(isGood(bytes), "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }

    @Test("random lines of the format's own words are judged as the whole file's parser judges them")
    func random() throws {
        var generator = SplitMix64(state: 18)
        let words = [
            "acme", " ", " ", " ", "\t", "cert-authority", ",", "services=", "\"pgs\"", "\"pgs,\"", "\"", "ssh-ed25519",
            first, second, curved, "ssh-rsa", "#", "é", "-", "A", "AAAAC3NzaC1lZDI1NTE5AAAAI", "ecdsa-sha2-nistp256",
        ]
        for _ in 0..<20_000 {
            var line = Bool.random(using: &generator) ? "acme " : ""
            for _ in 0..<Int.random(in: 1...9, using: &generator) {
                line += words.randomElement(using: &generator) ?? ""
            }
            var (whole, one): (PolicyError?, PolicyError?)
            var (all, found): (Accounts?, AccountKey?)
            do { all = try AccountsTests.accounts(line) } catch { whole = error }
            do { found = try Self.match(first, in: line) } catch { one = error as? PolicyError }
            #expect(whole == one, "\(line)")
            #expect(found == all?.account(with: try Self.key(first)), "\(line)")
        }
    }
}
