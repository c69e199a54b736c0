public import Encodings

/// What a provider's tokens must be like, from its configuration.
public struct VerificationRules: Sendable {
    /// The client ids that are ours.
    public let clientIDs: [Text]

    /// The algorithms it may sign with.
    public let algorithms: [SigningAlgorithm]

    /// The values of `typ` it may use; an absent one counts as `JWT`.
    public let tokenTypes: [Text]

    /// How far ahead a start may be; an end is never forgiven.
    public let clockSkew: Seconds

    /// How long Keys live, from the newest `iat`.
    public let keysLifetime: Seconds

    /// How old the original token of renewed Keys may be.
    public let renewableFor: Seconds

    /// Whether Keys may outlive the ID token's own `exp`.
    public let beyondTokenExpiry: Bool

    /// Rules with these values.
    public init(
        clientIDs: [Text], algorithms: [SigningAlgorithm], tokenTypes: [Text], clockSkew: Seconds,
        keysLifetime: Seconds, renewableFor: Seconds, beyondTokenExpiry: Bool
    ) {
        self.clientIDs = clientIDs
        self.algorithms = algorithms
        self.tokenTypes = tokenTypes
        self.clockSkew = clockSkew
        self.keysLifetime = keysLifetime
        self.renewableFor = renewableFor
        self.beyondTokenExpiry = beyondTokenExpiry
    }

    /// Whether a header's `typ` is among the provider's.
    func accepts(type: Text?) -> Bool { tokenTypes.contains(type ?? "JWT") }

    fileprivate func checkStarts(of claims: ClaimSet, now: UnixTime) throws(TokenError) {
        guard claims.issuedAt <= now + clockSkew else { throw .issuedInFuture(claims.issuedAt) }
        if let start = claims.notBefore, start > now + clockSkew { throw .notYetValid(start) }
    }
}

/// A token whose client signature was verified, so that the holder of the bound key made it; the provider comes next.
public struct BoundToken: Sendable {
    fileprivate let token: CompactToken

    /// What the payload says, not yet verified: only good for finding the provider to ask.
    public let claims: ClaimSet

    /// Only `CompactToken.bound(to:)` makes one.
    init(token: CompactToken, claims: ClaimSet) {
        self.token = token
        self.claims = claims
    }

    /// Checks that the token is of the kind that a provider's rules want, before anything is asked of its key set.
    /// - Parameter rules: Those of the provider that the claims name.
    /// - Throws: `TokenError.audience`, `tokenType`, `algorithm`.
    public func check(under rules: VerificationRules) throws(TokenError) {
        guard claims.isIssued(toOneOf: rules.clientIDs) else {
            throw .audience(claims.audiences, authorizedParty: claims.authorizedParty)
        }
        let header = token.provider.header
        guard rules.accepts(type: header.type) else { throw .tokenType(header.type) }
        _ = try header.algorithm(among: rules.algorithms)
    }

    /// The token, once the provider is known to have signed it.
    /// - Parameters:
    ///   - keys: The key set of the provider that the claims name.
    ///   - rules: The provider's.
    /// - Returns: The token with its provider's signature verified.
    /// - Throws: What `check(under:)` throws, `TokenError.keySet` for the set of another issuer, `keyIDUnknown`,
    ///   `keyIDAmbiguous`, `algorithm` for a key that does not fit, `providerSignature`, `libcrypto`.
    public func signed(by keys: KeySet, under rules: VerificationRules) throws(TokenError) -> SignedToken {
        try check(under: rules)
        guard keys.issuer == claims.issuer else { throw .keySet(.issuer(keys.issuer)) }
        try token.provider.verify(with: keys, algorithms: rules.algorithms)
        return SignedToken(token: token, claims: claims, keys: keys, rules: rules)
    }
}

/// A token that its provider signed, not yet known to be for this key or of this time.
public struct SignedToken: Sendable {
    fileprivate let token: CompactToken
    fileprivate let claims: ClaimSet
    fileprivate let keys: KeySet
    fileprivate let rules: VerificationRules

    /// The token, once the provider's nonce is known to commit to the client's key.
    /// - Returns: The token with key and identity tied together.
    /// - Throws: `TokenError.commitment`, `TokenError.libcrypto`.
    public func committed() throws(TokenError) -> CommittedToken {
        guard claims.all["nonce"]?.text == Text(try token.client.commitment()) else { throw .commitment }
        return CommittedToken(signed: self)
    }
}

/// A token whose provider said who holds the key, at some time.
public struct CommittedToken: Sendable {
    private let original: ClaimSet
    private let refreshed: JWS?
    private let keys: KeySet
    private let rules: VerificationRules

