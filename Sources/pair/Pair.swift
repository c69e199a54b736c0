import ArgumentParser

/// The people's program: everything but what sshd asks.
@main struct Pair: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair", abstract: "SSO-to-SSH and certificate access for plain OpenSSH.", version: version,
        subcommands: [
            Keys.self, SSHConfig.self, Host.self, Spaces.self, AccountsCommand.self, AccessLogCommand.self,
            FleetCommand.self,
        ])

    /// What `--version` prints and providers are told.
    static let version = "0.1.0"
}

/// What concerns a person's own Keys.
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Get Keys by signing in, renew them, look at them, remove them.",
        discussion: """
            Keys are an SSH key pair with a certificate that says who you are, in your provider's own words. They live a few \
            minutes and can be renewed for as long as your provider agrees.
            """,
        subcommands: [Create.self, Renew.self, List.self, Inspect.self, Remove.self])
}
