internal import Encodings
internal import Policy
internal import SSHKeys

/// The certificate path: what an account's own CA signed; and the account's plain keys, which need no CA.
///
/// What the CA wrote counts as far as the admin lets it: its principals reach services within its cap, and nothing of
/// the certificate but the one that matched is on the line. Its end, its permits and its critical options are sshd's to
/// enforce besides.
extension Login {
    mutating func signedByAuthority(
        _ certificate: CertificateContents, login: String, files: borrowing some PolicyFiles
    ) throws(Stop) -> AuthorizedKeyLine {
        let authority = try self.authority(of: certificate, files: files)

        trace.begin(.service)
        let grant = try ServiceGrant(
            for: login, principals: certificate.principals, cap: authority.services, in: configuration)
        let command = grant.service.command(account: authority.account, login: login)
        trace.pass(
            "\(grant.service.name), by the principal \(grant.principal.name)"
                + note(on: command, against: certificate.criticalOptions))
        facts.services = grant.services

        let line = AuthorizedKeyLine(
            certificate: certificate, principal: grant.principal, command: command, configuration: configuration,
            moment: moment)
        facts.expires = line.end == .never ? nil : line.end
        return line
    }

    /// The CA that signed, as an account has it.
    private mutating func authority(
        of certificate: CertificateContents, files: borrowing some PolicyFiles
    ) throws(Stop) -> AccountKey {
        trace.begin(.authority)
        let name = facts.ca.map { "\($0)" } ?? certificate.signatureKey.algorithm.rawValue
        let found: AccountKey?
        switch self.authority {
        case .success(let known): found = known
        case .failure(let stop): throw stop
        case nil: found = try files.account(with: certificate.signatureKey)
        }
        guard let found else { return try refuse(.caUnknown, "no account has the CA \(name)") }
        guard found.isAuthority else {
            let place = "accounts line \(found.line) has \(name) as a plain key of \(found.account)"
            return try refuse(.caUnknown, place + ", without cert-authority: it cannot sign for others")
        }
        let cap = found.services.map { "may grant \($0.joined(separator: ", ")) alone" } ?? "may grant everything"
        trace.pass("\(found.account)'s, accounts line \(found.line), \(name); \(cap)")
        return found
    }

    /// sshd refuses what is forced twice and not the same.
    private func note(on command: Text?, against options: [CertificateOption]) -> String {
        guard let command, let option = options.first(where: { $0.name == "force-command" }),
            (try? option.string()) != Array(command.utf8)
        else { return "" }
        return "; sshd will refuse, for the certificate's force-command is another than the service's command"
    }

    /// A plain key, as one of an account's: an admin key, which reaches the logins of every service.
    ///
    /// The commonest call of all is a stray key of nobody: up to the account it costs no libcrypto.
    mutating func accountKey(
        _ key: PublicKey, login: String, files: borrowing some PolicyFiles
    ) throws(Stop) -> AuthorizedKeyLine {
        trace.begin(.account)
        guard let found = try files.account(with: key) else {
            return try refuse(.keyUnknown, "a plain key, and no account has it")
        }
        guard !found.isAuthority else {
            let place = "accounts line \(found.line) has it as a CA of \(found.account)"
            return try refuse(.keyUnknown, place + ": it signs, and never logs in itself")
        }
        let fingerprint = try fingerprint(of: key)
        facts.key = fingerprint
        facts.account = found.account
        trace.pass("\(found.account)'s, accounts line \(found.line)")

        trace.begin(.revokedKey)
        _ = try checkRevocation(of: [fingerprint], files: files)
        trace.pass("not listed")

        trace.begin(.service)
        let grant = try ServiceGrant(ofPlainKeyFor: login, in: configuration)
        trace.pass("\(grant.service.name): a plain key of an account reaches every service")
        facts.services = grant.services

        let command = grant.service.command(account: found.account, login: login)
        return AuthorizedKeyLine(plainKey: key, command: command, configuration: configuration, moment: moment)
    }
}
