internal import Encodings
internal import Signatures

extension Finding.Reason: CustomStringConvertible {
    /// What was found, without a full stop.
    public var description: String {
        switch self {
        case .fault(let text): text
        case .file(let text, _): text
        case .unreadable(let user, _): "the user \(user) cannot read it, and pair-authkeys runs as that"
        case .judgedAsYours: "judged as a file of yours; sshd's run takes files of root's alone"
        case .otherSpaceFault(let space, let text): "of Space \(space.shown), passed over here, a fault there: \(text)"
        case .providerPassedOver(let name): "passed over: pair.toml has no provider \(name.shown)"
        case .spaceMalformed(let space): "\(space.shown) cannot be a Space's name: the line holds nowhere"
        case .spaceCase(let space, let ours): "\(space.shown) is not \(ours): the line does not hold here"
        case .denySpaceUnused(let space): "a deny for \(space.shown), a Space that no other line is about"
        case .duplicate(let line): "says what line \(line) says"
        case .grantExpired(let end): "over since \(end.rfc3339)"
        case .grantDenied(let line): "never counts: line \(line) denies them"
        case .grantShadowed(let lines):
            "never counts: \(place(lines)) in front of it let\(lines.count == 1 ? "s" : "") them in"
        case .loginsShadowed(let logins, let lines):
            "\(listed(logins.map(\.shown))): never counts, \(place(lines)) in front of it let\(lines.count == 1 ? "s" : "") "
                + "them in"
        case .loginUnknown(let login): "no user \(login.shown) on this machine"
        case .loginIsRoot(let login): "gives \(login.shown), which is root (uid 0)"
        case .unixGroupUnasked(let group):
            "lets nobody in: it wants the login in the group \(group.shown), and pair.toml has no unix_groups = true"
        case .emailAtGoogle(let domain):
            "an address at Google without require=hd:\(domain.shown): a private account may have it"
        case .claimChosenByPerson(let claim):
            "claim \(claim.shown): at many providers people choose its value themselves"
        case .templateGivesSystemLogins(let logins, let minimum):
            "template_min_uid = \(minimum) lets a template give system users: \(logins.prefix(8).joined(separator: ", "))"
                + (logins.count > 8 ? " and \(logins.count - 8) more" : "")
        case .templateGivesServiceLogin(let login, let service):
            "a template may give \(login), the login of service \(service)"
        case .groupsAtGoogle: "Google's tokens have no groups: the deny refuses everybody of that provider"
        case .denyWantsClaim(let kind, let provider):
            "refuses tokens without \(kind.rawValue) too (deny-undecidable), at \(provider?.shown ?? "every provider")"
        case .providerUnused(let name): "no line of the Space is about provider \(name.shown)"
        case .serviceLoginUnknown(let login, let service): "service \(service): no user \(login) on this machine"
        case .serviceLoginIsRoot(let login, let service): "service \(service): \(login) is root (uid 0)"
        case .noService: "pair.toml has no [[service]]: no account reaches anything"
        case .authorityUncapped(let account):
            "\(account)'s CA has no services=: it may grant every service, and admin"
        case .capUnknown(let service): "services: pair.toml has no service \(service)"
        case .rsaShort(let bits): "an RSA key of \(bits) bits"
        case .keyWeak(let text): "a key that must not be used: \(text)"
        case .keyReachesAll(let account): "a plain key: \(account) reaches every service with it, for ever"
        case .keyRevoked(let line): "revoked, by line \(line) of the revoked file"
        case .revokedBefore(let line): "revoked already, by line \(line)"
        case .authorityUnknown(let fingerprint): "no account has the CA \(fingerprint)"
        case .revokedEmailWantsClaim(let provider):
            "refuses tokens without an e-mail too (deny-undecidable), at \(provider == "*" ? "every provider" : provider.shown)"
        case .usersUnknown(let text): "the users of this machine could not be looked up: \(text)"
        }
    }

    private func place(_ lines: [Int]) -> String {
        (lines.count == 1 ? "line " : "lines ") + listed(lines.map(String.init))
    }

    /// What to do, in a sentence or two.
    public var advice: String {
        switch self {
        case .fault: "Correct it: until then nobody enters."
        case .file(_, let mend), .unreadable(_, let mend): "Do this: \(mend)."
        case .judgedAsYours: "Have root own it, and check it again as root, before sshd uses it."
        case .otherSpaceFault: "Correct it for the hosts of that Space; nobody enters there."
        case .providerPassedOver: "Leave it if other hosts have that provider; else correct the name."
        case .spaceMalformed, .spaceCase: "Write the name just as pair.toml has it behind space =."
        case .denySpaceUnused: "Look at its spelling: misspelt, it denies nobody."
        case .duplicate: "Take one of them out."
        case .grantExpired: "Take it out, or give it a new end: `pair spaces allow … --replace --until +30d`."
        case .grantDenied: "Take out the grant, or the deny: `pair spaces remove --deny IDENTITY`."
        case .grantShadowed:
            "Take it out, or put it in front of the wider line: the first that matches gives all its options."
        case .loginsShadowed: "Take that login out of one of the lines."
        case .loginUnknown: "Make the user, or correct the name: sshd asks for users that exist alone."
        case .loginIsRoot: "Prefer a login of their own with sudo; at least add require=amr:mfa or from=."
        case .unixGroupUnasked: "Put unix_groups = true at the top of pair.toml, or take the option out."
        case .emailAtGoogle: "Add require=hd:DOMAIN, or grant by sub:."
        case .claimChosenByPerson: "Use sub:, a group, or an e-mail (OpenID Connect Core 1.0 §5.7)."
        case .templateGivesSystemLogins: "Set template_min_uid to 1000, or to where the uids of people start."
        case .templateGivesServiceLogin:
            "See that nobody can get that name as theirs, or give the service a uid below template_min_uid."
        case .groupsAtGoogle: "Deny by sub: or by e-mail."
        case .denyWantsClaim: "Have every client ask for it, or deny by sub:, which every token has."
        case .providerUnused: "Take it out of pair.toml if nobody is to come from there."
        case .serviceLoginUnknown: "Make the user, or correct logins."
        case .serviceLoginIsRoot: "Give the service a user of its own; keep root for the service admin, if at all."
        case .noService: "Add [[service]] tables with name and logins."
        case .authorityUncapped:
            "Add cert-authority,services=\"…\" with what it is for; name admin there if it may be granted."
        case .capUnknown: "Add the [[service]], or correct the name: no certificate is let in by it."
        case .rsaShort: "Replace it with Ed25519, or RSA of 3072 bits at least, before 2030 (NIST SP 800-57)."
        case .keyWeak: "Take it out, and make a new one: ssh-keygen -t ed25519."
        case .keyReachesAll: "Prefer a CA with services= and short certificates, but for the admins' own keys."
        case .keyRevoked: "Take it out: it enters nowhere."
        case .revokedBefore: "Take one of them out."
        case .authorityUnknown: "Leave it if the CA was taken out of accounts; else correct the fingerprint."
        case .revokedEmailWantsClaim: "Have every client ask for it, or revoke by sub:, which every token has."
        case .usersUnknown: "Run it again where getent works; logins were not checked."
        }
    }
}
