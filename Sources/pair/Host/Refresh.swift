import ArgumentParser
import Encodings
import Foundation
import HTTP
import HostFiles
import Policy
import Upkeep

extension Host {
    /// `pair host refresh`: the providers' keys, into the cache that `pair-authkeys` reads.
    struct Refresh: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch the providers' keys, by which logins are checked.",
            discussion: """
                Every provider of pair.toml is asked, all at once, or those that you name. A set of keys that works is \
                replaced by a newer one only, in one step; where anything fails it stays, and that is said. Two refreshes \
                at once never ask the same provider twice for the same thing.

                The status is 0 where each provider's keys are fresh; 1 where one could not be had, and the set before \
                still counts; 2 where a provider has no set that counts, so that nobody there is let in; 3 where pair.toml \
                cannot be used.

                With --json there is one object a line: provider, issuer, state (fresh, old, none), action (asked, shared, \
                left, failed), change (first, new, same), keys, algorithms, fetched_at, counts_until, next, failures, \
                error, advice, file.
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
            let refresh = KeySetRefresh(
                of: configuration, ownedBy: ownership, by: HTTPClient(userAgent: "pair/\(Pair.version)"),
                in: KeySetRefresh.Surroundings(now: { now() }, poke: { [wantedFile] in Poke(of: wantedFile) }))
            terminal.wait(for: "Asking \(providers.map(\.name).joined(separator: ", "))")
            let refreshed = await refresh.refresh(
                providers, on: RefreshTerms(isOnlyIfDue: ifDue, isOnlyIfWanted: ifWanted, isForced: force))
            terminal.wait(for: nil)
            report(refreshed.map { RefreshReport($0, under: configuration) }, on: terminal)
            let worst = refreshed.map(\.verdict).max() ?? .fresh
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

        private func report(_ reports: [RefreshReport], on terminal: Terminal) {
            if json {
                for report in reports { print(String(decoding: JSON.object(report.json).encoded, as: UTF8.self)) }
            } else if !quiet, !reports.isEmpty {
                print(RefreshReport.table(of: reports, style: Style(for: STDOUT_FILENO)))
            }
            if reports.isEmpty { terminal.say("pair.toml names no provider; there is nothing to fetch.") }
            for report in reports {
                guard let complaint = report.complaint, !(quiet && report.isKnown) else { continue }
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
