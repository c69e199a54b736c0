import ArgumentParser

/// What concerns a host that people log in to.
struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look after a host: its providers' keys.", subcommands: [Refresh.self])
}
