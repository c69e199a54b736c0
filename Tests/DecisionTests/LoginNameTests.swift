import Decision
import Encodings
import Testing

@testable import TestSupport

/// Which logins are looked at at all.
@Suite struct LoginNameTests {
    private static let taken: [Text] = [
        "a", "A", "0", "_", "alice", "Alice", "a.b", "a-b", "a_b", "a+b", "a@b", "alice@example.org", "a.", "a-",
        "backup$",
        "_$", "0day", "root", "12345678901234567890123456789012", "1234567890123456789012345678901$", "a.b.c",
        "DOMAIN-joe",
    ]

    @Test("a login of letters, digits and . _ + @ - passes its check", arguments: taken)
    func takes(_ login: Text) throws {
        let decision = try decision(login)
        #expect(decision.checks.first?.outcome == .pass)
        #expect(decision.checks.first?.detail == "\(login.string), uid 1001")
    }

    private static let refused: [Text] = [
        "", "$", "$$", "a$$", "$a", "a$b", ".a", "-a", "+a", "@a", ".", "..", "a..b", "a..", "../root", "a/b", "/",
        "a\\b",
        "a b", " a", "a ", "a\t", "a\n", "alice\nroot", "a\r", "a\u{0}", "\u{0}alice", "a,b", "a\"", "a'", "a:b", "a;b",
        "a|b",
        "a*", "?", "a#", "%u", "a=b", "{email-local}", "~a", "a`b`", "$(id)", "ä", "a\u{301}", "аlice", "K\u{212A}",
        "ſ",
        "a\u{7F}", "a\u{200B}", "a\u{202E}", "a\u{1B}[31m", "123456789012345678901234567890123",
        "12345678901234567890123456789012$", "１２",
    ]

    @Test("any other login is refused, and quoted in the detail", arguments: refused)
    func refuses(_ login: Text) throws {
        let decision = try decision(login)
        let detail = "\(quoted(login, limit: 64)) cannot be a login"
        #expect(decision.outcome == .refused(Refusal(.loginMalformed, detail)))
        #expect(decision.checks.first?.outcome == .fail)
    }

    @Test("a login of any length is quoted in a short detail")
    func long() throws {
        let decision = try decision(Text(String(repeating: "a", count: 100_000)))
        guard case .refused(let refusal) = decision.outcome else { return #expect(Bool(false)) }
        #expect(refusal.reason == .loginMalformed)
        #expect(refusal.detail.utf8.count < 120)
    }

    @Test("logins are told apart by case and by each byte")
    func exact() throws {
        #expect(try decision("alice").line != nil)
        for login in ["Alice", "alice.", "alice$", "alic", "alice2", "alice@example.com"] as [Text] {
            #expect(try decision(login).expectation == "refused: login-not-granted")
        }
    }

    private func decision(_ login: Text) throws -> Decision {
        var changed = try Fixture("ok-opkssh-certificate").load()
        changed.login = login
        return changed.decided(isExplained: true)
    }
}
