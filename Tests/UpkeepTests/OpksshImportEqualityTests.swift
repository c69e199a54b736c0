import Encodings
import Policy
import Testing

@testable import TestSupport
@testable import Upkeep

/// The policy that comes of opkssh's against opkssh's own rules, for people and lines by chance.
@Suite struct OpksshImportEqualityTests {
    /// Somebody's claims, as both sides see them.
    private struct Claims {
        let subject: String
        let email: String?
        let isVerified: Bool
        let groups: [String]
        let team: String?

        var json: String {
            var members = ["\"sub\": \"\(subject)\""]
            if let email { members.append("\"email\": \"\(email)\"") }
            members.append("\"email_verified\": \(isVerified)")
            let quoted = groups.map { "\"\($0.replacing("\"", with: "\\\""))\"" }
            members.append("\"groups\": [\(quoted.joined(separator: ", "))]")
            if let team { members.append("\"team\": \"\(team)\"") }
            return "{\(members.joined(separator: ", "))}"
        }

        /// As opkssh sees a claim: a text for each element (policy/enforcer.go `UnmarshalJSON`).
        func texts(of name: String) -> [String] {
            switch name {
            case "sub": [subject]
            case "email": email.map { [$0] } ?? []
            case "email_verified": ["\(isVerified)"]
            case "groups": groups
            case "team": team.map { [$0] } ?? []
            default: []
            }
        }
    }

    /// opkssh's `validateClaim`, line by line, for ASCII.
    private static func opksshMatches(_ attribute: String, _ claims: Claims) -> Bool {
        let folded = attribute.lowercased()
        if attribute.isEmpty || ["oidc-match-end:email:", "oidc:", "repo:"].contains(folded) { return false }
        if attribute.hasPrefix("oidc:") {
            var parts = [""]
            var isQuoted = false
            for character in attribute {
                if character == "\"" { isQuoted.toggle() }
                if character == ":", !isQuoted { parts.append("") } else { parts[parts.count - 1].append(character) }
            }
            parts.removeAll { $0.isEmpty }
            guard parts.count >= 3, let last = parts.last else { return false }
            let name = parts[1].trimming { $0 == "\"" }
            return claims.texts(of: name).contains(last)
        }
        let email = claims.email ?? ""
        let prefix = "oidc-match-end:email:"
        if attribute.hasPrefix(prefix), email.lowercased().hasSuffix(folded.dropFirst(prefix.count)) { return true }
        return email.lowercased() == folded || claims.subject == attribute
    }

    private static let words = [
        "oidc:", "oidc-match-end:email:", "groups", "group", "sub", "email", "email_verified", "team", "a=b", ":", ":",
        "@",
        "a@x.example", "A@X.example", "b@sub.x.example", "x.example", "sub.x.example", "a", "b", "ops", "true", "\"",
        "*",
        "sub:", "group:", "claim:", "=", "\\ ", "\\\\", "repo:", ",",
    ]

    private static let claimNames = ["groups", "team", "team=a", "sub", "email", "\"groups\""]
    private static let values = ["a", "ops", "a@x.example", "x:a", "true", "\"x:a\""]
    private static let suffixes = ["@x.example", "x.example", "@", "@X.example", "a@x.example"]
    private static let plain = ["a@x.example", "A@x.EXAMPLE", "a", "ops", "group:ops", "*@x.example", "sub:a"]

    private static func attribute(_ random: inout SplitMix64) -> String {
        func one(of texts: [String]) -> String { texts.randomElement(using: &random) ?? "" }
        return switch Int.random(in: 0..<4, using: &random) {
        case 0: "oidc:\(one(of: claimNames)):\(one(of: values))"
        case 1: "oidc-match-end:email:\(one(of: suffixes))"
        case 2: one(of: plain)
        default: (0..<Int.random(in: 1...5, using: &random)).map { _ in one(of: words) }.joined()
        }
    }

    private static func claims(_ random: inout SplitMix64) -> Claims {
        Claims(
            subject: ["a", "ops", "group:ops", "sub:a", "a@x.example", "*@x.example", "11"].randomElement(
                using: &random) ?? "a",
            email: [nil, "a@x.example", "A@X.Example", "b@sub.x.example", "b@x.example", "x@evilx.example"]
                .randomElement(
                    using: &random) ?? nil,
            isVerified: Bool.random(using: &random),
            groups: [[], ["a"], ["ops", "a"], ["true"], ["\"", "x"]].randomElement(using: &random) ?? [],
            team: [nil, "a", "ops", "x:a", "a=ops"].randomElement(using: &random) ?? nil)
    }

    @Test("nobody enters whom opkssh would refuse, and whoever entered by an equal line still does")
    func neverLooser() throws {
        var random = SplitMix64(state: 11)
        var (granted, refused) = (0, 0)
        for _ in 0..<1000 {
            let attribute = Self.attribute(&random)
            // As `opkssh add` writes it: blanks and backslashes are escaped in the words already.
            let made = try imported(policy: "alice \(attribute) https://idp.example.com\n")
            let row = OpksshTable(parsing: Array(attribute.utf8)).rows.first
            guard case .columns(let columns) = row?.content, columns.count == 1 else { continue }
            let finding = try #require(made.findings.last)
            for _ in 0..<4 {
                let claims = Self.claims(&random)
                let outcome = try made.outcome(
                    for: "alice", at: "idp.example.com", claims: claims.json, email: claims.email.map { Text($0) },
                    isVerified: claims.isVerified)
                let isGranted = if case .granted = outcome { true } else { false }
                let isMatched = Self.opksshMatches(columns[0].string, claims)
                let context: Comment = "\(attribute) \(claims.json) \(finding.outcome)"
                switch finding.outcome {
                case .equal, .note: #expect(isGranted == isMatched, context)
                case .stricter: #expect(!isGranted || isMatched, context)
                // The one way to be looser is the case of an e-mail.
                case .looser:
                    #expect(
                        !isGranted || claims.email?.lowercased() == columns[0].string.dropFirst(11).lowercased(),
                        context)
                case .void, .missing: #expect(!isGranted, context)
                }
                if finding.outcome == .void { #expect(!isMatched || attribute.contains("*"), context) }
                if isGranted { granted += 1 } else { refused += 1 }
            }
        }
        #expect(granted > 200 && refused > 500, "\(granted) granted, \(refused) refused")
    }

    @Test("whatever stands in the files, what comes of them is whole and shows nothing that it should not")
    func hostile() throws {
        var random = SplitMix64(state: 12)
        let pieces: [[UInt8]] =
            Self.words.map { Array($0.utf8) } + [
                [0x20], [0x20], [0x0A], [0x0A], [0x0D, 0x0A], [0x09], [0], [0x1B], [0xFF], [0xEF, 0xBB, 0xBF], [0x23],
                [0x5C], Array("\u{202E}".utf8), Array("\u{2028}".utf8), Array("https://idp.example.com".utf8),
                Array("alice".utf8), Array("12h".utf8), Array("never".utf8), Array("[[provider]]".utf8),
                [UInt8](repeating: 0x78, count: 9000),
            ]
        func bytes() -> [UInt8] {
            (0..<Int.random(in: 0...40, using: &random)).flatMap { _ in pieces.randomElement(using: &random) ?? [] }
        }
        for _ in 0..<200 {
            var files = OpksshFiles(
                providers: OpksshFile(path: "providers", bytes: Array(opksshProviders.utf8) + bytes()))
            files.policy = OpksshFile(path: "auth_id", bytes: bytes())
            files.homes = [("alice", OpksshFile(path: "home", bytes: bytes()))]
            let made = try OpksshImport(of: files, space: "build-box")
            for text in [made.configuration, made.members] {
                #expect(
                    text.split(separator: "\n", omittingEmptySubsequences: false).allSatisfy { $0.utf8.count < 65_536 })
                #expect(!Text(text.replacing("\n", with: "")).hasControls)
            }
            for finding in made.findings {
                #expect(finding.source.isPlain && "\(finding.reasons)".isPlain)
                #expect(finding.result.allSatisfy { !Text($0).hasControls })
                #expect((finding.outcome == .void || finding.outcome == .missing) == finding.result.isEmpty)
            }
        }
    }
}

extension String {
    /// The text without the characters at both ends that `isTrimmed`.
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> String {
        var rest = self[...]
        while let first = rest.first, isTrimmed(first) { rest.removeFirst() }
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(rest)
    }
}
