/// Why a key may not enter: the closed list that logs, `--json`, fixtures and the docs share.
///
/// The raw value is the CODE; docs/reasons.md explains each.
public enum Reason: String, CaseIterable, Sendable, Error {
    // The request.
    case loginMalformed = "login-malformed"
    case keyTooLarge = "key-too-large"
    case keyBase64 = "key-base64"
    case keyMalformed = "key-malformed"
    case keyTypeUnsupported = "key-type-unsupported"
    case keyTypeMismatch = "key-type-mismatch"
    case keyUnknown = "key-unknown"

    // The certificate.
    case certHost = "cert-host"
    case certNested = "cert-nested"
    case certOptions = "cert-options"
    case certPrincipals = "cert-principals"
    case certSignature = "cert-signature"
    case certNotYetValid = "cert-not-yet-valid"
    case certExpired = "cert-expired"
    case certCriticalOption = "cert-critical-option"
    case revokedKey = "revoked-key"
    case revokedCert = "revoked-cert"
    case caUnknown = "ca-unknown"
    case serviceNotGranted = "service-not-granted"
    case adminNotGranted = "admin-not-granted"

    // The token and who signed it.
    case tokenMissing = "token-missing"
    case tokenTooLarge = "token-too-large"
    case tokenStructure = "token-structure"
    case tokenCosigned = "token-cosigned"
    case tokenType = "token-type"
    case cicMalformed = "cic-malformed"
    case cicNotCanonical = "cic-not-canonical"
    case cicKeyMismatch = "cic-key-mismatch"
    case cicSignature = "cic-signature"
    case tokenClaims = "token-claims"
    case providerUnknown = "provider-unknown"
    case audience
    case algNotAllowed = "alg-not-allowed"
    case keysetMissing = "keyset-missing"
    case keysetMalformed = "keyset-malformed"
    case keysetFuture = "keyset-future"
    case keysetStale = "keyset-stale"
    case kidUnknown = "kid-unknown"
    case kidAmbiguous = "kid-ambiguous"
    case opSignature = "op-signature"
    case commitment

    // Time and renewal.
    case iatFuture = "iat-future"
    case notYetValid = "not-yet-valid"
    case tokenExpired = "token-expired"
    case keysExpired = "keys-expired"
    case refreshedIdentity = "refreshed-identity"
    case refreshedSignature = "refreshed-signature"
    case refreshedNonce = "refreshed-nonce"
    case refreshedOrder = "refreshed-order"
    case refreshedExpired = "refreshed-expired"
    case renewalTooOld = "renewal-too-old"

    // The policy.
    case revokedIdentity = "revoked-identity"
    case denied
    case denyUndecidable = "deny-undecidable"
    case notAMember = "not-a-member"
    case loginNotGranted = "login-not-granted"
    case loginUID = "login-uid"
    case grantExpired = "grant-expired"
    case unixGroup = "unix-group"

    // The host.
    case policyMissing = "policy-missing"
    case policyMalformed = "policy-malformed"
    case policyExpired = "policy-expired"
    case unixGroupUnavailable = "unix-group-unavailable"
    case deadline
}

/// A refusal: one reason, and what was compared.
public struct Refusal: Equatable, Sendable {
    /// Which of the closed list.
    public let reason: Reason

    /// What was expected and found; nothing of the token's bytes, and text from outside quoted.
    public let detail: String

    /// A refusal for `reason`.
    public init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }
}

/// A fault of the host: nobody can be judged until it is mended.
public struct Fault: Equatable, Sendable {
    /// The closed list of faults; the raw value is the CODE.
    public enum Code: String, CaseIterable, Sendable {
        case usage
        case configMissing = "config-missing"
        case configUnsafe = "config-unsafe"
        case configSyntax = "config-syntax"
        case configInvalid = "config-invalid"
        case `internal`
    }

    /// Which of them.
    public let code: Code

    /// Where and what, with the file and the place in it.
    public let detail: String

    /// What to do about it.
    public let mend: String

    /// A fault with its mend.
    public init(_ code: Code, _ detail: String, mend: String) {
        self.code = code
        self.detail = detail
        self.mend = mend
    }
}

/// What ends a decision early.
public enum Stop: Error, Equatable, Sendable {
    case refusal(Refusal)
    case fault(Fault)
}

/// Ends the decision with a refusal, `as` a value of any type that was to come.
func refuse<Value>(_ reason: Reason, _ detail: String) throws(Stop) -> Value {
    throw .refusal(Refusal(reason, detail))
}
