internal import Encodings
internal import IdentityToken
internal import Policy
internal import SSHKeys

/// The Keys path: a certificate that its own key signed, with a token in it.
///
/// Everything in the certificate but the token is the user's own writing.
extension Login {
    mutating func keys(
        _ certificate: CertificateContents, login: String, uid: UInt32?, files: borrowing some PolicyFiles
    ) throws(Stop) -> AuthorizedKeyLine {
        let principal = try self.principal(of: certificate, login: login)
        let token = try boundToken(in: certificate)
        let provider = try self.provider(of: token)
        let signed = try signature(of: token, by: provider, files: files)

        trace.begin(.commitment)
        let committed = try stage { () throws(TokenError) in try signed.committed() }
        trace.pass("the provider's nonce commits to this key")

        trace.begin(.times)
        let verified = try stage { () throws(TokenError) in try committed.verified(at: now) }
        trace.pass(
            (verified.isRefreshed ? "refreshed " : "issued ")
                + "\(now.since(verified.claims.issuedAt)) ago, good until \(verified.end.rfc3339)")

        let grant = try self.grant(for: verified, of: provider, login: login, uid: uid, files: files)
        let line = AuthorizedKeyLine(
            keys: certificate, principal: principal, token: verified, grant: grant, configuration: configuration,
            moment: moment)
        facts.expires = line.end
        return line
    }

    /// The one name that the line will have: the sentinel where the certificate has it, else the login.
    private mutating func principal(of certificate: CertificateContents, login: String) throws(Stop) -> Principal {
        trace.begin(.loginPrincipal)
        for name in [Principal.sentinel, login] where certificate.principals.contains(Array(name.utf8)) {
            guard let principal = Principal(name.utf8) else { break }
            trace.pass(name)
            return principal
        }
        return try refuse(.certPrincipals, "neither \(Principal.sentinel) nor \(quoted(login)) is among them")
    }

    private mutating func boundToken(in certificate: CertificateContents) throws(Stop) -> BoundToken {
        trace.begin(.token)
        guard let option = certificate.extension(CompactToken.certificateExtension) else {
            return try refuse(.tokenMissing, "no extension \(CompactToken.certificateExtension)")
        }
        let compact: [UInt8]
        do throws(KeyError) {
            compact = try option.string()
        } catch {
            return try refuse(.tokenStructure, "\(error)")
        }
        let token = try stage { () throws(TokenError) in try CompactToken(parsing: compact[...]) }
        trace.pass("\(compact.count) bytes" + (token.hasRefreshedToken ? ", with a refreshed token" : ""))

        trace.begin(.clientSignature)
        let bound = try stage { () throws(TokenError) in try token.bound(to: certificate.key) }
        trace.pass("\(token.client.algorithm.rawValue), by the certificate's own key")
        return bound
    }

    /// The provider that the token says it is from, and for whose client.
    private mutating func provider(of token: BoundToken) throws(Stop) -> Provider {
        trace.begin(.provider)
        let claims = token.claims
        let candidates = configuration.providers.filter { $0.issuer == claims.issuer }
        guard !candidates.isEmpty else {
            return try refuse(.providerUnknown, "no provider with issuer \(quoted(claims.issuer))")
        }
        guard let provider = candidates.first(where: { claims.isIssued(toOneOf: $0.clientIDs) }) else {
            throw TokenError.audience(claims.audiences, authorizedParty: claims.authorizedParty).stop
        }
        facts.provider = provider.name
        try stage { () throws(TokenError) in try token.check(under: configuration.rules(for: provider)) }
        trace.pass("\(provider.name), issuer \(quoted(claims.issuer))")
        return provider
    }

