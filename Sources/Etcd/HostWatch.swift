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

    /// What the host does itself.
    public struct Deeds: Sendable {
        /// Verifies and applies a policy, given as published.
        public var apply: @Sendable ([UInt8]) async -> Application
        /// Looks whether logins work; `nil` where that cannot be said.
        public var doctor: @Sendable () async -> HostReport.Doctor?
        /// The time.
        public var now: @Sendable () -> UnixTime
        /// Gets what is going on, for a log.
        public var report: @Sendable (News) -> Void

        /// What a host does.
        public init(
            apply: @escaping @Sendable ([UInt8]) async -> Application,
            doctor: @escaping @Sendable () async -> HostReport.Doctor? = { nil },
            now: @escaping @Sendable () -> UnixTime, report: @escaping @Sendable (News) -> Void
        ) {
            self.apply = apply
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
        case mute(EtcdError)
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
    ///   - report: What the host can say of itself before it has seen anything.
    ///   - deeds: What it does itself.
    public func run(as report: HostReport, _ deeds: Deeds) async {
        let standing = Standing(report)
        let (beats, beating) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let heartbeat = Heartbeat(client: client, prefix: prefix, lifetime: pace.lifetime.count)
        beating.yield()
        await withTaskGroup { group in
            group.addTask {
                let watch = PolicyWatch(client: client, prefix: prefix, pace: pace.policy, random: random)
                await watch.run(report: { deeds.report(.watch($0)) }) { policy in
                    let application = await deeds.apply(policy.text)
                    deeds.report(.application(application))
                    standing.note(application, at: deeds.now())
                    beating.yield()
                }
                beating.finish()
            }
            group.addTask {
                while (try? await Task.sleep(for: .seconds(pace.beat.count) * (0.75 + 0.5 * random()))) != nil {
                    beating.yield()
                }
            }
            group.addTask {
                for await _ in beats { await beat(standing, heartbeat, deeds) }
            }
        }
        // This task is cancelled, so that nothing can be asked in it any more.
        await Task { try? await heartbeat.end(until: .now + .seconds(2)) }.value
    }

    private func beat(_ standing: Standing, _ heartbeat: Heartbeat, _ deeds: Deeds) async {
        if standing.wantsDoctor(every: pace.doctor) { standing.note(await deeds.doctor(), at: deeds.now()) }
        do throws(EtcdError) {
            try await heartbeat.beat(standing.report, until: .now + .seconds(pace.beat.count))
        } catch {
            if error != .cancelled { deeds.report(.mute(error)) }
        }
    }
}

/// What a host says of itself.
private final class Standing: Sendable {
    private struct State {
        var report: HostReport
        /// `nil` where it is to be asked next.
        var lookedAt: ContinuousClock.Instant?
    }

    private let state: Mutex<State>

    init(_ report: HostReport) {
        state = Mutex(State(report: report))
    }

    var report: HostReport { state.withLock { $0.report } }

    func note(_ application: HostWatch.Application, at now: UnixTime) {
        state.withLock { state in
            state.lookedAt = nil
            switch application {
            case .applied(let serial):
                if state.report.serial != serial { state.report.applied = now }
                state.report.serial = serial
                state.report.problem = nil
            case .refused(let words): state.report.problem = words
            }
            state.report.since = now
        }
    }

    func wantsDoctor(every span: Seconds) -> Bool {
        state.withLock { state in
            if let last = state.lookedAt, .now - last < .seconds(span.count) { return false }
            state.lookedAt = .now
            return true
        }
    }

    func note(_ doctor: HostReport.Doctor?, at now: UnixTime) {
        state.withLock { state in
            guard state.report.doctor != doctor else { return }
            state.report.doctor = doctor
            state.report.since = now
        }
    }
}
