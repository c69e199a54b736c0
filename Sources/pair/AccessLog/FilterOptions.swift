import AccessLog
import ArgumentParser
import Decision
import Encodings
import SSHKeys

/// Which records are asked for.
struct FilterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "From then on: 30d, 12h, 45m or 90s ago; 2026-11-01, or 2026-11-01T08:30, local; or RFC 3339.",
            valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Before then, in the same forms.", valueName: "time"))
    var until: String?

    @Option(
        name: .customLong("decision"),
        help: ArgumentHelp("What was answered: accept, refuse or fault.", valueName: "word"))
    var decisions: [Answer] = []

    /// What was answered, as the log says it.
    enum Answer: String, CaseIterable, ExpressibleByArgument {
        case accept, refuse, fault

        fileprivate var logged: AccessEntry.Answer {
            switch self {
            case .accept: .accept
            case .refuse: .refuse
            case .fault: .fault
            }
        }
    }

    @Option(
        name: .customLong("reason"),
        help: ArgumentHelp("Why: accepted, or a code of docs/reasons.md.", valueName: "code"))
    var reasons: [String] = []

    @Option(name: .customLong("login"), help: ArgumentHelp("The local user that was asked for.", valueName: "name"))
    var logins: [String] = []

    @Option(
        name: .customLong("identity"),
        help: ArgumentHelp("Who: an e-mail, a sub, or the key id of a certificate.", valueName: "who"))
    var identities: [String] = []

    @Option(name: .customLong("provider"), help: ArgumentHelp("The provider's name in pair.toml.", valueName: "name"))
    var providers: [String] = []

    @Option(name: .customLong("account"), help: ArgumentHelp("The account.", valueName: "name"))
    var accounts: [String] = []

    @Option(name: .customLong("service"), help: ArgumentHelp("A service that was granted.", valueName: "name"))
    var services: [String] = []

    @Option(name: .customLong("space"), help: ArgumentHelp("The Space.", valueName: "name"))
    var spaces: [String] = []

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp(
            "The key, or the CA that signed it: SHA256:…, as ssh-keygen -l prints it.", valueName: "fingerprint"))
    var keys: [String] = []

    func validate() throws { _ = try filter(at: now(), clock: .local) }

    /// What the options ask for.
    func filter(at now: UnixTime, clock: WallClock) throws(ValidationError) -> EntryFilter {
        var filter = EntryFilter()
        filter.since = try moment(since, "--since", at: now, clock)
        filter.until = try moment(until, "--until", at: now, clock)
        filter.decisions = decisions.map(\.logged)
        filter.reasons = reasons.map { Text($0) }
        filter.logins = logins.map { Text($0) }
        filter.identities = identities.map { Text($0) }
        filter.providers = providers.map { Text($0) }
        filter.accounts = accounts.map { Text($0) }
        filter.services = services.map { Text($0) }
        filter.spaces = spaces.map { Text($0) }
        filter.keys = keys.map { Text($0) }
        if let wrong = filter.keys.first(where: { Fingerprint($0) == nil }) {
            throw ValidationError("--key \(quoted(wrong)): SHA256: and 43 characters of base64 expected.")
        }
        return filter
    }

    /// The reasons that this version does not know: another one's, or misspelt.
    var unknownReasons: [String] {
        let known = ["accepted"] + Reason.allCases.map(\.rawValue) + Fault.Code.allCases.map(\.rawValue)
        let texts = Set(known.map { Text($0) })
        return reasons.filter { !texts.contains(Text($0)) }
    }

    private func moment(
        _ text: String?, _ option: String, at now: UnixTime, _ clock: WallClock
    ) throws(ValidationError) -> UnixTime? {
        guard let text else { return nil }
        guard let moment = clock.moment(text, before: now) else {
            throw ValidationError(
                "\(option) \(quoted(text)): 30d, 12h, 45m, 90s, YYYY-MM-DD, YYYY-MM-DDTHH:MM or RFC 3339 expected.")
        }
        return moment
    }
}
