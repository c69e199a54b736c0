internal import Encodings

/// Puts a signed policy into etcd for all hosts to follow.
public struct PolicyPublication: Sendable {
    private let client: EtcdClient
    private let keys: FleetKeys

    /// What became of a policy.
    public enum Outcome: Sendable, Equatable {
        case published
        /// It was there already: the same text.
        case alreadyThere
    }

    /// A place to publish at.
    /// - Parameters:
    ///   - client: Of the cluster.
    ///   - prefix: What all keys of the fleet begin with: `/pair/`.
    public init(client: EtcdClient, prefix: String) {
        self.client = client
        keys = FleetKeys(prefix: prefix)
    }

    /// Publishes a policy, in one transaction that etcd does only if what is there has a lower serial.
    /// - Parameters:
    ///   - text: The signed policy, whole.
    ///   - serial: Its serial.
    ///   - deadline: Until when members are asked.
    /// - Returns: Whether it was there already.
    /// - Throws: Each case of `PolicyPublicationError`.
    public func publish(
        _ text: [UInt8], serial: UInt64, until deadline: ContinuousClock.Instant
    ) async throws(PolicyPublicationError) -> Outcome {
        guard text.count <= EtcdSettings.maximumValue else { throw .tooLarge(count: text.count) }
        let digits = FleetKeys.digits(of: serial)
        do throws(EtcdError) {
            let puts = [(key: keys.serial, value: digits), (key: keys.policy, value: text)]
            // A comparison of what there is not never holds; and what there was not somebody else may just have published.
            let isLower = Comparison.less(keys.serial, than: digits)
            for comparison in [isLower, .absent(keys.serial), isLower] {
                if try await client.transact(if: [comparison], put: puts, until: deadline) { return .published }
            }
        } catch {
            throw .etcd(error)
        }
        let current = try await current(until: deadline)
        if current.text == text { return .alreadyThere }
        throw .serial(serial, published: current.serial)
    }

    /// What is published now.
    /// - Returns: The signed text and its serial; `nil` for what there is not.
    /// - Throws: Each case of `PolicyPublicationError` but `.serial`.
    public func current(
        until deadline: ContinuousClock.Instant
    ) async throws(PolicyPublicationError) -> (text: [UInt8]?, serial: UInt64?) {
        let digits: [UInt8]?
        let text: [UInt8]?
        do throws(EtcdError) {
            digits = try await client.range(RangeRequest(key: keys.serial), until: deadline).pairs.first?.value
            text = try await client.range(RangeRequest(key: keys.policy), until: deadline).pairs.first?.value
        } catch {
            throw .etcd(error)
        }
        guard let digits else { return (text, nil) }
        guard let serial = FleetKeys.serial(of: digits) else { throw .serialMalformed(digits) }
        return (text, serial)
    }
}

/// Why a policy was not published.
public enum PolicyPublicationError: Error, Equatable, Sendable {
    case etcd(EtcdError)
    /// Hosts take less.
    case tooLarge(count: Int)
    /// What is there has the same serial with another text, or a higher one.
    case serial(UInt64, published: UInt64?)
    /// The key for the serial holds something else.
    case serialMalformed([UInt8])
}

extension PolicyPublicationError: CustomStringConvertible {
    /// What was expected and what was found, without a full stop.
    public var description: String {
        switch self {
        case .etcd(let error): "\(error)"
        case .tooLarge(let count):
            "etcd: a policy of at most \(EtcdSettings.maximumValue) bytes expected, \(count) found"
        case .serial(let serial, let published):
            "etcd: a serial above \(published.map { String($0) } ?? "the one there") expected, \(serial) found"
        case .serialMalformed(let value): "etcd: serial: 20 digits expected, \(quoted(value)) found"
        }
    }

    /// What to do about it, in a sentence; `nil` where there is nothing.
    public var advice: String? {
        switch self {
        case .etcd(let error): error.advice
        case .tooLarge: "Make it smaller, or publish it over https: docs/fleet.md."
        case .serial: "Build and sign it with a higher serial; to go back to what was before, too."
        case .serialMalformed: "See who else writes under this prefix, and delete the key where it is not theirs."
        }
    }
}
