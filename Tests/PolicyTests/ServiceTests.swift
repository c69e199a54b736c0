import Encodings
import Testing

@testable import Policy

@Suite("Services")
struct ServiceTests {
    static func configuration(_ services: String) throws(PolicyError) -> Configuration {
        try Configuration(parsing: Array("space = \"s\"\n\(services)".utf8), file: "pair.toml")
    }

    struct Row: Sendable, CustomStringConvertible {
        let login: String
        let own: String?
        let admin: Bool
        let used: String?
        var description: String { login }
    }

    static let rows = [
        Row(login: "pgs", own: "pgs", admin: false, used: "pgs"),
        Row(login: "both", own: "pgs", admin: true, used: "pgs"),
        Row(login: "tuns", own: "tuns", admin: false, used: "tuns"),
        Row(login: "root", own: nil, admin: true, used: "admin"),
        Row(login: "PGS", own: nil, admin: false, used: nil),
        Row(login: "admin", own: nil, admin: false, used: nil),
        Row(login: "", own: nil, admin: false, used: nil),
    ]

    @Test("a login has its own service, and admin beside it; its own is the one that counts", arguments: rows)
    func ofLogin(_ row: Row) throws {
        let text = """
            [[service]]
            name = "admin"
            logins = ["root", "both"]
            [[service]]
            name = "pgs"
            logins = ["pgs", "both"]
            [[service]]
            name = "tuns"
            logins = ["tuns"]
            """
        let (own, admin) = try Self.configuration(text).services(ofLogin: row.login)
        #expect(own?.name == row.own)
        #expect(admin?.name == (row.admin ? "admin" : nil))
        #expect(try Self.configuration(text).service(ofLogin: row.login)?.name == row.used)
    }

    static let commands: [(String, Text)] = [
        ("/usr/bin/pgs --account {account}", "/usr/bin/pgs --account acme"),
        ("{account}{service}{login}", "acmepgspgs-login$"),
        ("{account}", "acme"), ("x", "x"), ("{{account}}", "{acme}"), ("{acc{account}ount}", "{accacmeount}"),
        ("{ account} {Account} {account", "{ account} {Account} {account"),
        ("echo '{login}' \"{service}\" \\{account}", "echo 'pgs-login$' \"pgs\" \\acme"),
        ("größe {account} \u{1F511}", "größe acme \u{1F511}"),
    ]

    @Test("a command has its placeholders replaced, and nothing else", arguments: commands)
    func command(_ row: (configured: String, expected: Text)) throws {
        let quoted = row.configured.contains("'") ? "'''\(row.configured)'''" : "'\(row.configured)'"
        let text = "[[service]]\nname = \"pgs\"\nlogins = [\"pgs-login$\"]\ncommand = \(quoted)\n"
        let service = try #require(try Self.configuration(text).services.first)
        let command = try #require(service.command(account: "acme", login: "pgs-login$"))
        #expect(command == row.expected)
        #expect(isCommand(command))
    }

    @Test("a service without a command has none, whoever asks")
    func none() throws {
        let service = try Self.configuration("[[service]]\nname = \"pgs\"\nlogins = [\"pgs\"]\n").services.first
        #expect(service?.command(account: "acme", login: "pgs") == nil)
    }
}
