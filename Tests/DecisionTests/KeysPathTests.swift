import Decision
import Encodings
import Testing

@testable import TestSupport

/// What becomes of Keys whose token lacks what a rule asks for.
@Suite struct KeysPathTests {
    @Test("an e-mail that is revoked refuses a token without one, of that provider alone")
    func undecidable() throws {
        for (email, revoked, expectation) in [
            (nil, "identity example alice@example.com", "refused: deny-undecidable"),
            (nil, "identity * alice@example.com", "refused: deny-undecidable"),
            ("alice@example.com", "identity example alice@example.com", "refused: revoked-identity"),
            (nil, "identity example sub:1", nil), (nil, "identity other alice@example.com", "fault: config-invalid"),
            ("bob@example.com", "identity example alice@example.com", nil),
        ] as [(Text?, String, String?)] {
            var login = Keys(email: email).offered(members: "build-box sub:248289761001 example alice\n")
            login.revoked = Array("# none\n\(revoked)\n".utf8)
            let decision = login.decided()
            if let expectation {
                #expect(decision.expectation == expectation, "\(revoked)")
            } else {
                #expect(decision.line != nil, "\(revoked): \(decision.expectation)")
            }
            if expectation == "refused: deny-undecidable" {
                #expect(decision.failure == "revoked line 2 lists an e-mail, and the token has none")
            }
        }
    }
}
