public import Encodings

/// What sshd asks: whether this key may enter as this login.
public struct Request: Sendable {
    /// sshd's `%u`.
    public let login: Text

    /// sshd's `%U`, `nil` where it did not say.
    public let uid: UInt32?

    /// sshd's `%k`: the key or certificate in base64, as given.
    public let key: [UInt8]

    /// sshd's `%t`, `nil` where it did not say.
    public let keyType: Text?

    /// A question with these parts, none checked yet.
    public init(login: Text, uid: UInt32?, key: [UInt8], keyType: Text?) {
        self.login = login
        self.uid = uid
        self.key = key
        self.keyType = keyType
    }
}

/// When a decision is made, and what local time is like on the host.
public struct Moment: Sendable {
    /// The moment.
    public let now: UnixTime

    /// Only asked where a line must say its end in local time.
    public let localTime: LocalTime

    /// The moment `now` on a host with such local time.
    public init(now: UnixTime, localTime: LocalTime) {
        self.now = now
        self.localTime = localTime
    }
}

/// A host's local time; what its clock shows is given as the moment at which a clock in UTC shows the same.
public struct LocalTime: Sendable {
    /// What the clock shows at a moment.
    public let shown: @Sendable (UnixTime) -> UnixTime

    /// The moment that sshd takes a local time for: as `mktime` reads it with `tm_isdst` 0, in summer too.
    ///
    /// Source: OpenSSH's `misc.c`, `parse_absolute_time`.
    public let readBySSHD: @Sendable (UnixTime) -> UnixTime

    /// Local time with these two readings.
    public init(
        shown: @escaping @Sendable (UnixTime) -> UnixTime, readBySSHD: @escaping @Sendable (UnixTime) -> UnixTime
    ) {
        self.shown = shown
        self.readBySSHD = readBySSHD
    }
}
