import Administration
import ArgumentParser
import Encodings
import Policy
import SSHKeys

extension AccountsCommand {
    /// `pair accounts revoke`: what is refused whatever else says yes.
    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse a key, some certificates, or a person, whatever else says yes.",
            discussion: """
                A fingerprint revokes the key itself, certified or not, or a CA with all that it has signed. A file does the \
                same by the key in it; of a certificate, the key that it is for. With --serial or --id some certificates of a \
                CA are revoked, given by the CA's fingerprint or by one of its certificates. With --identity it is a person at \
                a provider of pair.toml, or at any ('*'). Sessions that are open go on.

                pair accounts revoke SHA256:…
                pair accounts revoke alice-cert.pub
                pair accounts revoke SHA256:… --serial 12-40
                pair accounts revoke --identity google sub:1101694
                """)

        @Argument(help: ArgumentHelp("What: a fingerprint, or a .pub file.", valueName: "SHA256:…|file"))
        var what: String?

        @Option(help: ArgumentHelp("Certificates with this serial, or with these.", valueName: "first-last"))
        var serial: String?

        @Option(help: ArgumentHelp("Certificates with this key id.", valueName: "key-id"))
        var id: String?

        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp("A person: provider, and sub:… or e-mail.", valueName: "provider who"))
        var identity: [String] = []

        @OptionGroup var host: ConfigurationOptions
        @OptionGroup var edit: EditOptions

        func validate() throws {
            guard [0, 2].contains(identity.count) else {
                throw ValidationError("--identity takes a provider and a person: --identity google sub:1101694.")
            }
            guard (what == nil) != identity.isEmpty else {
                throw ValidationError("Say what to revoke: a fingerprint or file, or --identity.")
            }
            guard serial == nil || id == nil else { throw ValidationError("--serial and --id exclude each other.") }
            guard identity.isEmpty || (serial == nil && id == nil) else {
                throw ValidationError("--serial and --id are about certificates, not about an --identity.")
            }
        }

        func run() throws {
            try reporting {
                let host = try AdministeredHost(host)
                let revocation = try revocation()
                var change = HostChange(
                    host: host, kind: .revoked, space: host.configuration.space, options: edit
                ) { bytes in
                    try RevokedFile(bytes, path: host.path(of: .revoked), under: host.configuration)
                        .revoking(revocation)
                }
                if case .identity(let who, let provider) = revocation, let pattern = IdentityPattern(who) {
                    change.refusal = AccessReview.Refusal(
                        identity: pattern, provider: provider == "*" ? nil : provider)
                }
                guard let made = try change.carryOut() else { return }
                tellUnknown(revocation, host, change.terminal)
                _ = made
            }
        }

        private func revocation() throws -> RevokedFile.Revocation {
            guard let what else { return .identity(Text(identity[1]), provider: Text(identity[0])) }
            let isOfCertificates = serial != nil || id != nil
            let fingerprint = try Fingerprint(Text(what)) ?? self.fingerprint(in: what, ofAuthority: isOfCertificates)
            if let serial { return .serials(try serials(Text(serial)), of: fingerprint) }
            return id.map { .keyID(Text($0), of: fingerprint) } ?? .key(fingerprint)
        }

        /// Of the key in a file: the one that is certified, or for its certificates' sake the CA's.
        private func fingerprint(in file: String, ofAuthority: Bool) throws -> Fingerprint {
            guard !file.hasPrefix("SHA256:") else {
                throw EditError.request(.malformed(.fingerprint, found: Text(file)))
            }
            switch try KeyText(from: file).material {
            case .key(let key): return try key.fingerprint()
            case .certificate(let certificate):
                let contents = certificate.contents
                return try (ofAuthority ? contents.signatureKey : contents.key).fingerprint()
            }
        }

        /// Says where a CA is none of the accounts': a slip of the pen would revoke nothing.
        private func tellUnknown(
            _ revocation: RevokedFile.Revocation, _ host: AdministeredHost, _ terminal: Terminal
        ) {
            let authority: Fingerprint
            switch revocation {
            case .serials(_, let fingerprint), .keyID(_, let fingerprint): authority = fingerprint
            case .key, .identity: return
            }
            let path = host.path(of: .accounts)
            guard let accounts = try? AccountsFile(host.contents(of: .accounts) ?? [], path: path),
                !accounts.keys.contains(where: { $0.isAuthority && $0.fingerprint == authority })
            else { return }
            terminal.complain(
                "\(terminal.style.yellow("note:")) no account has the CA \(authority): see that it is the right one.")
        }
    }
}
