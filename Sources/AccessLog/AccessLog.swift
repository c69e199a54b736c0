public import HostFiles

/// Where decisions are recorded: a file and syslog, each or none.
public struct AccessLog: Sendable {
    /// The file's path, `nil` for none; it must exist.
    public let file: String?

    /// Whether records go to syslog.
    public let isSyslogOn: Bool

    /// The file's size from which on it takes no record that anyone can cause, in bytes.
    public let unverifiedCap: Int64

    /// A log of these parts.
    public init(file: String?, isSyslogOn: Bool, unverifiedCap: Int64) {
        self.file = file
        self.isSyslogOn = isSyslogOn
        self.unverifiedCap = unverifiedCap
    }

    /// Where syslog listens, on any Unix.
    public static let syslogSocket = "/dev/log"

    /// Keeps `record`: in the file by one write, and as one datagram to syslog, lost rather than waited for.
    /// - Parameters:
    ///   - record: What to keep.
    ///   - process: This process's id, for syslog.
    /// - Throws: `FileFault` where there is a file and the record is not in it.
    public func keep(_ record: AccessRecord, process: Int32) throws(FileFault) {
        var fault: FileFault?
        if let file {
            do throws(FileFault) {
                let cap = record.isFromAnyone ? unverifiedCap : nil
                if case .full = try HostFile.append(record.json + [0x0A], to: file, whileSmallerThan: cap) { return }
            } catch {
                fault = error
            }
        }
        if isSyslogOn {
            // Facility authpriv (10), severity info (6): RFC 5424 §6.2.1.
            let message = Array("<\(10 * 8 + 6)>pair-authkeys[\(process)]: ".utf8) + record.json
            try? sendDatagram(message, to: Self.syslogSocket)
        }
        if let fault { throw fault }
    }
}
