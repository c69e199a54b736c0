import ArgumentParser

/// What concerns a host that people log in to.
struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look after a host: its providers' keys, and moving there from opkssh.",
        subcommands: [Refresh.self, ImportOpkssh.self])
}
