import ArgumentParser
import Encodings
import Foundation
import KeyStore

/// `pair keys list`: the Keys that there are, and how long they are good for.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List your Keys: whose they are, from where, and for how long.",
        discussion: """
            With --json there is one object a line: name, issuer, sub, email, expires, state (good, expiring, expired), \
            renewable, in_agent, file. The status is 1 where Keys could not be read; the others are listed all the same.
            """)

    @Flag(help: "One JSON object for each, on a line of its own.")
    var json = false

    func run() throws {
        let surroundings = Surroundings()
        let store: KeyStore
        let names: [String]
        do {
            store = try surroundings.store()
            names = try store.names()
        } catch {
            surroundings.terminal.complain(about: error)
            throw ExitCode.failure
        }
        var listed: [ListedKeys] = []
        for name in names {
            do {
                guard let state = try store.load(name) else { continue }
                listed.append(ListedKeys(state: state, file: store.path(of: .privateKey, name), now: now()))
            } catch {
                surroundings.terminal.complain(about: error)
            }
        }
        if json {
            for keys in listed { print(String(decoding: JSON.object(keys.json).encoded, as: UTF8.self)) }
        } else if names.isEmpty {
            surroundings.terminal.say("You have no Keys. Make some with `pair keys create`.")
        } else {
            print(ListedKeys.table(of: listed, style: Style(for: STDOUT_FILENO)))
        }
        if listed.count < names.count { throw ExitCode.failure }
    }
}

/// Keys as they are listed.
struct ListedKeys {
    enum Validity: String {
        case good, expiring, expired
    }

    let state: StoredState
    let file: String
    let now: UnixTime

    private var validity: Validity {
        if state.expires <= now { return .expired }
        return state.isExpiring(at: now) ? .expiring : .good
    }

    var json: JSON.Object {
        var object = JSON.Object()
        object.add("name", state.name)
        object.add("issuer", .string(state.provider.issuer))
        object.add("sub", .string(state.subject))
        object.add("email", state.email?.string)
        object.add("expires", state.expires.rfc3339)
        object.add("state", validity.rawValue)
        object.add("renewable", .bool(state.refreshToken != nil))
        object.add("in_agent", .bool(state.isInAgent))
        object.add("file", file)
        return object
    }

    /// A line for each, below a line of headings.
    static func table(of listed: [ListedKeys], style: Style) -> String {
        var table = Table(["NAME", "IDENTITY", "PROVIDER", "GOOD FOR", "KEY"], style: style)
        for keys in listed { table.add(keys.cells(style)) }
        return table.text
    }

    private func cells(_ style: Style) -> [Table.Cell] {
        [
            Table.Cell(state.name), Table.Cell(plain(state.email ?? state.subject)),
            Table.Cell(plain(state.provider.name)),
            Table.Cell(validity == .expired ? "expired" : "\(state.expires.since(now))") { coloured($0, style) },
            Table.Cell(state.isInAgent ? "ssh-agent" : file),
        ]
    }

    /// As it stands where it can be shown so.
    private func plain(_ text: Text) -> String {
        text.ascii != nil && !text.hasControls ? text.string : quoted(text)
    }

    private func coloured(_ text: String, _ style: Style) -> String {
        switch validity {
        case .good: style.green(text)
        case .expiring: style.yellow(text)
        case .expired: style.red(text)
        }
    }
}
