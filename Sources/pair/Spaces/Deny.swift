import Administration
import ArgumentParser
import Encodings
import Policy

extension Spaces {
    /// `pair spaces deny`: somebody who is refused whatever else lets them in.
    struct Deny: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse somebody, whatever else lets them in.",
            discussion: """
                sub:… is the surest: every token has it. A deny on an e-mail, a domain, a group or a claim also refuses \
                everybody whose token does not have that claim at all. Sessions that are open go on.
                """)

        @Argument(help: "Whom: an e-mail, *@DOMAIN, sub:…, group:… or claim:NAME=VALUE.")
        var identity: String

        @Option(help: "Their provider's name in pair.toml, '*' for any; the only one otherwise.")
        var provider: String?

        @OptionGroup var options: SpaceOptions
        @OptionGroup var edit: EditOptions

        func run() throws {
            try reporting {
                let host = try AdministeredHost(options.host)
                let space = options.space ?? host.configuration.space
                let name: Text = try provider.map { Text($0) } ?? onlyProvider(of: host, space)
                guard let pattern = IdentityPattern(Text(identity)) else {
                    throw EditError.request(.malformed(.identity, found: Text(identity)))
                }
                var change = HostChange(host: host, kind: .members, space: space, options: edit) { bytes in
                    let members = try MembersFile(
                        bytes, path: host.path(of: .members), under: host.configuration, space: space)
                    if name != "*" { _ = try members.provider(named: name) }
                    return try members.denying(Text(identity), at: name)
                }
                change.refusal = AccessReview.Refusal(identity: pattern, provider: name == "*" ? nil : name)
                guard let made = try change.carryOut() else { return }
                change.tellFindings(about: made)
            }
        }

        private func onlyProvider(of host: AdministeredHost, _ space: String) throws -> Text {
            try MembersFile([], path: "", under: host.configuration, space: space).provider(named: nil)
        }
    }
}
