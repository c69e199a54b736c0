import ArgumentParser
import Encodings
import Etcd
import Foundation
import HTTP
import HostFiles
import Policy
import Upkeep

extension Host {
    /// `pair host watch`: applies each policy as soon as it is published in etcd.
    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow the fleet's policy in etcd, and apply each as it is published.",
            discussion: """
                Where etcd is, and as whom it is asked, stands in [policy_source] of pair.toml. What is published is verified \
                and applied as `pair host refresh` does it, and kept in the same places.

                Runs until it is stopped, as a service. What happens is said on standard error, a line each; in etcd the host \
                says which policy it has, for `pair fleet status`. The status is 3 where pair.toml cannot be used.
                """)

        @Option(
            help: ArgumentHelp(
                "The host's pair.toml (default: \(HostFacts.standardConfiguration)).", valueName: "file"))
        var config: String?

        @Option(help: ArgumentHelp("The host's name in etcd (default: that of the machine).", valueName: "name"))
        var name: String?

        @Flag(help: "Do not look whether logins work.")
        var noDoctor = false

        @Option(
            help: ArgumentHelp(
                "Take from this file whether they do, where `pair host doctor --keep` put it within three hours.",
                valueName: "file"))
        var doctor: String?

        @Option(help: ArgumentHelp("How often to read the policy where it cannot be watched.", valueName: "seconds"))
        var pull: Int64 = 60

        func validate() throws {
            guard (1...86_400).contains(pull) else { throw ValidationError("--pull: 1 to 86400 seconds expected") }
            guard !noDoctor || doctor == nil else {
                throw ValidationError("--no-doctor and --doctor exclude each other.")
            }
        }

        func run() async throws {
            let terminal = Terminal()
            // Only there are the files root's alone, whoever runs this.
            let ownership: Ownership = config == nil ? .root : .rootOrSelf
            let path = config ?? HostFacts.standardConfiguration
            let followed: Followed
            do {
                followed = try Followed(path, ownedBy: ownership)
            } catch {
                terminal.complain(about: error)
                // What keeps a file from being read may pass; what stands in it has to be mended.
                throw error is FileFault ? ExitCode.failure : ExitCode(3)
            }
            try await terminal.reporting {
                let name = try name ?? Self.machineName()
                guard HostReport.isName(name) else {
                    throw Failure(
                        description:
                            "a name of letters, digits, dots, hyphens and underscores expected, \(quoted(name)) found",
                        advice: "Give the host another name with --name.")
                }
                let client = try followed.place.client(filesOwnedBy: ownership)
                var pace = HostWatch.Pace()
                pace.policy.pull = Seconds(pull)
                let watch = HostWatch(client: client, prefix: followed.place.prefix, pace: pace)
                let host = HostWatch.Surroundings(
                    apply: { await followed.apply($0) }, applied: { followed.applied() },
                    doctor: { [noDoctor, doctor] in
                        if let doctor { return Self.doctor(keptIn: doctor, ownedBy: ownership) }
                        return noDoctor ? nil : await Self.doctor(path)
                    }, now: { now() },
                    report: { news in Terminal.write(WatchLine.text(news, on: name) + "\n") })
                let task = Task { await watch.run(as: name, of: followed.space, host) }
                for await _ in Self.signals() { break }
                task.cancel()
                await task.value
            }
        }

        /// What `pair host doctor --offline` finds.
        private static func doctor(_ config: String) async -> HostReport.Doctor {
            let examination = HostExamination(
                configurationPath: config, sshdConfiguration: SSHD.standardConfiguration, wantedLogins: [],
                isOffline: true, now: now())
            return Diagnosis(of: await examination.facts()).brief
        }

        /// What it found last, elsewhere.
        private static func doctor(keptIn path: String, ownedBy ownership: Ownership) -> HostReport.Doctor? {
            guard let bytes = try? HostFile(path, ownedBy: ownership).read(limit: 1 << 20) else { return nil }
            return HostReport.Doctor(kept: bytes, atMost: Seconds(3 * 3600), at: now())
        }

        private static func machineName() throws -> String {
            let bytes = try HostFile("/proc/sys/kernel/hostname", ownedBy: .any).read(limit: 4096)
            return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
        }

        /// What a terminal and an init system send to have the program end.
        private static func signals() -> AsyncStream<Int32> {
            let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
            for number in [SIGINT, SIGTERM, SIGHUP] {
                // Else the signal ends the program before the source sees it.
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler {
                    _ = source
                    continuation.yield(number)
                }
                source.resume()
            }
            return stream
        }
    }
}

