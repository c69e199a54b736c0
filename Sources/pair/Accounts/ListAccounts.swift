import Administration
import ArgumentParser
import Encodings
import Foundation
import Policy
import SSHKeys

extension AccountsCommand {
    /// `pair accounts list`: whose CAs and keys there are.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts' CAs and keys, and what they reach.",
            discussion: """
                With --json there is one object a line: account, kind (ca, key), services (null for all), type, fingerprint, \
                comment, revoked, file, line.
                """)

        @Flag(help: "One JSON object for each key, on a line of its own.")
        var json = false

        @OptionGroup var host: ConfigurationOptions

        func run() throws {
            try reporting {
                let host = try AdministeredHost(host)
                let path = host.path(of: .accounts)
                let accounts = try AccountsFile(host.contents(of: .accounts) ?? [], path: path)
                let revoked = try RevokedFile(
                    host.contents(of: .revoked) ?? [], path: host.path(of: .revoked), under: host.configuration)
                let listed = try accounts.keys.map {
                    try ListedAccountKey(key: $0, revocations: revoked.revocations, file: path)
                }
                if json {
                    for key in listed { print(String(decoding: JSON.object(key.json).encoded, as: UTF8.self)) }
                } else if listed.isEmpty {
                    Terminal().say("There are no accounts. Add one with `pair accounts add-ca`.")
                } else {
                    print(ListedAccountKey.table(of: listed, style: Style(for: STDOUT_FILENO)))
                }
            }
        }
    }
}

/// An account's key as it is listed.
struct ListedAccountKey {
    private let key: AccountKey
    private let fingerprint: Fingerprint
    private let revokedBy: Int?
    private let file: String

    init(key: AccountKey, revocations: Revocations, file: String) throws {
        self.key = key
        self.file = file
        fingerprint = try key.key.fingerprint()
        revokedBy = revocations.line(revokingKey: fingerprint)
    }

    var json: JSON.Object {
        var object = JSON.Object()
        object.add("account", key.account)
        object.add("kind", key.isAuthority ? "ca" : "key")
        object.add("services", key.services.map { .array($0.map { .string(Text($0)) }) } ?? .null)
        object.add("type", key.key.algorithm.rawValue)
        object.add("fingerprint", "\(fingerprint)")
        object.add("comment", .string(key.comment))
        object.add("revoked", .bool(revokedBy != nil))
        object.add("file", file)
        object.add("line", .integer(Int64(key.line)))
        return object
    }

    static func table(of listed: [ListedAccountKey], style: Style) -> String {
        var table = Table(["LINE", "ACCOUNT", "KIND", "SERVICES", "KEY", "FINGERPRINT", "COMMENT"], style: style)
        for item in listed {
            let key = item.key
            let comment =
                key.comment.ascii != nil && !key.comment.hasControls ? key.comment.string : quoted(key.comment)
            table.add([
                Table.Cell(String(key.line), style.faint), Table.Cell(key.account),
                Table.Cell(key.isAuthority ? "CA" : "key"),
                key.services.map { Table.Cell($0.joined(separator: ",")) } ?? Table.Cell("all", style.yellow),
                Table.Cell(key.key.shortName), Table.Cell("\(item.fingerprint)"),
                item.revokedBy.map { Table.Cell("revoked (line \($0)) \(comment)", style.red) } ?? Table.Cell(comment),
            ])
        }
        return table.text
    }
}
