import ArgumentParser
import Encodings
import Foundation
import HostFiles
import KeyStore
import SignIn

/// `pair ssh-config`: the lines that have ssh, and all that runs it, renew Keys by themselves.
struct SSHConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-config", abstract: "Have ssh renew Keys by itself, for the hosts that take them.",
        discussion: """
            Prints the lines for ~/.ssh/config. With them ssh, scp, rsync, git and editors that use ssh run `pair keys renew` \
            before they connect to one of these hosts, which does nothing while the Keys are good for a while yet. Where it \
            fails, ssh goes on with your other keys. Hosts are as you type them, before any HostName.

            With --install the lines go into ~/.ssh/pair/ssh_config, and `Include pair/ssh_config` into the first line of \
            ~/.ssh/config, which is otherwise left as it is. Again with other hosts, they replace the former; without any, \
            the lines are written anew. --uninstall takes both away.
            """)

    @Option(
        name: .customLong("host"),
        help: ArgumentHelp("Where the Keys are taken: a host, or a pattern; may be repeated.", valueName: "pattern"))
    var hosts: [String] = []

    @Option(help: "Which Keys; your only ones otherwise.")
    var name: String?

    @Flag(help: "Change ~/.ssh/config.")
    var install = false

    @Flag(help: "Take out of ~/.ssh/config what --install put there; with --name, for these Keys alone.")
    var uninstall = false

    @Flag(help: "Show what --install or --uninstall would change, and change nothing.")
    var dryRun = false

    func validate() throws {
        guard !install || !uninstall else { throw ValidationError("--install and --uninstall exclude each other.") }
        guard !dryRun || install || uninstall else {
            throw ValidationError("--dry-run goes with --install or --uninstall.")
        }
        guard !uninstall || hosts.isEmpty else { throw ValidationError("--uninstall takes no --host.") }
        if !hosts.isEmpty { _ = try hostPatterns() }
    }

    func run() throws {
        let surroundings = Surroundings()
        do {
            try run(in: surroundings)
        } catch let error where error is ValidationError {
            throw error
        } catch {
            surroundings.terminal.complain(about: error)
            throw ExitCode.failure
        }
    }

    private func run(in surroundings: Surroundings) throws {
        let store = try surroundings.store()
        let installation = try Installation(folder: (store.folder as NSString).deletingLastPathComponent)
        if uninstall { return try takeOut(installation, surroundings) }

        let entries = try entries(installation, store, surroundings)
        let command = try RenewalCommand(
            program: RenewalCommand.ownPath(
                calledAs: CommandLine.arguments.first ?? "pair", environment: surroundings.environment,
                folder: FileManager.default.currentDirectoryPath))
        guard install else {
            return print(entries.map { $0.lines(running: command) }.joined(separator: "\n"), terminator: "")
        }
        try carryOut(installation.adding(entries, running: command), installation, surroundings)
        guard !dryRun else { return }
        for entry in entries { say(about: entry, store, surroundings) }
        // ssh goes by the password file alone.
        if let home = FileManager.default.homeDirectory(forUser: NSUserName())?.path,
            store.folder != KeyStore.folder(environment: ["HOME": home])
        {
            surroundings.terminal.say("HOME is not \(shown(home)), where ssh looks for its configuration.")
        }
    }

    private func takeOut(_ installation: Installation, _ surroundings: Surroundings) throws {
        guard installation.isThere else { throw Failure.nothingInstalled }
        if let name, let own = installation.own, !own.entries.contains(where: { $0.name == name }) {
            throw Failure.notInstalled(name, own)
        }
        try carryOut(installation.removing(name), installation, surroundings)
    }

    /// Which Keys are meant, and where they are taken; all that are installed where nothing is said.
    private func entries(
        _ installation: Installation, _ store: KeyStore, _ surroundings: Surroundings
    ) throws -> [RenewedHosts] {
        let installed = installation.own?.entries ?? []
        if hosts.isEmpty {
            let wanted = name.map { name in installed.filter { $0.name == name } } ?? installed
            guard !wanted.isEmpty else { throw Failure.hostsMissing }
            return wanted
        }
        let name = try name ?? defaultName(installed: installed.map(\.name), store, surroundings)
        guard KeyStore.isName(name) else { throw KeyStoreError.name(name) }
        return [RenewedHosts(name: name, hosts: try hostPatterns())]
    }

    private func defaultName(installed: [String], _ store: KeyStore, _ surroundings: Surroundings) throws -> String {
        let stored = try store.names()
        for names in [installed, stored] {
            if let name = names.first, names.count == 1 { return name }
        }
        guard stored.isEmpty else { throw Failure.severalKeys(stored) }
        // What `pair keys create` will call them.
        let registration = try? surroundings.configuration().registration(named: nil)
        guard let registration else { throw Failure.noKeys }
        return registration.name
    }

    private func carryOut(
        _ changes: [FileChange], _ installation: Installation, _ surroundings: Surroundings
    ) throws {
        let changes = changes.filter { !$0.isEmpty }
        if changes.isEmpty { surroundings.terminal.say("Nothing to change.") }
        guard !dryRun else { return print(changes.map { Difference($0).text }.joined(), terminator: "") }
        try installation.make(changes)
        for change in changes {
            print(change.new == nil ? "removed \(shown(change.path))" : "wrote \(shown(change.path))")
        }
    }

    /// Says what may surprise the person who has installed `entry`.
    private func say(about entry: RenewedHosts, _ store: KeyStore, _ surroundings: Surroundings) {
        let terminal = surroundings.terminal
        if entry.hosts.isForEveryHost {
            terminal.say("ssh now renews the Keys \(entry.name) before every login, wherever it leads.")
        }
        if let names = try? store.names(), !names.contains(entry.name) {
            terminal.say("There are no Keys \(entry.name) yet: make them with `pair keys create \(entry.name)`.")
        }
    }

    private func hostPatterns() throws -> HostPatterns {
        do {
            return try HostPatterns(hosts)
        } catch {
            throw ValidationError("--host: \(error).")
        }
    }
}

extension Failure {
    fileprivate static let hostsMissing = Failure(
        description: "which hosts take your Keys is not known",
        advice: "Name them: `pair ssh-config --host build-box --host '*.example.com'`.")

    fileprivate static let nothingInstalled = Failure(
        description: "nothing of pair is in your configuration of ssh", advice: nil)

    fileprivate static func notInstalled(_ name: String, _ own: KeysSSHConfig) -> Failure {
        Failure(
            description: "your configuration of ssh has nothing for Keys \(quoted(name)), but for "
                + own.entries.map(\.name).joined(separator: ", "),
            advice: "Name one of these, or leave out --name to take out all.")
    }

    fileprivate static let noKeys = Failure(
        description: "you have no Keys yet",
        advice: "Say with --name what they will be called, or make them first with `pair keys create`.")

    fileprivate static func severalKeys(_ names: [String]) -> Failure {
        Failure(
            description: "you have several Keys: \(names.joined(separator: ", "))",
            advice: "Say which with --name.")
    }
}
