import Decision
import Foundation
import Testing

@testable import TestSupport

/// The closed lists of reasons and faults, and what is said of them elsewhere.
@Suite struct ReasonTests {
    private static let codes = Reason.allCases.map(\.rawValue) + Fault.Code.allCases.map(\.rawValue)

    @Test("no two reasons or faults share a code")
    func unique() {
        #expect(Set(Self.codes).count == Self.codes.count)
        #expect(!Self.codes.contains("accepted"))
    }

    @Test("a code is lower-case words with hyphens between", arguments: codes)
    func spelling(_ code: String) {
        let words = code.split(separator: "-", omittingEmptySubsequences: false)
        #expect(words.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) } })
    }

    /// The list that the design starts from, whose spelling is kept.
    private static let designed = """
        key-too-large key-base64 key-malformed key-type-mismatch key-type-unsupported key-unknown login-malformed login-uid
        cert-host cert-nested cert-signature cert-not-yet-valid cert-expired cert-options cert-critical-option
        cert-principals token-missing token-structure token-type token-claims cic-malformed cic-not-canonical
        cic-key-mismatch cic-signature provider-unknown audience alg-not-allowed kid-unknown kid-ambiguous keyset-missing
        keyset-stale keyset-future keyset-malformed op-signature commitment iat-future not-yet-valid token-expired
        keys-expired refreshed-signature refreshed-identity refreshed-order refreshed-nonce refreshed-expired
        renewal-too-old revoked-key revoked-identity revoked-cert denied deny-undecidable not-a-member login-not-granted
        grant-expired ca-unknown service-not-granted admin-not-granted deadline usage config-missing config-unsafe config-syntax config-invalid internal
        """

    @Test("every code of the design is there")
    func design() {
        let designed = Self.designed.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(designed.filter { !Self.codes.contains($0) }.isEmpty)
    }

    @Test("each reason says in a sentence what can be done about it", arguments: Reason.allCases)
    func advice(_ reason: Reason) {
        #expect(reason.advice.count > 15)
        #expect(reason.advice.hasSuffix("."))
        #expect(reason.advice.first?.isUppercase == true)
        #expect(reason.advice.isPlain)
    }

    /// Reasons that no fixture can bring about.
    private static let withoutFixture: [Reason: String] = [
        .deadline: "needs a file that takes seconds to read"
    ]
    private static let faultsWithoutFixture: [Fault.Code: String] = [
        .usage: "is not a decision's, see CommandLineTests",
        .configUnsafe: "replay leaves out the rules on owner and mode",
        .internal: "needs a failure of libcrypto or a file that changes while it is read",
    ]

    @Test("every reason that can occur has a fixture that expects it", arguments: Reason.allCases)
    func fixture(_ reason: Reason) {
        let isExpected = Fixture.all.contains { $0.expected == "refused: \(reason.rawValue)" }
        #expect(isExpected == (Self.withoutFixture[reason] == nil))
    }

    @Test("every fault that a file can be has a fixture that expects it", arguments: Fault.Code.allCases)
    func fixture(_ code: Fault.Code) {
        let isExpected = Fixture.all.contains { $0.expected == "fault: \(code.rawValue)" }
        #expect(isExpected == (Self.faultsWithoutFixture[code] == nil))
    }

    @Test("no fixture expects a code that is not on the lists")
    func closed() {
        for fixture in Fixture.all where !fixture.expected.hasPrefix("restrict,") {
            let words = fixture.expected.split(separator: " ")
            #expect(words.count == 2)
            let list = words.first == "refused:" ? Reason.allCases.map(\.rawValue) : Fault.Code.allCases.map(\.rawValue)
            #expect(list.contains(words.last.map(String.init) ?? ""), "\(fixture)")
        }
    }

    // MARK: - docs/reasons.md

    private static let page = Fixture.folder.deletingLastPathComponent().appendingPathComponent("docs/reasons.md")

    private static let isPageThere: Bool = {
        if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
        let isThere = FileManager.default.fileExists(atPath: page.path)
        if !isThere { print("docs/reasons.md is not compared with the code: it is not there") }
        return isThere
    }()

    /// The cells of each row that starts with a code.
    private static var rows: [[String]] {
        get throws {
            try String(contentsOf: page, encoding: .utf8).split(separator: "\n").compactMap { line in
                guard line.hasPrefix("| `") else { return nil }
                return line.dropFirst(2).dropLast(2).components(separatedBy: " | ")
            }
        }
    }

    @Test("docs/reasons.md has one row for each code and no other", .enabled(if: isPageThere))
    func documented() throws {
        let found = try Self.rows.compactMap(\.first)
        let expected = Self.codes.map { "`\($0)`" }
        #expect(Set(expected).subtracting(found).isEmpty, "without a row")
        #expect(Set(found).subtracting(expected).isEmpty, "rows of no code")
        #expect(found.count == Set(found).count, "rows that stand twice")
    }

    @Test("docs/reasons.md ends each reason's row with the advice that --explain prints", .enabled(if: isPageThere))
    func advised() throws {
        let rows = try Self.rows
        for reason in Reason.allCases {
            #expect(rows.first { $0.first == "`\(reason.rawValue)`" }?.last == reason.advice, "\(reason.rawValue)")
        }
    }
}
