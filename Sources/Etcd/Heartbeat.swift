internal import Encodings

/// Keeps a host's report in etcd for as long as the host keeps saying that it is there.
///
/// The report hangs on a lease: with a host that is gone it goes. What did not change is not written again; then the
/// lease is kept alive, which etcd does in memory.
public actor Heartbeat {
    private let client: EtcdClient
    private let keys: FleetKeys
    private let lifetime: Int64
    private var lease: Int64?
    private var written: HostReport?

    /// A heartbeat that has not begun.
    /// - Parameters:
    ///   - client: Of the cluster.
    ///   - prefix: What all keys of the fleet begin with: `/pair/`.
    ///   - lifetime: For how many seconds the report stays after the last beat; to be called at least thrice in that.
    public init(client: EtcdClient, prefix: String, lifetime: Int64 = 90) {
        self.client = client
        keys = FleetKeys(prefix: prefix)
        self.lifetime = lifetime
    }

    /// Says that the host is there, and `report` where that is new.
    /// - Parameters:
    ///   - report: What it says of itself; where nothing but `since` is new, it is as before.
    ///   - deadline: Until when members are asked.
    /// - Throws: `EtcdError`; the next beat begins anew.
    public func beat(_ report: HostReport, until deadline: ContinuousClock.Instant) async throws(EtcdError) {
        do throws(EtcdError) {
            // Anybody with a user may end a lease that hangs on nothing, and etcd all of them where it was restored.
            if let known = lease, !(try await client.keepAlive(lease: known, until: deadline)) { forget() }
            let lease: Int64
            if let known = self.lease {
                lease = known
            } else {
                lease = try await client.grantLease(of: lifetime, until: deadline)
            }
            if var written {
                written.since = report.since
                if written == report { return }
            }
            try await client.put(
                keys.host(report.host), JSON.object(report.json).encoded, lease: lease, until: deadline)
            self.lease = lease
            written = report
        } catch {
            forget()
            throw error
        }
    }

    /// Takes the report away, where the host stops in an orderly way.
    /// - Parameter deadline: Until when members are asked.
    /// - Throws: `EtcdError`; the lease then ends by itself.
    public func end(until deadline: ContinuousClock.Instant) async throws(EtcdError) {
        guard let lease else { return }
        forget()
        try await client.revoke(lease: lease, until: deadline)
    }

    private func forget() {
        lease = nil
        written = nil
    }
}
