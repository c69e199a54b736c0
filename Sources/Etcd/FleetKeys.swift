/// The keys of a fleet in etcd.
public struct FleetKeys: Sendable {
    /// What all of them begin with: `/pair/`.
    public let prefix: String

    /// The keys with a prefix.
    public init(prefix: String) {
        self.prefix = prefix
    }

    /// The signed policy, whole.
    public var policy: String { prefix + "policy" }

    /// Its serial, in 20 digits, by which a lower one is refused.
    public var serial: String { prefix + "serial" }

    /// What all heartbeats begin with.
    public var hosts: String { prefix + "hosts/" }

    /// A host's heartbeat.
    public func host(_ name: String) -> String { hosts + name }

    /// A serial so that etcd, which compares bytes, compares numbers.
    static func digits(of serial: UInt64) -> [UInt8] {
        let digits = String(serial)
        return Array((String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits).utf8)
    }

    static func serial(of digits: [UInt8]) -> UInt64? {
        guard digits.count == 20, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }
}
