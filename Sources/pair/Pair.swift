import ArgumentParser

/// The people's program: everything but what sshd asks.
@main struct Pair: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair", abstract: "SSO-to-SSH and certificate access for plain OpenSSH.", version: "0.1.0",
        subcommands: [Keys.self])
}

/// What concerns a person's own Keys.
struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at keys and certificates.", subcommands: [Inspect.self])
}
