public import Encodings
public import IdentityToken
public import SSHKeys

extension ClientRegistration {
    /// Verifies a token as every host will that trusts this provider for this client.
    /// - Parameters:
    ///   - token: New, or with a refreshed token behind it.
    ///   - key: The key that it is to be bound to.
    ///   - keys: The provider's, as it serves them now.
    ///   - now: The moment to judge it at.
    /// - Returns: The proof that it was verified.
    /// - Throws: `SignInError.issuer`, `nonceMissing`, `token`.
    public func verify(
        _ token: CompactToken, for key: PublicKey, with keys: KeySet, at now: UnixTime
    ) throws(SignInError) -> VerifiedToken {
        let stage: TokenStage = token.hasRefreshedToken ? .refresh : .signIn
        let bound = try verifying(stage, at: now) { () throws(TokenError) in try token.bound(to: key) }
        try check(bound.claims)
        return try verifying(stage, at: now) { () throws(TokenError) in
            try bound.signed(by: keys, under: verificationRules).committed().verified(at: now)
        }
    }
}

/// Runs a step of the verification, or of what leads up to it.
func verifying<Value>(
    _ stage: TokenStage, at now: UnixTime, _ body: () throws(TokenError) -> Value
) throws(SignInError) -> Value {
    do throws(TokenError) {
        return try body()
    } catch {
        throw .token(error, stage, at: now)
    }
}

extension CertificateContents {
    /// The principal by which hosts know such a certificate: opkssh's sentinel.
    static let sentinel = "opkssh-wildcard"

    /// How much earlier than now a certificate begins, for hosts whose clock is behind.
    static let headStart = Seconds(30)

    /// The certificate around a token, still to be signed by `key` itself.
    ///
    /// Its permits are what its bearer would like; a host permits what it is configured to. Source: docs/token.md.
    /// - Parameters:
    ///   - key: The key that the token is bound to.
    ///   - token: What makes a host accept it.
    ///   - verified: The proof that `token` was verified, from which the end and the name in logs are taken.
    ///   - now: When it begins.
    ///   - nonce: 32 random bytes.
    public init(keys key: PublicKey, token: CompactToken, verified: VerifiedToken, now: UnixTime, nonce: [UInt8]) {
        let permits: [PermitExtension] = [.x11Forwarding, .agentForwarding, .portForwarding, .pty, .userRC]
        let name = verified.claims.email ?? verified.claims.subject
        self.init(
            nonce: nonce, key: key, serial: 0, kind: .user, keyID: Array(name.utf8),
            principals: [Array(CertificateContents.sentinel.utf8)],
            validAfter: UInt64(clamping: (now - CertificateContents.headStart).seconds),
            validBefore: UInt64(clamping: verified.end.seconds), criticalOptions: [],
            extensions: [CertificateOption(name: CompactToken.certificateExtension, string: token.text)]
                + permits.map { CertificateOption(flag: $0.rawValue) },
            signatureKey: key)
    }
}
