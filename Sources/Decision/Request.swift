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

/// When a decision is made, and how the host's own clock shows that.
public struct Moment: Sendable {
    /// The moment.
    public let now: UnixTime

    /// What local time is ahead of UTC at a moment; only asked where a line must say its end in local time.
    public let localOffset: @Sendable (UnixTime) -> Seconds

    /// The moment `now` on a host with such local time.
    public init(now: UnixTime, localOffset: @escaping @Sendable (UnixTime) -> Seconds) {
        self.now = now
        self.localOffset = localOffset
    }
}
