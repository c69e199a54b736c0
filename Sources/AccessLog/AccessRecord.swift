public import Decision
public import Encodings
internal import SSHKeys

/// One decision as the access log keeps it: an object of one line.
///
/// What is not known is left out. Never in it: the key's blob, the token, an access token.
/// Source: docs/operating.md "The access log".
public struct AccessRecord: Sendable {
    /// The object, without a line feed.
    public let json: [UInt8]

    /// Whether it is of a refusal that anyone on the network can cause as often as they like.
    public let isFromAnyone: Bool

    /// The record of `decision`, `nil` where none is kept: every stray key of every agent would be one.
    /// - Parameters:
    ///   - decision: What was decided.
    ///   - login: The login as it was given; `nil` where the question could not be read.
    ///   - space: The Space's name; `nil` where pair.toml could not be read.
    ///   - place: Where, and by which policy.
    ///   - now: When.
    public init?(
        of decision: Decision, login: Text?, space: String?, on place: RecordPlace = RecordPlace(), at now: UnixTime
    ) {
        let facts = decision.facts
        var record = JSON.Object()
        record.add("time", now.rfc3339)
        switch decision.outcome {
        case .accepted:
            record.add("decision", "accept")
            record.add("reason", "accepted")
            isFromAnyone = false
        case .refused(let refusal):
            guard refusal.reason != .keyUnknown else { return nil }
            record.add("decision", "refuse")
            record.add("reason", refusal.reason.rawValue)
            isFromAnyone = !facts.isVouchedFor
        case .faulted(let fault):
            record.add("decision", "fault")
            record.add("reason", fault.code.rawValue)
            isFromAnyone = true
        }
        record.add("host", place.host.map { shortened(Text($0)) })
        if let sshd = place.sshd { record.add("sshd", .integer(Int64(sshd))) }
        record.add("login", login.map(shortened))
        record.add("space", space)
        if let policy = place.policy { record.add("policy", number(policy)) }
        record.add("path", facts.path?.rawValue)
        record.add("provider", facts.provider)
        record.add("issuer", facts.issuer.map(shortened))
        record.add("sub", facts.subject.map(shortened))
        record.add("email", facts.email.map(shortened))
        record.add("role", facts.role.map(shortened))
        record.add("account", facts.account)
        if !facts.services.isEmpty { record.add("services", .array(facts.services.map { .string(Text($0)) })) }
        if let keyID = facts.keyID, !keyID.isEmpty { record.add("key_id", shortened(keyID)) }
        if let serial = facts.serial { record.add("serial", number(serial)) }
        record.add("key", facts.key?.description)
        record.add("ca", facts.ca?.description)
        record.add("expires", facts.expires?.rfc3339)
        json = JSON.object(record).encoded
    }
}

/// Where a decision was made: what those who have the records of many hosts in one place tell them apart by.
public struct RecordPlace: Sendable {
    /// The machine's own name.
    public var host: String?

    /// The process that asked: sshd's for one connection, whose number is in its own log.
    public var sshd: Int32?

    /// The serial of the fleet's policy that was in place; `nil` where the host follows none, or it was not looked at.
    public var policy: UInt64?

    /// Nothing known of it.
    public init(host: String? = nil, sshd: Int32? = nil, policy: UInt64? = nil) {
        self.host = host
        self.sshd = sshd
        self.policy = policy
    }
}

/// As RFC 7493 §2.2 wants large numbers: over 2^53 a text, which no reader rounds.
private func number(_ value: UInt64) -> JSON {
    value <= 1 << 53 ? .integer(Int64(value)) : .string(Text(String(value)))
}

/// A value of at most 512 bytes, so that one record stays far below what one write takes whole.
private func shortened(_ text: Text) -> String {
    guard text.utf8.count > 512 else { return text.string }
    return String(decoding: text.utf8.prefix(512), as: UTF8.self) + "…"
}
