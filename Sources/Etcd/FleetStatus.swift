public import Encodings

/// How far each host of a fleet is.
public struct FleetStatus: Sendable {
    /// The serial that is published; `nil` where none is, and so nothing is known of who has it.
    public let published: UInt64?
    /// The signed policy that is published, verified by nobody; `nil` where none is, or it may not be read.
    public let policy: [UInt8]?
    /// Those that say something, and those that were asked for and do not; by name.
    public let hosts: [HostStatus]

    /// What there is of a host.
    public struct HostStatus: Sendable, Equatable {
        /// Its name.
        public let name: Text
        /// What it says; why that is nothing.
        public let report: Result<HostReport, HostSilence>

        /// How it stands to what is published.
        public func standing(to published: UInt64?) -> Standing {
            switch report {
            case .failure(let silence): return .silent(silence)
            case .success(let report):
                guard let published else { return .unknown }
                if let fault = report.fault { return .invalid(fault) }
                guard let serial = report.serial else { return .behind(by: nil) }
                return serial >= published ? .current : .behind(by: published - serial)
            }
        }
    }

    /// Why there is no report of a host's.
    public enum HostSilence: Error, Sendable, Equatable {
        /// It was never there, is off, or does not reach etcd.
        case noHeartbeat
        case malformed(HostReportError)
    }

    /// How a host stands to what is published.
    public enum Standing: Sendable, Equatable {
        case current
        /// By how much its serial is lower; `nil` where it has applied none.
        case behind(by: UInt64?)
        /// Nobody enters by what it has applied; in its own words.
        case invalid(String)
        /// Nobody knows what is published.
        case unknown
        case silent(HostSilence)
    }

    /// Reads what the hosts say.
    /// - Parameters:
    ///   - client: Of the cluster.
    ///   - prefix: What all keys of the fleet begin with: `/pair/`.
    ///   - expected: Names of hosts that are to be there.
    ///   - deadline: Until when members are asked.
    /// - Throws: `PolicyPublicationError`.
    public init(
        client: EtcdClient, prefix: String, expected: [Text] = [], until deadline: ContinuousClock.Instant
    ) async throws(PolicyPublicationError) {
        let keys = FleetKeys(prefix: prefix)
        let digits: [UInt8]?
        let pairs: [KeyValue]
        do throws(EtcdError) {
            digits = try await client.range(RangeRequest(key: keys.serial), until: deadline).pairs.first?.value
            policy = try await FleetStatus.policy(at: keys.policy, of: client, until: deadline)
            pairs = try await client.all(prefix: keys.hosts, until: deadline)
        } catch {
            throw .etcd(error)
        }
        var published: UInt64?
        if let digits {
            guard let serial = FleetKeys.serial(of: digits) else { throw .serialMalformed(digits) }
            published = serial
        }
        let names = pairs.map { Text(String(decoding: $0.key.dropFirst(keys.hosts.utf8.count), as: UTF8.self)) }
        let reports = zip(names, pairs).map { name, pair in
            HostStatus(name: name, report: FleetStatus.report(of: name.string, in: pair.value))
        }
        let present = Set(names)
        let absent = Set(expected).subtracting(present).map { HostStatus(name: $0, report: .failure(.noHeartbeat)) }
        self.published = published
        hosts = (reports + absent).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Who may see how far hosts are need not be one who may read the policy.
    private static func policy(
        at key: String, of client: EtcdClient, until deadline: ContinuousClock.Instant
    ) async throws(EtcdError) -> [UInt8]? {
        do throws(EtcdError) {
            return try await client.range(RangeRequest(key: key), until: deadline).pairs.first?.value
        } catch {
            if case .refused(.permission, _) = error { return nil }
            throw error
        }
    }

    private static func report(of name: String, in value: [UInt8]) -> Result<HostReport, HostSilence> {
        do throws(HostReportError) {
            return .success(try HostReport(parsing: value, host: name))
        } catch {
            return .failure(.malformed(error))
        }
    }
}
