import ArgumentParser

/// What concerns accounts: their CAs and keys.
struct AccountsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accounts", abstract: "Say which CAs and keys reach this host's services, and revoke some.",
        discussion: """
            Whatever an account's CA signs may enter the services that are the certificate's principals, no others, until it \
            expires. A plain key reaches every service. Works on the files accounts and revoked that pair.toml names; all \
            other lines stay as they are, byte for byte. A file as it was is kept beside it, with a - at the end of its name.
            """,
        subcommands: [AddCA.self, AddKey.self, List.self, Remove.self, Revoke.self])
}
