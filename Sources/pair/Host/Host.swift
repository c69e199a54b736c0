import ArgumentParser

/// What concerns a host that people log in to.
struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set up a host that people log in to, and look after it.",
        subcommands: [
            Setup.self, Doctor.self, Explain.self, Refresh.self, Watch.self, Remove.self, ImportOpkssh.self,
        ])
}
