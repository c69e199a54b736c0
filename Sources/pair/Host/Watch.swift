import ArgumentParser
import Encodings
import Etcd
import Fleet
import Foundation
import HTTP
import HostFiles
import Upkeep

extension Host {
    /// `pair host watch`: applies each policy as soon as it is published in etcd.
    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow the fleet's policy in etcd, and apply each as it is published.",
            discussion: """
                Runs until it is stopped, as a service. What happens is said on standard error, a line each; in etcd the host \
                says which policy it has, for `pair fleet status`.
                """)

        @OptionGroup var etcd: EtcdOptions

        @Option(help: ArgumentHelp("Who may sign, as ssh-keygen(1) has it.", valueName: "file"))
        var allowedSigners = "/etc/pair/allowed_signers"

        @Option(help: ArgumentHelp("The policy as last applied.", valueName: "file"))
        var file = "/var/lib/pair/policy"

        @Option(help: "The lowest serial that will do where none was applied yet.")
        var minSerial: UInt64 = 1

        @Option(help: ArgumentHelp("The host's name in etcd (default: that of the machine).", valueName: "name"))
        var name: String?

        @Option(help: ArgumentHelp("The Space that it is (default: its name).", valueName: "name"))
        var space: String?

        @Option(help: ArgumentHelp("The host's pair.toml, for what pair host doctor says.", valueName: "file"))
        var config = HostFacts.standardConfiguration

        @Flag(help: "Do not look whether logins work.")
        var noDoctor = false

        @Option(help: ArgumentHelp("How often to read the policy where it cannot be watched.", valueName: "seconds"))
        var pull: Int64 = 60

        func validate() throws {
            guard (1...86_400).contains(pull) else { throw ValidationError("--pull: 1 to 86400 seconds expected") }
        }

        func run() async throws {
            let terminal = Terminal()
            try await terminal.reporting {
                let place = etcd.place
                let client = try place.client()
                let name = try name ?? Self.machineName()
                guard HostReport.isName(name) else {
                    throw Failure(
                        description:
                            "a name of letters, digits, dots, hyphens and underscores expected, \(quoted(name)) found",
                        advice: "Give the host another name with --name.")
                }
                let applier = WatchedPolicy(allowedSigners: allowedSigners, file: file, minimumSerial: minSerial)
                var report = HostReport(host: name, space: space ?? name, since: now())
                report.serial = try applier.applied()?.serial
                var pace = HostWatch.Pace()
                pace.policy.pull = Seconds(pull)
                let watch = HostWatch(client: client, prefix: place.prefix, pace: pace)
                let deeds = HostWatch.Deeds(
                    apply: { applier.apply($0) },
                    doctor: { [config, noDoctor] in noDoctor ? nil : await Self.doctor(config) }, now: { now() },
                    report: { news in Terminal.write(WatchLine.text(news, on: name) + "\n") })
                let task = Task { [report] in await watch.run(as: report, deeds) }
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
            let diagnosis = Diagnosis(of: await examination.facts())
            let worst =
                diagnosis.lines.first { $0.verdict == .wrong } ?? diagnosis.lines.first { $0.verdict == .warning }
            return HostReport.Doctor(
                failures: diagnosis.count(of: .wrong), warnings: diagnosis.count(of: .warning), first: worst?.text)
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

/// Verifies what was published, and puts it in its place.
struct WatchedPolicy: Sendable {
    let allowedSigners: String
    let file: String
    let minimumSerial: UInt64

    /// What holds now; `nil` where nothing does.
    func applied() throws -> PolicyBundle? {
        guard let bytes = try PolicyFile(path: file).readIfThere() else { return nil }
        return try PolicyBundle(parsing: bytes)
    }

    /// Applies `published` where a host may; what holds stays otherwise.
    func apply(_ published: [UInt8]) -> HostWatch.Application {
        do {
            let before = try applied()
            let allowed = try AllowedSigners(parsing: try PolicyFile(path: allowedSigners).read()) { moment in
                let date = Date(timeIntervalSince1970: TimeInterval(moment.seconds))
                return Seconds(Int64(TimeZone.current.secondsFromGMT(for: date)))
            }
            let policy = try VerifiedPolicy(
                try SignedPolicy(parsing: published), allowed: allowed,
                minimumSerial: before?.serial ?? minimumSerial, at: now())
            if let before, before.serial == policy.bundle.serial {
                guard before == policy.bundle else {
                    return .refused("policy: another one with the serial \(before.serial) holds already")
                }
            } else {
                try PolicyFile(path: file).replace(with: policy.bundle.text)
            }
            return .applied(serial: policy.bundle.serial)
        } catch {
            return .refused("\(error)")
        }
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
        case .mute(let error): "pair: the heartbeat cannot be written: \(error)"
        }
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
