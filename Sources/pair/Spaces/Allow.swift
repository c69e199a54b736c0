import Administration
import ArgumentParser
import Encodings
import Policy

extension Spaces {
    /// `pair spaces allow`: one grant more.
    struct Allow: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let somebody in.",
            discussion: """
                IDENTITY is an e-mail, *@DOMAIN, sub:…, group:… or claim:NAME=VALUE. The first line that matches gives all its \
                options, so a line that would never count is refused: put it --first, or let it --replace the one in its way.
                """)

        @Argument(help: "Whom.")
        var identity: String

        @Option(help: "Their provider's name in pair.toml; the only one otherwise.")
        var provider: String?

        @Option(
            help: ArgumentHelp(
                "As whom: logins separated by commas, {email-local} or {claim:NAME}; may be repeated.",
                valueName: "login"))
        var login: [String]

        @Option(help: "For the record.")
        var role: String?

        @Option(help: ArgumentHelp("Until when: 2026-12-31T00:00:00Z, or +30d from now.", valueName: "time"))
        var until: String?

        @Option(help: ArgumentHelp("From where alone: addresses, blocks and patterns.", valueName: "addresses"))
        var from: String?

        @Option(help: "What sshd runs whatever they ask for.")
        var command: String?

        @Option(
            help: ArgumentHelp(
                "What else their token must say, CLAIM:VALUE; may be repeated.", valueName: "claim:value"))
        var require: [String] = []

        @Option(
            help: ArgumentHelp(
                "A group of the host's that the login must be in, as NSS has it (SSSD, LDAP, AD).", valueName: "group"))
        var unixGroup: String?

        @Flag(name: .customLong("no-pty"), help: "Without a terminal.")
        var withholdsPTY = false

        @Flag(name: .customLong("no-port-forwarding"), help: "Without forwarding of ports.")
        var withholdsPortForwarding = false

        @Flag(name: .customLong("no-agent-forwarding"), help: "Without forwarding of ssh-agent.")
        var withholdsAgentForwarding = false

        @Flag(name: .customLong("no-user-rc"), help: "Without their ~/.ssh/rc.")
        var withholdsUserRC = false

        @Flag(help: "In front of all lines of the Space, instead of behind them.")
        var first = false

        @Flag(help: "In place of the grants to the same identity that have one of these logins.")
        var replace = false

        @OptionGroup var options: SpaceOptions
        @OptionGroup var edit: EditOptions

        func validate() throws {
            guard !first || !replace else { throw ValidationError("--first and --replace exclude each other.") }
        }

        func run() throws {
            try reporting {
                let host = try AdministeredHost(options.host)
                let space = options.space ?? host.configuration.space
                let now = now()
                let grant = try grantOptions(now)
                let logins = login.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
                    .map { Text(String($0)) }
                let names = logins.map(\.string) + [identity.split(separator: "@").first.map(String.init) ?? ""]
                let users = (try? LocalUsers().uids(of: names)) ?? [:]
                let change = HostChange(host: host, kind: .members, space: space, options: edit) { bytes in
                    let members = try MembersFile(
                        bytes, path: host.path(of: .members), under: host.configuration, space: space)
                    let request = GrantRequest(
                        identity: Text(identity), provider: try members.provider(named: provider.map { Text($0) }),
                        logins: logins, options: grant)
                    return try members.allowing(
                        request, at: first ? .first : replace ? .replacing : .last, now: now, users: users)
                }
                guard let made = try change.carryOut() else { return }
                change.tellFindings(about: made)
            }
        }

        private func grantOptions(_ now: UnixTime) throws -> MembershipLine.Options {
            var grant = MembershipLine.Options()
            grant.role = role.map { Text($0) }
            grant.until = try until.map { text in try end(Text(text), from: now) }
            grant.from = from.map { Text($0) }
            grant.command = command.map { Text($0) }
            grant.requirements = try require.map { text in
                guard let requirement = MembershipLine.Requirement(Text(text)) else {
                    throw EditError.request(.malformed(.require, found: Text(text)))
                }
                return requirement
            }
            grant.unixGroup = unixGroup.map { Text($0) }
            let flags: [(Bool, SessionPermit)] = [
                (withholdsPTY, .pty), (withholdsPortForwarding, .portForwarding),
                (withholdsAgentForwarding, .agentForwarding), (withholdsUserRC, .userRC),
            ]
            grant.withheld = flags.filter(\.0).map(\.1)
            return grant
        }
    }
}

extension HostChange {
    /// Says what `pair spaces check` would say of the lines that are new.
    func tellFindings(about edit: LineEdit) {
        let new = Set(
            edit.changes.compactMap { change in
                switch change {
                case .added(let line, _), .rewritten(let line, _, _): line
                case .removed: nil
                }
            })
        guard !new.isEmpty else { return }
        let path = host.path(of: kind)
        for finding in HostCheck(of: host, space: space, only: [kind]).findings where finding.file == path {
            guard let line = finding.line, new.contains(line) else { continue }
            terminal.complain(FindingReport(finding, terminal.style).text)
        }
    }
}
