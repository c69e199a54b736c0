import ArgumentParser

/// What concerns a host that people log in to.
struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look after a host that people log in to.",
        subcommands: [Doctor.self, Explain.self, Refresh.self, ImportOpkssh.self])
}