    private mutating func signature(
        of token: BoundToken, by provider: Provider, files: borrowing some PolicyFiles
    ) throws(Stop) -> SignedToken {
        trace.begin(.keySet)
        guard let bytes = try files.keySet(of: provider) else {
            return try refuse(.keysetMissing, "no cached key set of \(provider.name)")
        }
        let keySet = try stage { () throws(TokenError) in try KeySet(parsing: bytes, issuer: provider.issuer) }
        try stage { () throws(TokenError) in
            try keySet.checkAge(
                at: now, maximumAge: provider.maximumKeySetAge, clockSkew: configuration.clockSkew)
        }
        trace.pass("fetched \(now.since(keySet.fetchedAt)) ago")

        trace.begin(.providerSignature)
        let rules = configuration.rules(for: provider)
        let signed = try stage { () throws(TokenError) in try token.signed(by: keySet, under: rules) }
        facts.isVouchedFor = true
        facts.issuer = token.claims.issuer
        facts.subject = token.claims.subject
        facts.email = token.claims.email
        trace.pass("verified: sub \(quoted(token.claims.subject))")
        return signed
    }

    private mutating func grant(
        for token: VerifiedToken, of provider: Provider, login: String, uid: UInt32?,
        files: borrowing some PolicyFiles
    ) throws(Stop) -> Grant {
        let claims = token.claims
        facts.email = claims.email
        trace.begin(.revokedIdentity)
        let identity = Identity(claims, of: provider)
        let revocations = try revocations(of: [], in: files)
        switch revocations.answer(for: identity) {
        case .notRevoked: trace.pass("not listed")
        case .revoked(let line): return try refuse(.revokedIdentity, "revoked line \(line) lists \(claims.name)")
        case .undecidable(let line):
            return try refuse(.denyUndecidable, "revoked line \(line) lists an e-mail, and the token has none")
        }

        trace.begin(.membership)
        let query = MembershipQuery(login: login, uid: uid, identity: identity, now: now)
        let outcome = try settled(files.outcome(of: query), by: files)
        guard case .granted(let grant) = outcome else {
            let detail = outcome.detail(claims, login: login, uid: uid, space: configuration.space)
            return try refuse(outcome.reason, detail)
        }
        facts.role = grant.role
        let group = grant.unixGroup.map { ", which is in the group \(quoted($0))" } ?? ""
        trace.pass("members line \(grant.line): \(claims.name) may enter \(configuration.space) as \(login)\(group)")
        return grant
    }

    /// The outcome once the groups that it depends on are known, looked up in the order of the lines.
    ///
    /// A line whose group is not known ends it: the next one may give more.
    private func settled(
        _ outcome: MembershipOutcome, by files: borrowing some PolicyFiles
    ) throws(Stop) -> MembershipOutcome {
        guard case .depending(let grants, let otherwise) = outcome else { return outcome }
        var first: MembershipOutcome?
        for grant in grants {
            guard let group = grant.unixGroup else { continue }
            guard configuration.asksForUnixGroups else {
                let place = "members line \(grant.line) asks for the group \(quoted(group))"
                return try refuse(.unixGroupUnavailable, "\(place), and pair.toml does not have unix_groups = true")
            }
            let answer = try files.answer(for: group)
            if answer == .member { return .granted(grant) }
            first = first ?? .notInGroup(line: grant.line, group: group, answer)
        }
        if case .granted = otherwise { return otherwise }
        return first ?? otherwise
    }
}

/// Runs one stage of the token's verification.
private func stage<Value>(_ body: () throws(TokenError) -> Value) throws(Stop) -> Value {
    do throws(TokenError) {
        return try body()
    } catch {
        throw error.stop
    }
}

extension ClaimSet {
    /// Whom to call the person by in a message, quoted.
    fileprivate var name: String { quoted(email ?? subject) }
}

extension Identity {
    init(_ claims: ClaimSet, of provider: Provider) {
        self.init(
            providerName: provider.name, issuer: claims.issuer, subject: claims.subject, email: claims.email,
            isEmailVerified: claims.isEmailVerified, claims: claims.all, groupsClaim: provider.groupsClaim)
    }
}
