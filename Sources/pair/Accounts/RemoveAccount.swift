import Administration
import ArgumentParser
import Encodings
import Policy
import SSHKeys

extension AccountsCommand {
    /// `pair accounts remove`: an account, or one of its keys.
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take out an account, or one of its keys.",
            discussion: """
                Without its CA no certificate of an account is let in any more. Sessions that are open go on. To refuse some \
                certificates and keep the CA, see `pair accounts revoke`.
                """)

        @Argument(help: "The account.")
        var account: String

        @Option(help: ArgumentHelp("Only this key.", valueName: "SHA256:…"))
        var key: String?

        @OptionGroup var host: ConfigurationOptions
        @OptionGroup var edit: EditOptions

        func run() throws {
            try reporting {
                let host = try AdministeredHost(host)
                let fingerprint = try key.map { text in
                    guard let fingerprint = Fingerprint(Text(text)) else {
                        throw EditError.request(.malformed(.fingerprint, found: Text(text)))
                    }
                    return fingerprint
                }
                let change = HostChange(
                    host: host, kind: .accounts, space: host.configuration.space, options: edit
                ) { bytes in
                    try AccountsFile(bytes, path: host.path(of: .accounts)).removing(account, key: fingerprint)
                }
                _ = try change.carryOut()
            }
        }
    }
}
