internal import Encodings
internal import IdentityToken
internal import Policy

extension TokenError {
    /// The end of the decision that it means.
    var stop: Stop {
        if case .libcrypto(let failure) = self { return .fault(.libcrypto(failure.description)) }
        return .refusal(Refusal(reason, "\(self)"))
    }

    /// The reason that an admin is given.
    private var reason: Reason {
        switch self {
        case .tooLarge: .tokenTooLarge
        case .segments, .base64, .header(_, .forbidden): .tokenStructure
        case .header(.providerHeader, .notText("typ")): .tokenType
        case .header(.clientHeader, .json), .header(.clientHeader, .notAnObject), .header(.clientHeader, .notText):
            .cicMalformed
        case .header(_, .json), .header(_, .notAnObject), .header(_, .notText): .tokenStructure
        case .audience: .audience
        case .role, .tokenType: .tokenType
        case .cosigned: .tokenCosigned
        case .clientHeader: .cicMalformed
        case .clientHeaderNotCanonical: .cicNotCanonical
        case .clientKeyMismatch: .cicKeyMismatch
        case .clientSignature: .cicSignature
        case .claims: .tokenClaims
        case .algorithm: .algNotAllowed
        case .keySet: .keysetMalformed
        case .keySetStale: .keysetStale
        case .keySetInFuture: .keysetFuture
        case .keyIDUnknown: .kidUnknown
        case .keyIDAmbiguous: .kidAmbiguous
        case .providerSignature: .opSignature
        case .commitment: .commitment
        case .issuedInFuture: .iatFuture
        case .notYetValid: .notYetValid
        case .tokenExpired: .tokenExpired
        case .keysExpired: .keysExpired
        case .refreshedIdentity: .refreshedIdentity
        case .refreshedSignature: .refreshedSignature
        case .refreshedNonce: .refreshedNonce
        case .refreshedOrder: .refreshedOrder
        case .refreshedExpired: .refreshedExpired
        case .renewalTooOld: .renewalTooOld
        case .libcrypto: .opSignature  // a fault, see `stop`
        }
    }
}

extension MembershipOutcome {
    /// The reason that an admin is given.
    var reason: Reason {
        switch self {
        case .denied: .denied
        case .undecidable: .denyUndecidable
        case .loginUID: .loginUID
        case .expired: .grantExpired
        case .loginNotGranted: .loginNotGranted
        case .notInGroup: .unixGroup
        case .notAMember, .granted, .depending: .notAMember
        }
    }

    /// What was compared.
    func detail(_ claims: ClaimSet, login: String, uid: UInt32?, space: String) -> String {
        let name = quoted(claims.email ?? claims.subject)
        return switch self {
        case .granted(let grant): "members line \(grant.line)"
        case .depending(let grants, _): "\(grants.count) lines of members want the login in a group"
        case .notInGroup(let line, let group, let answer):
            "members line \(line) means \(name) where \(login) is in the group \(quoted(group)); "
                + answer.detail(login: login)
        case .denied(let line): "members line \(line) denies \(name)"
        case .undecidable(let line): "members line \(line) denies by a claim that the token lacks"
        case .loginUID(let line):
            "members line \(line) gives \(login) by a template, and "
                + (uid.map { "its uid, \($0), is a system account's" } ?? "no --uid says that it is no system account")
        case .expired(let line, let end): "members line \(line) was good until \(end.rfc3339)"
        case .loginNotGranted(let line): "members line \(line) means \(name), but does not grant \(login)"
        case .notAMember(let nearMiss):
            "no line for \(name) in \(space)" + (nearMiss.map { "; \($0.detail)" } ?? "")
        }
    }
}

extension GroupAnswer {
    /// What the host's directory has.
    fileprivate func detail(login: String) -> String {
        switch self {
        case .member: "it is"
        case .notMember: "it is not"
        case .noSuchGroup: "there is no such group"
        case .noSuchLogin: "there is no user \(login)"
        }
    }
}

extension MembershipOutcome.NearMiss {
    /// What kept a line from holding.
    fileprivate var detail: String {
        switch self {
        case .emailNotVerified(let line): "line \(line) would, were email_verified true"
        case .notHostedDomain(let line): "line \(line) would, were hd the domain"
        case .requirement(let line, let claim): "line \(line) would, but requires another \(quoted(claim))"
        case .otherProvider(let line, let name): "line \(line) would, at the provider \(quoted(name))"
        }
    }
}
