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

    /// Opens it for records, in a process that can soon open nothing more.
    public func opened() -> OpenAccessLog { OpenAccessLog(self) }
}

/// An access log that takes records; its file and its socket are closed when it goes out of scope.
public struct OpenAccessLog: ~Copyable {
    private let file: RecordFile?
    /// What kept the file from being opened.
    private let fault: FileFault?
    private let syslog: DatagramSocket?
    private let unverifiedCap: Int64

    fileprivate init(_ log: AccessLog) {
        unverifiedCap = log.unverifiedCap
        do throws(FileFault) {
            file = if let path = log.file { try RecordFile(path) } else { nil }
            fault = nil
        } catch {
            file = nil
            fault = error
        }
        // Where nobody listens there is nobody to tell.
        syslog = log.isSyslogOn ? try? DatagramSocket(connectingTo: AccessLog.syslogSocket) : nil
    }

    /// Keeps `record`: in the file by one write, and as one datagram to syslog, lost rather than waited for.
    /// - Parameters:
    ///   - record: What to keep.
    ///   - process: This process's id, for syslog.
    /// - Throws: `FileFault` where there is to be a file and the record is not in it.
    public func keep(_ record: AccessRecord, process: Int32) throws(FileFault) {
        var fault = fault
        do throws(FileFault) {
            let cap = record.isFromAnyone ? unverifiedCap : nil
            if case .full = try file?.append(record.json + [0x0A], whileSmallerThan: cap) { return }
        } catch {
            fault = error
        }
        // Facility authpriv (10), severity info (6): RFC 5424 §6.2.1.
        try? syslog?.send(Array("<\(10 * 8 + 6)>pair-authkeys[\(process)]: ".utf8) + record.json)
        if let fault { throw fault }
    }
}
