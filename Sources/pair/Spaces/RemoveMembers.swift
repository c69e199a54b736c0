import Administration
import ArgumentParser
import Encodings
import Policy

extension Spaces {
    /// `pair spaces remove`: lines that are to go.
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take out what lets somebody in.",
            discussion: """
                Takes out the grants whose IDENTITY is just that. A line of a domain or a group may still let the person in; \
                `pair spaces deny` keeps them out. Denies stay, unless --deny. Sessions that are open go on.
                """)

        @Argument(help: "Whose lines, as IDENTITY has it.")
        var identity: String

        @Option(help: "Only lines of that provider; '*' for denies of any.")
        var provider: String?

        @Option(help: "Only this login; a line that has others keeps these.")
        var login: String?

        @Flag(help: "Take out denies instead of grants, and so perhaps let somebody in.")
        var deny = false

        @OptionGroup var options: SpaceOptions
        @OptionGroup var edit: EditOptions

        func validate() throws {
            guard !deny || login == nil else { throw ValidationError("A deny has no logins: leave out --login.") }
        }

        func run() throws {
            try reporting {
                let host = try AdministeredHost(options.host)
                let space = options.space ?? host.configuration.space
                let removal = MembersFile.Removal(
                    identity: Text(identity), provider: provider.map { Text($0) }, login: login.map { Text($0) },
                    isOfDenies: deny)
                let change = HostChange(host: host, kind: .members, space: space, options: edit) { bytes in
                    try MembersFile(bytes, path: host.path(of: .members), under: host.configuration, space: space)
                        .removing(removal)
                }
                guard let made = try change.carryOut(), !deny else { return }
                tellWhatIsLeft(
                    try MembersFile(
                        made.file.bytes, path: made.file.path, under: host.configuration, space: space),
                    change.terminal)
            }
        }

        /// Says which lines may still let the person in.
        private func tellWhatIsLeft(_ members: MembersFile, _ terminal: Terminal) {
            guard let pattern = IdentityPattern(Text(identity)) else { return }
            let denied = members.entries.contains { $0.isDeny && $0.line.identity.covers(pattern) }
            let left = members.entries.filter { $0.grant != nil && $0.line.identity.covers(pattern) }
            guard !left.isEmpty, !denied else { return }
            let lines = left.map {
                "line \($0.number) (\($0.line.identity.text.string), \($0.line.provider?.string ?? "*"))"
            }
            terminal.complain(
                "\(terminal.style.yellow("note:")) \(identity) may still enter by \(lines.joined(separator: ", ")).")
        }
    }
}
