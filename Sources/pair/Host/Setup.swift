import ArgumentParser
import Encodings
import Foundation
import HTTP
import HostFiles
import Policy
import Upkeep

extension Host {
    /// `pair host setup`: from a bare host to one that people log in to with their organisation's sign-in.
    struct Setup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set this host up, prove it by a login on trial, and have sshd go by it.",
            discussion: """
                Makes the user _pair, folders, pair.toml and members, fetches the provider's keys, and writes one file into \
                sshd's folder of drop-ins; sshd's main file is never edited. Before the running sshd reads it, a throw-away \
                sshd on loopback runs by a copy of the configuration: a granted login must get in, and a key in the login's \
                own ~/.ssh/authorized_keys must not. Whatever fails, everything is undone.

                Only the logins that are named go by it, unless --all says so: with that, every key that is in use today, \
                root's and deployment's too, is shut out. What is so already stays; again with --member and --login adds \
                somebody.

                What is not given is asked for where there is a terminal. Keep a root shell open until a login has worked.
                """)

        @Option(
            help: ArgumentHelp("The name under which this machine is entered; its host name.", valueName: "name"))
        var space: String?

        @Option(help: ArgumentHelp("The OpenID provider, as its discovery document names it.", valueName: "url"))
        var issuer: String?

        @Option(name: .customLong("client-id"), help: ArgumentHelp("The public client there.", valueName: "id"))
        var clientID: String?

        @Option(help: ArgumentHelp("What to call it in members; a word of its address.", valueName: "name"))
        var provider: String?

        @Option(
            help: ArgumentHelp(
                "Who may enter: an e-mail, sub:…, group:…, claim:NAME=VALUE or *@DOMAIN.", valueName: "identity"))
        var member: String?

        @Option(
            name: .customLong("login"),
            help: ArgumentHelp("The local user to enter as; may be repeated.", valueName: "login"))
        var logins: [String] = []

        @Option(
            name: .customLong("for"),
            help: ArgumentHelp(
                "Whose logins go by it, these alone; may be repeated. Those of --login otherwise.", valueName: "login"))
        var scope: [String] = []

        @Flag(help: "Every login goes by it, root's too.")
        var all = false

        @Flag(
            inversion: .prefixedNo,
            help: """
                Let ~/.ssh/authorized_keys count still, for a gentle start: whoever was let in once can add a key there and \
                outlive every removal.
                """)
        var keepAuthorizedKeys: Bool?

        @Flag(
            inversion: .prefixedNo,
            help: "Let keys count that root puts into /etc/pair/break-glass/LOGIN, past every removal.")
        var breakGlass: Bool?

        @Flag(inversion: .prefixedNo, help: "Log in on trial before sshd changes.")
        var trial = true

        @Option(help: ArgumentHelp("Where pair-authkeys is.", valueName: "file"))
        var program: String?

        @Flag(help: "Show every file and command, and change nothing.")
        var dryRun = false

        @Flag(help: "Go on even if you, or root, could no longer enter by key.")
        var yes = false

        @Flag(help: "One JSON object at the end; nothing is asked.")
        var json = false

        func validate() throws {
            guard !all || scope.isEmpty else { throw ValidationError("--all and --for exclude each other.") }
            guard keepAuthorizedKeys != true || breakGlass != true else {
                throw ValidationError("--keep-authorized-keys and --break-glass exclude each other.")
            }
            guard (issuer == nil) == (clientID == nil) else {
                throw ValidationError("--issuer and --client-id go together.")
            }
            guard provider == nil || issuer != nil else { throw ValidationError("--provider names that of --issuer.") }
            for login in logins + scope where !isLoginName(login.utf8) {
                throw ValidationError("\(quoted(login)) is no name that a login could have.")
            }
            if let space, !isSpaceName(space.utf8) {
                throw ValidationError("--space: letters, digits, . _ - expected, found \(quoted(space)).")
            }
        }

        func run() async throws {
            let terminal = Terminal()
            try await terminal.reporting {
                guard geteuid() == 0 else { throw Failure.notRoot("setup") }
                let interruption = Interruption()
                let places = HostPlaces()
                let setup = HostSetup(in: surroundings(places, interruption))
                if setup.isCutShort {
                    guard !dryRun else { throw Failure.cutShort }
                    try setup.undoCutShort()
                    terminal.say("An earlier set-up was cut short; what it had done is undone.")
                }
                var questions = SetupQuestions(command: self, places: places)
                let request = try questions.request()
                let plan = try setup.plan(request, administrators: Administrators.logins)
                let report = SetupReport(plan: plan, space: request.space, style: Style(for: STDOUT_FILENO))
                terminal.say(report.shutOut, unless: json)
                guard !dryRun else {
                    print(json ? report.json(nil) : report.preview, terminator: "")
                    return terminal.say(plan.risk.map { "Without --dry-run it asks before it goes on: \($0)." })
                }
                try confirm(plan, terminal)
                let outcome = try await setup.carryOut(plan, wantsTrial: trial) { terminal.wait(for: $0) }
                terminal.wait(for: nil)
                print(json ? report.json(outcome) : report.done(outcome), terminator: "")
            }
        }

        private func surroundings(_ places: HostPlaces, _ interruption: Interruption) -> SetupSurroundings {
            SetupSurroundings(
                places: places, programs: SystemPrograms(), files: SystemSSHDFiles(), now: { now() },
                fetchKeySets: {
                    let configuration = try places.readConfiguration(ownedBy: .root)
                    try await Self.fetchKeySets(of: configuration)
                }, isInterrupted: { interruption.hasCome })
        }

        /// A provider without keys lets nobody in, so that there would be nothing to prove.
        private static func fetchKeySets(of configuration: Configuration) async throws {
            let refresh = KeySetRefresh(
                of: configuration, ownedBy: .root, by: HTTPClient(userAgent: "pair/\(Pair.version)"),
                in: KeySetRefresh.Surroundings(now: { now() }, poke: { nil }))
            for refreshed in await refresh.refresh(configuration.providers, on: RefreshTerms())
            where refreshed.verdict == .none {
                let failure = refreshed.failure
                let found = failure?.description ?? "\(refreshed.cached.condition)"
                throw Failure(
                    description: "\(refreshed.provider.name): \(found)",
                    advice: ["Nothing was changed.", failure?.advice].compactMap { $0 }.joined(separator: " "))
            }
        }

        private func confirm(_ plan: SetupPlan, _ terminal: Terminal) throws {
            guard let risk = plan.risk, !yes else { return }
            guard !json, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { throw Failure.lockout(risk) }
            terminal.complain(terminal.style.yellow("Careful:") + " " + risk + ".")
            Terminal.write("Go on? [y/N] ")
            let answer = Text(readLine() ?? "").asciiLowercased
            guard answer == "y" || answer == "yes" else { throw Failure.notGoneOn }
        }
    }
}