/// The policy that a host follows in etcd.
private struct Followed: Sendable {
    let place: EtcdPlace
    private let configuration: Configuration
    private let source: PolicySource
    private let ownership: Ownership
    private let refresh: PolicyRefresh

    /// Reads pair.toml.
    init(_ path: String, ownedBy ownership: Ownership) throws {
        let bytes = try HostFile(path, ownedBy: ownership).read(limit: AdministeredHost.maximumConfiguration)
        configuration = try Configuration(parsing: bytes, file: path)
        let surroundings = KeySetRefresh.Surroundings(now: { now() }, poke: { nil })
        guard let source = configuration.policySource, case .etcd(let origin) = source.origin,
            let refresh = Host.Refresh.policyRefresh(of: configuration, ownedBy: ownership, in: surroundings)
        else {
            throw Failure(
                description: "\(shown(path)): etcd in [policy_source] expected, which is followed",
                advice: "A policy by https is fetched by pair host refresh: docs/fleet.md.")
        }
        place = EtcdPlace(origin, under: configuration)
        self.source = source
        self.ownership = ownership
        self.refresh = refresh
    }

    /// The Space that the host is.
    var space: String { configuration.space }

    /// What is applied now.
    func applied() -> HostWatch.Applied {
        let policy = AppliedPolicy(of: source, under: configuration, ownedBy: ownership, at: now())
        var applied = HostWatch.Applied(serial: policy.header?.serial, time: policy.header == nil ? nil : policy.time)
        switch policy.condition {
        case .counts, .missing: break
        case .unreadable, .malformed, .cut, .expired: applied.fault = policy.condition.description
        }
        return applied
    }

    /// Verifies what was published, and applies it where a host may; what holds stays otherwise.
    func apply(_ published: [UInt8]) async -> HostWatch.Application {
        let refreshed = await refresh.apply(brought: published)
        guard refreshed.holds, let serial = refreshed.policy.header?.serial else {
            return .refused(refreshed.failure?.description ?? "\(refreshed.policy.condition)")
        }
        return .applied(serial: serial)
    }
}

/// What happens, in a line of a log.
enum WatchLine {
    static func text(_ news: HostWatch.News, on host: String) -> String {
        switch news {
        case .watch(.watching(let member)): "pair: watching \(member.origin) as \(host)"
        case .watch(.watchEnded(let member, let end)): "pair: the watch at \(member.origin) is over: \(text(end))"
        case .watch(.behind(let member)): "pair: \(member.origin) shows less than there is; another member is watched"
        case .watch(.unreadable(let error)): "pair: the policy cannot be read: \(error)"
        case .watch(.missing): "pair: no policy is published"
        case .application(.applied(let serial)): "pair: policy \(serial) is applied"
        case .application(.refused(let words)): "pair: a policy was refused: \(words)"
        case .heartbeatFailed(let error): "pair: the heartbeat cannot be written: \(error)"
        }
    }

    /// Whether a line of the log says that the policy is followed, whatever came of the policy.
    static func isWell(_ line: String) -> Bool {
        line.hasPrefix("pair: watching ") || line.hasPrefix("pair: policy ") && line.hasSuffix(" is applied")
            || line.hasPrefix("pair: a policy was refused: ") || line.hasPrefix("pair: the heartbeat ")
    }

    private static func text(_ end: WatchEnd) -> String {
        switch end {
        case .compacted(let revision): "etcd has only what came since revision \(revision)"
        case .broken(let error): "\(error)"
        case .closed: "the member closed it"
        case .left: "it was left"
        }
    }
}
