public import Encodings
internal import Synchronization

/// What a host of a fleet does all the time: follows the policy, has it applied, and says how that went.
public struct HostWatch: Sendable {
    /// What became of a policy.
    public enum Application: Sendable, Equatable {
        /// It is what holds now, or was so before.
        case applied(serial: UInt64)
        /// It was refused, and what was before still holds; in words.
        case refused(String)
    }

    /// What a host has applied, as it is now.
    public struct Applied: Sendable, Equatable {
        /// Its serial; `nil` for none.
        public var serial: UInt64?
        /// When it was applied.
        public var time: UnixTime?
        /// Why logins are not decided by it, expired for one; `nil` where they are, or where there is none.
        public var fault: String?

        /// What is applied; without arguments none.
        public init(serial: UInt64? = nil, time: UnixTime? = nil, fault: String? = nil) {
            self.serial = serial
            self.time = time
            self.fault = fault
        }
    }

    /// What the host does itself.
    public struct Surroundings: Sendable {
        /// Verifies and applies a policy, given as published.
        public var apply: @Sendable ([UInt8]) async -> Application
        /// Looks what is applied: by whomever, and whatever has become of it since.
        public var applied: @Sendable () -> Applied
        /// Looks whether logins work; `nil` where that cannot be said.
        public var doctor: @Sendable () async -> HostReport.Doctor?
        /// The time.
        public var now: @Sendable () -> UnixTime
        /// Gets what is going on, for a log.
        public var report: @Sendable (News) -> Void

        /// What a host does.
        public init(
            apply: @escaping @Sendable ([UInt8]) async -> Application, applied: @escaping @Sendable () -> Applied,
            doctor: @escaping @Sendable () async -> HostReport.Doctor? = { nil },
            now: @escaping @Sendable () -> UnixTime, report: @escaping @Sendable (News) -> Void
        ) {
            self.apply = apply
            self.applied = applied
            self.doctor = doctor
            self.now = now
            self.report = report
        }
    }

    /// What is going on.
    public enum News: Sendable, Equatable {
        case watch(PolicyWatch.News)
        case application(Application)
        /// The heartbeat could not be written.
        case heartbeatFailed(EtcdError)
    }

    /// How often what is done.
    public struct Pace: Sendable {
        /// Of the policy.
        public var policy = PolicyWatch.Pace()
        /// How often the host says that it is there.
        public var beat = Seconds(30)
        /// How long it counts as being there after that.
        public var lifetime = Seconds(90)
        /// How often it looks whether logins work, besides after each policy.
        public var doctor = Seconds(900)

        /// The usual pace.
        public init() {}
    }

    private let client: EtcdClient
    private let prefix: String
    private let pace: Pace
    private let random: @Sendable () -> Double

    /// A host's service.
    /// - Parameters:
    ///   - client: Of the cluster.
    ///   - prefix: What all keys of the fleet begin with: `/pair/`.
    ///   - pace: How often what is done.
    ///   - random: From 0 up to 1, other ones each time.
    public init(
        client: EtcdClient, prefix: String, pace: Pace = Pace(),
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.client = client
        self.prefix = prefix
        self.pace = pace
        self.random = random
    }

    /// Runs until the task is cancelled, and then takes the heartbeat away.
    /// - Parameters:
    ///   - name: The host's.
    ///   - space: The Space that it is.
    ///   - host: What it does itself.
    public func run(as name: String, of space: String, _ host: Surroundings) async {
        let current = CurrentReport(HostReport(host: name, space: space, since: host.now()))
        let (beats, beating) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let heartbeat = Heartbeat(client: client, prefix: prefix, lifetime: pace.lifetime.count)
        beating.yield()
        await withTaskGroup { group in
            group.addTask {
                let watch = PolicyWatch(client: client, prefix: prefix, pace: pace.policy, random: random)
                await watch.run(report: { host.report(.watch($0)) }) { policy in
                    let application = await host.apply(policy.text)
                    host.report(.application(application))
                    current.note(application, holding: host.applied())
                    beating.yield()
                    if case .applied = application { return true }
                    return false
                }
                beating.finish()
            }
            group.addTask {
                while (try? await Task.sleep(for: .seconds(pace.beat.count) * (0.75 + 0.5 * random()))) != nil {
                    beating.yield()
                }
            }
            group.addTask {
                for await _ in beats { await beat(current, heartbeat, host) }
            }
        }
        // This task is cancelled, so that nothing can be asked in it any more.
        await Task { try? await heartbeat.end(until: .now + .seconds(2)) }.value
    }

    private func beat(_ current: CurrentReport, _ heartbeat: Heartbeat, _ host: Surroundings) async {
        if current.wantsDoctor(every: pace.doctor) { current.note(await host.doctor()) }
        let report = current.report(holding: host.applied(), at: host.now())
        do throws(EtcdError) {
            try await heartbeat.beat(report, until: .now + .seconds(pace.beat.count))
        } catch {
            if error != .cancelled { host.report(.heartbeatFailed(error)) }
        }
    }
}

/// What a host says of itself.
private final class CurrentReport: Sendable {
    private struct State {
        /// As it was said last.
        var report: HostReport
        /// Why a policy was not applied, and what was applied then.
        var refusal: (words: String, serial: UInt64?)?
        var doctor: HostReport.Doctor?
        /// `nil` where it is to be asked next.
        var lookedAt: ContinuousClock.Instant?
    }

    private let state: Mutex<State>

    init(_ report: HostReport) {
        state = Mutex(State(report: report))
    }

    func note(_ application: HostWatch.Application, holding applied: HostWatch.Applied) {
        state.withLock { state in
            state.lookedAt = nil
            switch application {
            case .applied: state.refusal = nil
            case .refused(let words): state.refusal = (words, applied.serial)
            }
        }
    }

    func note(_ doctor: HostReport.Doctor?) { state.withLock { $0.doctor = doctor } }

    func wantsDoctor(every span: Seconds) -> Bool {
        state.withLock { state in
            if let last = state.lookedAt, .now - last < .seconds(span.count) { return false }
            state.lookedAt = .now
            return true
        }
    }

    /// What holds now; since when, where that is new.
    func report(holding applied: HostWatch.Applied, at now: UnixTime) -> HostReport {
        state.withLock { state in
            // Something else has applied another one since.
            if let refusal = state.refusal, refusal.serial != applied.serial { state.refusal = nil }
            var report = state.report
            (report.serial, report.applied, report.fault) = (applied.serial, applied.time, applied.fault)
            (report.problem, report.doctor) = (state.refusal?.words, state.doctor)
            if report != state.report { report.since = now }
            state.report = report
            return report
        }
    }
}
