import ArgumentParser
import Foundation
import KeyStore

/// `pair keys remove`: Keys that pair made, and nothing else.
struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove Keys that pair made, from the disk and from ssh-agent.",
        discussion: """
            What stands in the place of a file of ours and is not of our making is left, and named. Logins that are open \
            stay open. Make new Keys at any time with `pair keys create`.
            """)

    @Flag(help: "Remove all of your Keys.")
    var all = false

    @Argument(help: "Which Keys.", completion: .custom(KeyStore.completions))
    var names: [String] = []

    func validate() throws {
        guard all != !names.isEmpty else { throw ValidationError("Name the Keys to remove, or pass --all.") }
    }

    func run() throws {
        let surroundings = Surroundings()
        var hasFailed = false
        do {
            let store = try surroundings.store()
            for name in try all ? store.names() : names {
                do {
                    hasFailed = try !remove(name, from: store, surroundings) || hasFailed
                } catch {
                    surroundings.terminal.complain(about: error)
                    hasFailed = true
                }
            }
        } catch {
            surroundings.terminal.complain(about: error)
            hasFailed = true
        }
        if hasFailed { throw ExitCode.failure }
    }

    /// Whether nothing had to be left.
    private func remove(_ name: String, from store: KeyStore, _ surroundings: Surroundings) throws -> Bool {
        guard let state = try store.load(name) else { throw KeyStoreError.unknown(name) }
        // First of all: should this fail, the state is still there to try again by.
        if state.isInAgent, let agent = try? Agent(environment: surroundings.environment) {
            try agent.remove(state.keys)
        }
        let removal = try store.remove(under: try store.lock(name, waitingFor: Holder.patience))
        for path in removal.removed { print("removed \(path)") }
        let installation = try? Installation(folder: (store.folder as NSString).deletingLastPathComponent)
        if installation?.own?.entries.contains(where: { $0.name == name }) ?? false {
            surroundings.terminal.say(
                "ssh would still renew these Keys. Have it stop: pair ssh-config --uninstall --name \(name)")
        }
        for error in removal.left { surroundings.terminal.complain(about: error) }
        return removal.left.isEmpty
    }
}