extension SetupPlan {
    /// Who could no longer enter, `nil` for nobody who looks after the machine.
    fileprivate var risk: String? {
        lockedOut.isEmpty ? nil : "nothing would let in \(lockedOut.joined(separator: " or ")) by key any more"
    }
}

extension Terminal {
    fileprivate func say(_ text: String?, unless isSilent: Bool = false) {
        if let text, !isSilent { say(text) }
    }
}

extension HostPlaces {
    /// pair.toml by the rules that `pair-authkeys` has.
    func readConfiguration(ownedBy ownership: Ownership) throws -> Configuration {
        let bytes = try HostFile(configuration, ownedBy: ownership).read(limit: AdministeredHost.maximumConfiguration)
        return try Configuration(parsing: bytes, file: configuration)
    }
}

extension SetupError: Advising {}
extension SSHDFault: Advising {}

extension Failure {
    static func notRoot(_ command: String) -> Failure {
        Failure(
            description: "pair host \(command): root expected, found uid \(geteuid())",
            advice: "Run it with sudo, or in a root shell.")
    }

    fileprivate static let cutShort = Failure(
        description: "an earlier set-up was cut short",
        advice: "Without --dry-run, what it had done is undone first; so does `pair host remove`.")

    fileprivate static func lockout(_ risk: String) -> Failure {
        Failure(
            description: risk,
            advice: "Nothing was changed. Grant them that login (--member, --login), keep a key for emergencies "
                + "(--break-glass), leave the login out (--for), or pass --yes.")
    }

    fileprivate static let notGoneOn = Failure(description: "nothing was changed", advice: nil)
}
