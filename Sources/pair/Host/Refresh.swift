import ArgumentParser
import Encodings
import Foundation
import HTTP
import HostFiles
import Policy
import Upkeep

extension Host {
    /// `pair host refresh`: the providers' keys and the fleet's policy, to where `pair-authkeys` reads them.
    struct Refresh: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch the providers' keys, by which logins are checked, and a fleet's policy.",
            discussion: """
                Every provider of pair.toml is asked, all at once, or those that you name. A set of keys that works is \
                replaced by a newer one only, in one step; where anything fails it stays, and that is said. Two refreshes \
                at once never ask the same provider twice for the same thing.

                Where pair.toml has a [policy_source], the signed policy there is fetched as well, unless you name providers. \
                It is verified, and applied in one step where its serial is higher than what the host has; what is refused \
                leaves that as it is.

                The status is 0 where each provider's keys and the policy are fresh; 1 where one could not be had, and the \
                one before still counts; 2 where a provider has no set that counts, so that nobody there is let in, or no \
                policy counts; 3 where pair.toml cannot be used.

                With --json there is one object a line: provider, issuer, state (fresh, old, none), action (asked, shared, \
                left, failed), change (first, new, same), keys, algorithms, fetched_at, counts_until, next, failures, \
                error, advice, file; and for the policy: policy (its url, or the members of \
                etcd and the prefix), state, action, change, serial, created, expires, \
                counts_until, next, failures, error, advice, file.
                """)

        /// Only there are the files root's alone, whoever runs this.
        private static let standardPath = "/etc/pair/pair.toml"

        @Option(help: ArgumentHelp("The host's pair.toml (default: \(standardPath)).", valueName: "file"))
        var config: String?

        @Flag(help: "Ask a provider only where its time has come: by its Cache-Control, or after a failure.")
        var ifDue = false

        @Flag(
            help: """
                Ask only where a login met a key or provider without a set since the last time; at most once a minute, the \
                rest of which is waited for. With --if-due: where either holds.
                """)
        var ifWanted = false

        @Flag(help: "Have the whole set served, even if it is the one that is here.")
        var force = false

        @Flag(help: "One JSON object for each provider, on a line of its own.")
        var json = false

        @Flag(name: .shortAndLong, help: "Say only what went wrong, and a failure that harms nobody yet only once.")
        var quiet = false

        @Option(help: .hidden)
        var wantedFile = "/run/pair/refresh-wanted"

        @Argument(help: ArgumentHelp("Which providers, by their names in pair.toml.", valueName: "provider"))
        var names: [String] = []

        func validate() throws {
            guard !force || !ifDue && !ifWanted else {
                throw ValidationError("--force asks in any case; leave --if-due and --if-wanted out.")
            }
        }

        func run() async throws {
            let terminal = Terminal(isQuiet: quiet || json)
            let configuration: Configuration
            let providers: [Provider]
            let ownership: Ownership = config == nil ? .root : .rootOrSelf
            do {
                let path = config ?? Self.standardPath
                let bytes = try HostFile(path, ownedBy: ownership).read(limit: AdministeredHost.maximumConfiguration)
                configuration = try Configuration(parsing: bytes, file: path)
                providers = try named(in: configuration)
            } catch {
                terminal.complain(about: error)
                throw ExitCode(3)
            }
            let surroundings = KeySetRefresh.Surroundings(
                now: { now() }, poke: { [wantedFile] in Poke(of: wantedFile) })
            let refresh = KeySetRefresh(
                of: configuration, ownedBy: ownership, by: HTTPClient(userAgent: "pair/\(Pair.version)"),
                in: surroundings)
            let policyRefresh =
                names.isEmpty ? Self.policyRefresh(of: configuration, ownedBy: ownership, in: surroundings) : nil
            let subjects = providers.map(\.name) + (policyRefresh == nil ? [] : ["for the policy"])
            terminal.wait(for: "Asking \(subjects.joined(separator: ", "))")
            let terms = RefreshTerms(isOnlyIfDue: ifDue, isOnlyIfWanted: ifWanted, isForced: force)
            async let policy = policyRefresh?.refresh(on: terms)
            let refreshed = await refresh.refresh(providers, on: terms)
            let applied = await policy
            terminal.wait(for: nil)
            report(
                refreshed.map { RefreshReport($0, under: configuration) },
                applied.map { PolicyReport($0, under: configuration) }, on: terminal)
            let worst = (refreshed.map(\.verdict) + (applied.map { [$0.verdict] } ?? [])).max() ?? .fresh
            if worst != .fresh { throw ExitCode(worst.rawValue) }
        }

        private func named(in configuration: Configuration) throws -> [Provider] {
            for name in names where !configuration.providers.contains(where: { Text($0.name) == Text(name) }) {
                let known = configuration.providers.map(\.name).joined(separator: ", ")
                throw Failure(
                    description: "no provider of pair.toml is called \(quoted(name))",
                    advice: known.isEmpty ? "It has none." : "Name one of these: \(known).")
            }
            let names = names.map { Text($0) }
            return configuration.providers.filter { names.isEmpty || names.contains(Text($0.name)) }
        }

        /// A policy may be large, and the server far.
        static func policyRefresh(
            of configuration: Configuration, ownedBy ownership: Ownership,
            in surroundings: KeySetRefresh.Surroundings
        ) -> PolicyRefresh? {
            let http = HTTPClient(
                userAgent: "pair/\(Pair.version)", timeout: Seconds(60), maximumBody: AppliedPolicy.maximumCount)
            return PolicyRefresh(
                of: configuration, ownedBy: ownership, by: http, in: surroundings,
                secondsFromUTC: { secondsFromUTC(at: $0) })
        }

        private func report(_ reports: [RefreshReport], _ policy: PolicyReport?, on terminal: Terminal) {
            let style = Style(for: STDOUT_FILENO)
            if json {
                for object in reports.map(\.json) + (policy.map { [$0.json] } ?? []) {
                    print(String(decoding: JSON.object(object).encoded, as: UTF8.self))
                }
            } else if !quiet {
                if !reports.isEmpty { print(RefreshReport.table(of: reports, style: style)) }
                if let policy { print(policy.line(style)) }
            }
            if reports.isEmpty, policy == nil {
                terminal.say("pair.toml names no provider; there is nothing to fetch.")
            }
            let complaints =
                reports.map { ($0.complaint, $0.isKnown) } + (policy.map { [($0.complaint, $0.isKnown)] } ?? [])
            for (complaint, isKnown) in complaints {
                guard let complaint, !(quiet && isKnown) else { continue }
                terminal.complain("\(terminal.style.red("pair:")) \(complaint)")
            }
        }
    }
}

extension Poke {
    /// The last request of a login, `nil` for none: the time of modification of the file that it touches.
    fileprivate init?(of file: String) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file)
        guard let modified = attributes?[.modificationDate] as? Date else { return nil }
        self.init(microseconds: Int64((modified.timeIntervalSince1970 * 1e6).rounded()))
    }
}
