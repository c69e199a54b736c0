import Encodings
import Policy
import Testing

@testable import TestSupport
@testable import Upkeep

/// What people are told.
@Suite struct OpksshImportReasonsTests {
    /// One of each.
    static let reasons: [OpksshReason] = [
        .row(.columns(2)), .row(.notUTF8), .row(.byteOrderMark), .row(.tooLong(limit: 1)),
        .lifetime(.firstToken), .lifetime(.refreshedTokens), .lifetime(.never), .lifetime(.misspelt("\u{1B}")),
        .lifetime(.unknown("\u{1B}")), .client(.ofProject), .client(.ofJobs), .client(.again(firstLine: 1)),
        .client(.sameAgain(firstLine: 1)), .client(.refused(.notUTF8)),
        .email(.mustBeVerified), .email(.atEntra), .email(.withoutCase), .email(.beyondASCII), .email(.domainAtGoogle),
        .email(.suffixNotDomain("\u{1B}")), .email(.starIsLetter),
        .claim(.meansNobody), .claim(.otherMatchEnd), .claim(.jobs), .claim(.valueNotText("true")),
        .claim(.lastColon(value: "\u{1B}")), .claim(.quotesCount(value: "\u{1B}")),
        .claim(.nameWithEqualsSign("\u{1B}")),
        .entry(.loginDenied("\u{1B}")), .entry(.loginOfOther(owner: "\u{1B}")),
        .entry(.issuerAlias("google", issuer: "\u{1B}")), .entry(.issuerUnknown("\u{1B}")),
        .entry(.providerMissing(line: 1)), .entry(.controlCharacter), .entry(.refused(.notUTF8)),
        .setting(.emailAbsent), .setting(.emailBeyondASCII), .setting(.notAddress), .setting(.starIsLetter),
        .setting(.deniedLogin("\u{1B}")),
        .setting(.environment), .setting(.cache), .setting(.unknown("\u{1B}")), .setting(.plugin),
        .file(.mode(found: 0o644, expected: 0o640)), .file(.absent), .file(.homesUnread),
        .file(.homeTaken(login: "\u{1B}")), .file(.homeRefused("x")), .file(.homeUnreadable("x")),
    ]

    @Test("a reason is told in plain words, its advice in a sentence", arguments: reasons)
    func words(reason: OpksshReason) {
        #expect(reason.description.isPlain && reason.description.last != ".")
        #expect(reason.advice?.isPlain ?? true)
        #expect(reason.advice.map { $0.last == "." } ?? true)
        #expect(reason.code.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x61...0x7A).contains($0) || $0 == 0x38 })
    }

    @Test("no two reasons have one code")
    func codes() {
        #expect(Set(Self.reasons.map(\.code)).count == Self.reasons.count)
    }

    static let outcomes: [([OpksshReason], OpksshOutcome)] = [
        ([], .equal), ([.claim(.lastColon(value: "x"))], .note),
        ([.email(.mustBeVerified), .email(.withoutCase)], .looser),
        ([.email(.withoutCase), .email(.mustBeVerified)], .looser),
        ([.claim(.lastColon(value: "x")), .claim(.valueNotText("1"))], .stricter),
        ([.row(.notUTF8)], .void), ([.claim(.jobs)], .missing),
    ]

    @Test("a finding is as grave as its gravest reason", arguments: outcomes)
    func outcome(reasons: [OpksshReason], outcome: OpksshOutcome) {
        #expect(OpksshFinding(file: "x", line: 1, reasons: reasons).outcome == outcome)
    }

    static let errors: [(OpksshImportError, String)] = [
        (
            OpksshImportError(file: "config.yml", line: 3, reason: .controlCharacter),
            "config.yml:3: a control character, or a line separator that is no line feed"
        ),
        (OpksshImportError(file: "config.yml", line: nil, reason: .notUTF8), "config.yml: not UTF-8"),
        (
            OpksshImportError(file: "config.yml", line: 2, reason: .settingTwice("a")),
            "config.yml:2: the setting \"a\" stands there twice"
        ),
        (
            OpksshImportError(file: "config.yml", line: 2, reason: .severalDocuments),
            "config.yml:2: more than one document; opkssh reads the first alone"
        ),
        (
            OpksshImportError(file: "config.yml", line: 2, reason: .notUnderstood(expected: "a list")),
            "config.yml:2: a list expected, something else found"
        ),
        (
            OpksshImportError(file: "--space", line: nil, reason: .spaceName("a\u{1B}")),
            "--space: \"a\\x1b\" cannot name a Space"
        ),
    ]

    @Test("an error says where and what, and what to do", arguments: errors)
    func error(error: OpksshImportError, description: String) {
        #expect("\(error)" == description)
        #expect(error.advice?.last == ".")
    }
}
