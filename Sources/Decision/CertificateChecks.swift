internal import Encodings
internal import Policy
internal import SSHKeys
internal import Signatures

extension Login {
    /// What must hold of any certificate, whoever signed it.
    mutating func check(_ certificate: Certificate, files: borrowing some PolicyFiles) throws(Stop) {
        let contents = certificate.contents
        trace.begin(.certificate)
        guard contents.kind == .user else { return try refuse(.certHost, "a host certificate") }
        let criticalOptions: [CriticalOption]
        do throws(KeyError) {
            criticalOptions = try contents.typedCriticalOptions()
            _ = try contents.permits()
        } catch {
            throw .refusal(Refusal(error.reason, "\(error)"))
        }
        trace.pass("user certificate, key id \(quoted(contents.keyID)), serial \(contents.serial)")

        try checkPrincipals(contents)
        try checkSignature(certificate)
        if !certificate.isSelfSigned { findAuthority(of: contents, files: files) }
        try checkValidity(contents)

        trace.begin(.criticalOptions)
        for case .unknown(let name) in criticalOptions {
            return try refuse(.certCriticalOption, "\(quoted(name)) is not known")
        }
        trace.pass(description(of: criticalOptions))

        try checkRevocation(of: certificate, files: files)
    }

    private mutating func checkPrincipals(_ contents: CertificateContents) throws(Stop) {
        trace.begin(.principals)
        guard !contents.principals.isEmpty else { return try refuse(.certPrincipals, "no principals") }
        for name in contents.principals where Principal(name) == nil {
            return try refuse(.certPrincipals, "\(quoted(name)) cannot be a principal")
        }
        trace.pass(contents.principals.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", "))
    }

    private mutating func checkSignature(_ certificate: Certificate) throws(Stop) {
        trace.begin(.certificateSignature)
        if !certificate.isSelfSigned { facts.ca = try fingerprint(of: certificate.contents.signatureKey) }
        do throws(SignatureError) {
            try certificate.verifySignature()
        } catch {
            throw error.stop(isSelfSigned: certificate.isSelfSigned)
        }
        trace.pass("verified over \(certificate.signed.count) bytes as received")
    }

    private mutating func checkValidity(_ contents: CertificateContents) throws(Stop) {
        trace.begin(.validity)
        guard contents.start <= now + configuration.clockSkew else {
            return try refuse(.certNotYetValid, "valid from \(contents.start.rfc3339), now \(now.rfc3339)")
        }
        guard now < contents.end else {
            return try refuse(.certExpired, "valid until \(contents.end.rfc3339), now \(now.rfc3339)")
        }
        trace.pass("\(contents.start.rfc3339) to \(contents.end.rfc3339), now \(now.rfc3339)")
    }

    /// Looks the CA up as soon as it is known to have signed, so that whatever refuses from here on is recorded under the
    /// account's name; `signedByAuthority` tells in its turn what came of it.
    private mutating func findAuthority(of contents: CertificateContents, files: borrowing some PolicyFiles) {
        do throws(Stop) {
            let found = try files.account(with: contents.signatureKey)
            authority = .success(found)
            guard let found, found.isAuthority else { return }
            facts.isVouchedFor = true
            facts.account = found.account
            facts.keyID = Text(String(decoding: contents.keyID, as: UTF8.self))
            facts.serial = contents.serial
        } catch {
            authority = .failure(error)
        }
    }

    private mutating func checkRevocation(
        of certificate: Certificate, files: borrowing some PolicyFiles
    ) throws(Stop) {
        trace.begin(.revokedKey)
        let contents = certificate.contents
        let key = try fingerprint(of: contents.key)
        let signer = certificate.isSelfSigned ? key : try fingerprint(of: contents.signatureKey)
        let revocations = try checkRevocation(of: certificate.isSelfSigned ? [key] : [key, signer], files: files)
        if let line = revocations.line(revokingSerial: contents.serial, keyID: contents.keyID, of: signer) {
            return try refuse(.revokedCert, "revoked line \(line) lists serial \(contents.serial) or the key id")
        }
        trace.pass("not listed")
    }

    /// Refuses where one of `keys` is revoked; hands back what else is.
    mutating func checkRevocation(
        of keys: [Fingerprint], files: borrowing some PolicyFiles
    ) throws(Stop) -> Revocations {
        let revocations = try revocations(of: keys, in: files)
        for fingerprint in keys {
            guard let line = revocations.line(revokingKey: fingerprint) else { continue }
            return try refuse(.revokedKey, "revoked line \(line) lists \(fingerprint)")
        }
        return revocations
    }
}

/// What sshd will hold the session to, as the certificate says it.
private func description(of options: [CriticalOption]) -> String {
    guard !options.isEmpty else { return "none" }
    let named = options.map { option in
        switch option {
        case .forceCommand(let command): "force-command \(quoted(command))"
        case .sourceAddress(let list): "source-address \(quoted(list))"
        case .verifyRequired: "verify-required"
        case .unknown(let name): quoted(name)
        }
    }
    return named.joined(separator: ", ") + "; sshd enforces them"
}

extension SignatureError {
    /// The reason that an admin is given; a weak or odd CA key is the certificate's fault, not the offered key's.
    fileprivate func stop(isSelfSigned: Bool) -> Stop {
        switch self {
        case .malformed, .algorithm, .mismatch: .refusal(Refusal(.certSignature, "\(self)"))
        case .unsupported: .refusal(Refusal(.keyTypeUnsupported, "\(self)"))
        case .key(.libcrypto(let error)), .libcrypto(let error): .fault(.libcrypto("\(error)"))
        case .key(.notOnCurve): .refusal(Refusal(isSelfSigned ? .keyMalformed : .certSignature, "\(self)"))
        case .key(.rsaModulus), .key(.rsaExponent), .key(.length):
            .refusal(Refusal(isSelfSigned ? .keyTypeUnsupported : .certSignature, "\(self)"))
        }
    }
}