    fileprivate init(signed: SignedToken) {
        original = signed.claims
        refreshed = signed.token.refreshed
        keys = signed.keys
        rules = signed.rules
    }

    /// The token, once it is known to hold at `now`.
    /// - Parameter now: The moment to judge it at.
    /// - Returns: What a decision may rest on.
    /// - Throws: `TokenError`: the reasons about time, and those about a refreshed token where there is one.
    public func verified(at now: UnixTime) throws(TokenError) -> VerifiedToken {
        try rules.checkStarts(of: original, now: now)
        let claims = try refreshed.map { (token) throws(TokenError) in try newer(token, now: now) } ?? original
        let keysEnd = claims.issuedAt + rules.keysLifetime
        if !rules.beyondTokenExpiry, now >= claims.expires { throw .tokenExpired(claims.expires) }
        guard now < keysEnd else { throw .keysExpired(keysEnd) }
        return VerifiedToken(
            claims: claims, isRefreshed: refreshed != nil,
            end: rules.beyondTokenExpiry ? keysEnd : min(keysEnd, claims.expires))
    }

    /// The claims of the refreshed token.
    ///
    /// Source: docs/token.md "Refreshed token".
    private func newer(_ token: JWS, now: UnixTime) throws(TokenError) -> ClaimSet {
        let claims = try ClaimSet(parsing: token.payload)
        try checkIdentity(of: claims)
        try checkSignature(of: token)
        // Else the holder of an old key could graft the token of a newer sign-in onto it.
        if let nonce = claims.all["nonce"], nonce != original.all["nonce"] { throw .refreshedNonce }
        guard claims.issuedAt >= original.issuedAt else { throw .refreshedOrder }
        try rules.checkStarts(of: claims, now: now)
        if !rules.beyondTokenExpiry, now >= claims.expires { throw .refreshedExpired(claims.expires) }
        let age = now.since(original.issuedAt)
        guard age <= rules.renewableFor else { throw .renewalTooOld(age) }
        return claims
    }

    private func checkIdentity(of claims: ClaimSet) throws(TokenError) {
        guard claims.issuer == original.issuer else { throw .refreshedIdentity("iss") }
        guard claims.subject == original.subject else { throw .refreshedIdentity("sub") }
        let isSameAudience =
            claims.audiences.allSatisfy { original.audiences.contains($0) }
            && original.audiences.allSatisfy { claims.audiences.contains($0) }
        guard isSameAudience, claims.isIssued(toOneOf: rules.clientIDs) else {
            throw .refreshedIdentity("aud")
        }
        for name in ["auth_time", "sid"] as [Text] {
            guard let old = original.all[name], let new = claims.all[name] else { continue }
            guard old.isSame(as: new) else { throw .refreshedIdentity(name.string) }
        }
    }

    /// A key that is unknown, ambiguous or unfit is reported as such: another key set mends it; all else is one reason.
    private func checkSignature(of token: JWS) throws(TokenError) {
        guard rules.accepts(type: token.header.type),
            let algorithm = try? token.header.algorithm(among: rules.algorithms)
        else { throw .refreshedSignature }
        let key = try keys.key(named: token.header.keyID, for: algorithm)
        guard try key.verifies(token.signature, over: token.signingInput, algorithm: algorithm) else {
            throw .refreshedSignature
        }
    }
}

/// An identity that its provider vouches for, tied to a key, at the time it was judged at.
///
/// Made nowhere but at the end of the verification in this file: whoever holds one need not ask again.
public struct VerifiedToken: Sendable {
    /// The newest claims: the refreshed token's where there is one, and then those alone.
    public let claims: ClaimSet

    /// Whether the claims are a refreshed token's.
    public let isRefreshed: Bool

    /// When it stops to count: the Keys' lifetime or the token's own `exp`, whichever is earlier.
    public let end: UnixTime

    fileprivate init(claims: ClaimSet, isRefreshed: Bool, end: UnixTime) {
        self.claims = claims
        self.isRefreshed = isRefreshed
        self.end = end
    }
}

extension JSON {
    /// Whether both are the same value, `1` and `1.0` being one number.
    fileprivate func isSame(as other: JSON) -> Bool {
        switch (self, other) {
        case (.integer(let integer), .number(let number)), (.number(let number), .integer(let integer)):
            Double(integer) == number
        case (.null, _), (.bool, _), (.integer, _), (.number, _), (.string, _), (.array, _), (.object, _):
            self == other
        }
    }
}
