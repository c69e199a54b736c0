import Foundation

// What takes several things at once to matter: a check that looks at two of them is hardly met by changes one at a time.

extension LoginRecipe {
    typealias Step = @Sendable (inout LoginRecipe, inout Recipe) -> Void

    /// Of somebody with Keys.
    static let scenes: [Step] = [
        serialNearRevoked, certificateNearItsEnd, emailWithoutProof, denyAboutOddClaim, templateForAnyUID,
        domainAtGoogle, grantThatEnds, severalAudiences,
    ]

    /// Of somebody with an account's certificate.
    static let scenesOfAuthority: [Step] = [serialNearRevoked, certificateNearItsEnd, cappedAuthority]

    private static let providers = ["example", "google"]

    /// A revoked range, and a serial at one of its ends.
    private static let serialNearRevoked: Step = { recipe, choices in
        let serial: UInt64 = choices.one(of: [0, 1, 2, 300, 1 << 32, .max - 1, .max], or: 0)
        let below: UInt64 = choices.one(of: [0, 1, 2, 100], or: 0)
        let above: UInt64 = choices.one(of: [0, 1, 2, 100], or: 0)
        let first = serial < below ? 0 : serial - below
        let last = serial > .max - above ? .max : serial + above
        let isBeside = choices.byte() & 7 == 7
        recipe.certificate.serial = isBeside ? last &+ 1 : serial
        let signer = recipe.certificate.signer.fingerprint
        recipe.policy.revokedLines.append("cert \(signer) serial=\(first)-\(last)")
    }

    /// A certificate, and a clock about its end or its beginning.
    private static let certificateNearItsEnd: Step = { recipe, choices in
        let shift: Int64 = choices.one(of: [0, 1, -1, 29, 30, 31, -3600, 3600], or: 0)
        let time = UInt64(clamping: recipe.now + shift)
        if choices.byte() & 1 == 0 {
            recipe.certificate.validBefore = time
        } else {
            recipe.certificate.validAfter = time
        }
    }

    /// A CA of some services alone, and a certificate of its for others.
    private static let cappedAuthority: Step = { recipe, choices in
        let services = choices.one(of: ["pgs", "tuns", "pgs,tuns", "admin", "pgs,admin"])
        recipe.policy.accountOptions = "cert-authority,services=\"\(services)\""
        recipe.certificate.principals = [Array(choices.one(of: ["admin", "pgs", "tuns"]).utf8)]
        recipe.login = choices.one(of: ["pgs", "tuns", "root", "both"])
    }

    /// An e-mail, verified or not, and a line that asks about it.
    private static let emailWithoutProof: Step = { recipe, choices in
        recipe.token.claims.set(
            "email_verified", choices.one(of: ["false", nil, "\"true\"", "1", "null", "true"], or: nil))
        let who = choices.one(of: ["alice@example.com", "*@example.com", "ALICE@Example.com", "bob@example.com"])
        switch choices.index(below: 3) {
        case 0:
            recipe.grant { "sub:248289761001 \($0) alice" }
            recipe.policy.memberLines.append("build-box \(who) * deny")
        case 1: recipe.grant { "\(who) \($0) alice" }
        default:
            recipe.grant { "sub:248289761001 \($0) alice" }
            recipe.policy.revokedLines.append("identity * \(who.hasPrefix("*") ? "alice@example.com" : who)")
        }
    }

    /// A deny that asks about a claim which is not there, or is of another shape.
    private static let denyAboutOddClaim: Step = { recipe, choices in
        let name = choices.one(of: ["groups", "department", "email", "email_verified"])
        recipe.token.claims.set(
            name, choices.one(of: [nil, "{}", "1", "[1]", "[\"sre\",1]", "[\"dev\"]", "[]", "\"ops\""], or: nil))
        let who = choices.one(of: ["group:sre", "claim:department=ops", "bob@example.com", "*@evil.example"])
        recipe.grant { "sub:248289761001 \($0) alice" }
        recipe.policy.memberLines.append("build-box \(who) * deny")
    }

    /// A template, of which comes the login, and a uid.
    private static let templateForAnyUID: Step = { recipe, choices in
        recipe.uid = choices.one(of: [999, 1000, 0, nil, 1, 65_533, 65_534, 65_535, .max, 1001], or: nil)
        let name = choices.one(of: ["alice", "root", "deploy", "nobody"])
        recipe.login = name
        switch choices.index(below: 2) {
        case 0:
            recipe.token.claims.set("email", "\"\(name)@example.com\"")
            recipe.grant { "*@example.com \($0) {email-local}" }
        default:
            recipe.token.claims.set("department", "\"\(name)\"")
            recipe.grant { "sub:248289761001 \($0) {claim:department}" }
        }
    }

    /// A domain's members at Google, and who says to be one.
    private static let domainAtGoogle: Step = { recipe, choices in
        recipe.token.issueAtGoogle()
        recipe.token.claims.set(
            "hd",
            choices.one(
                of: ["\"evil.example\"", nil, "\"EXAMPLE.com\"", "[\"example.com\"]", "\"\"", "\"example.com\""],
                or: nil))
        let who = choices.one(of: ["*@example.com", "*@EXAMPLE.com", "alice@example.com"])
        recipe.grant { "\(who) \($0) alice" }
    }

    /// A grant with an end, and a clock about there.
    private static let grantThatEnds: Step = { recipe, choices in
        let shift: Int64 = choices.one(of: [0, 1, -1, 2, -2, 3599, -86_400], or: 0)
        let end = Date(timeIntervalSince1970: TimeInterval(recipe.now + shift)).ISO8601Format()
        recipe.grant { "sub:248289761001 \($0) alice until=\(end)" }
    }

    /// Several audiences, and whom the token was issued to.
    private static let severalAudiences: Step = { recipe, choices in
        recipe.token.claims.set(
            "aud",
            choices.one(
                of: [
                    "[\"pair-ssh\",\"other\"]", "[\"other\",\"pair-ssh\"]", "[\"pair-ssh\",\"pair-ssh\"]",
                    "[\"pair-ssh\",\"pair-other\"]", "[\"pair-ssh\"]",
                ]))
        recipe.token.claims.set(
            "azp", choices.one(of: [nil, "\"other\"", "null", "1", "\"pair-other\"", "\"pair-ssh\""], or: nil))
    }

    /// Has one line at each provider let people in, and no other.
    private mutating func grant(_ line: (String) -> String) {
        policy.memberLines = LoginRecipe.providers.map { "build-box " + line($0) }
    }
}
