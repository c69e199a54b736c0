import Administration
import ArgumentParser
import Encodings
import Foundation
import Policy

extension Spaces {
    /// `pair spaces members`: who may enter.
    struct Members: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List who may enter, and who may not.",
            discussion: """
                The lines that hold in the Space, in their order: of those that match, the first grant counts, and any deny. \
                With --json there is one object a line: space, identity, provider, rule (allow, deny), logins, role, until, \
                from, command, require, withheld, expired, file, line.
                """)

        @OptionGroup var options: SpaceOptions

        @Option(help: "Only lines that may let somebody in as this login, and denies.")
        var login: String?

        @Option(help: "Only lines that mean whoever has this identity, by themselves or by their domain.")
        var identity: String?

        @Flag(help: "One JSON object for each line, on a line of its own.")
        var json = false

        func run() throws {
            try reporting {
                let host = try AdministeredHost(options.host)
                let path = host.path(of: .members)
                let members = try MembersFile(
                    host.contents(of: .members) ?? [], path: path, under: host.configuration,
                    space: options.space ?? host.configuration.space)
                let entries = try members.entries.filter { try isWanted($0) }
                let listed = entries.map { ListedMember(entry: $0, file: path, now: now()) }
                if json {
                    for member in listed { print(String(decoding: JSON.object(member.json).encoded, as: UTF8.self)) }
                } else if listed.isEmpty {
                    Terminal().say("No line of \(path) is about that.")
                } else {
                    print(ListedMember.table(of: listed, style: Style(for: STDOUT_FILENO)))
                }
            }
        }

        private func isWanted(_ entry: MembershipEntry) throws -> Bool {
            if let identity {
                guard let pattern = IdentityPattern(Text(identity)) else {
                    throw EditError.request(.malformed(.identity, found: Text(identity)))
                }
                guard entry.line.identity.covers(pattern) else { return false }
            }
            guard let login, let grant = entry.grant else { return true }
            return grant.logins.contains { element in
                switch element {
                case .name(let name): name == Text(login)
                case .emailLocal, .claim: true
                }
            }
        }
    }
}

/// A line of members as it is listed.
struct ListedMember {
    let entry: MembershipEntry
    let file: String
    let now: UnixTime

    private var isExpired: Bool { entry.isExpired(at: now) }

    var json: JSON.Object {
        var object = JSON.Object()
        object.add("space", .string(entry.space))
        object.add("identity", .string(entry.line.identity.text))
        object.add("provider", .string(entry.line.provider ?? "*"))
        object.add("rule", entry.isDeny ? "deny" : "allow")
        if let grant = entry.grant {
            let options = grant.options
            object.add("logins", .array(grant.logins.map { .string($0.text) }))
            object.add("role", options.role?.string)
            object.add("until", options.until?.rfc3339)
            object.add("from", options.from?.string)
            object.add("command", options.command?.string)
            object.add("require", .array(options.requirements.map { .string($0.text) }))
            object.add("unix_group", options.unixGroup?.string)
            object.add(
                "withheld",
                .array(
                    SessionPermit.allCases.filter { options.withheld.contains($0) }.map { .string(Text($0.rawValue)) }))
            object.add("expired", .bool(isExpired))
        }
        object.add("file", file)
        object.add("line", .integer(Int64(entry.number)))
        return object
    }

    /// A line for each, below a line of headings; the Space only where it is not the same everywhere.
    static func table(of listed: [ListedMember], style: Style) -> String {
        let hasSpaces = Set(listed.map(\.entry.space)).count > 1
        let headings = ["LINE", "IDENTITY", "PROVIDER", "LOGINS", "OPTIONS"]
        var table = Table(hasSpaces ? ["SPACE"] + headings : headings, style: style)
        for member in listed {
            let space = hasSpaces ? [Table.Cell(member.entry.space.string)] : []
            table.add(space + member.cells(style))
        }
        return table.text
    }

    private func cells(_ style: Style) -> [Table.Cell] {
        let line = entry.line
        let colour = { (text: String) in isExpired ? style.faint(text) : text }
        var logins = Table.Cell("deny", style.red)
        var words: [String] = isExpired ? ["over"] : []
        if let grant = entry.grant {
            logins = Table.Cell(grant.logins.map { plain($0.text) }.joined(separator: ","), colour)
            words += grant.options.words
        }
        return [
            Table.Cell(String(entry.number), style.faint), Table.Cell(plain(line.identity.text), colour),
            Table.Cell(line.provider?.string ?? "*", colour), logins,
            Table.Cell(words.joined(separator: " "), { isExpired ? style.yellow($0) : $0 }),
        ]
    }

    /// As it stands where it can be shown so.
    private func plain(_ text: Text) -> String {
        text.ascii != nil && !text.hasControls ? text.string : quoted(text)
    }
}
