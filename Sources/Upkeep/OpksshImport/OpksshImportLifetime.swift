internal import Encodings

/// How long Keys live under one of opkssh's expiry policies, in the words of `pair.toml`.
///
/// `12h` to `1week` count from the first ID token's `iat`, whatever its `exp`: so does `keys_lifetime` with
/// `beyond_token_expiry`, and `renewable_for` of the same length keeps renewed Keys from outliving that.
/// Source: openpubkey verifier/expiration.go.
struct OpksshLifetime: Equatable {
    let keysLifetime: String
    let renewableFor: String
    let beyondTokenExpiry: Bool
    /// What of it is not the same.
    let reasons: [OpksshReason]

    /// The policy called `expiry` in a line of `providers`, `nil` where opkssh has none.
    init?(expiry: Text) {
        switch expiry.ascii {
        case "12h": self.init(fromFirstToken: "12h")
        case "24h": self.init(fromFirstToken: "24h")
        case "48h": self.init(fromFirstToken: "48h")
        case "1week": self.init(fromFirstToken: "7d")
        case "never": self.init(fromFirstToken: "7d", reasons: [.lifetime(.never)])
        case "oidc": self.init(untilTokenExpiry: "1h", reasons: [.lifetime(.firstToken)])
        case "oidc_refreshed": self.init(untilTokenExpiry: "24h", reasons: [.lifetime(.refreshedTokens)])
        case "oidc-refreshed":
            self.init(
                untilTokenExpiry: "24h", reasons: [.lifetime(.refreshedTokens), .lifetime(.misspelt(expiry))])
        default: return nil
        }
    }

    private init(fromFirstToken lifetime: String, reasons: [OpksshReason] = []) {
        keysLifetime = lifetime
        renewableFor = lifetime
        beyondTokenExpiry = true
        self.reasons = reasons
    }

    /// `keys_lifetime` only bounds what a provider may write into `exp`.
    private init(untilTokenExpiry renewableFor: String, reasons: [OpksshReason]) {
        keysLifetime = "24h"
        self.renewableFor = renewableFor
        beyondTokenExpiry = false
        self.reasons = reasons
    }
}
