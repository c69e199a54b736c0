public import Encodings
public import HTTP

/// Why something could not be asked of, or done by, a cluster of etcd.
public enum EtcdError: Error, Equatable, Sendable {
    /// Until the deadline none of the members answered; what each that was asked last did, in their order.
    case unavailable([EtcdMemberFailure])
    /// Most members refuse it, or answer what is none; what one of them said.
    case refused(EtcdRefusal, by: WebAddress)
    /// Most members answer what etcd's gateway does not; one of them.
    case malformed(EtcdMethod, by: WebAddress)
    /// The task that asked was cancelled.
    case cancelled
}

/// A member that did not answer, or could not just then.
public struct EtcdMemberFailure: Error, Equatable, Sendable {
    /// Which one.
    public let member: WebAddress
    /// What it did.
    public let reason: Reason

    /// What a member did in place of answering.
    public enum Reason: Equatable, Sendable {
        case noAnswer(HTTPError)
        /// In its own words: no leader, a time-out within the cluster.
        case notNow(Text)
        /// What others may not refuse: a member that has just been started may not know the users yet.
        case refused(EtcdRefusal)
        /// An answer that is not what etcd's gateway answers.
        case malformed(EtcdMethod)
    }

    /// Whether it will hardly do otherwise when it is asked again.
    var isLasting: Bool {
        switch reason {
        case .noAnswer(let error): error.isTooLarge
        case .notNow: false
        case .refused, .malformed: true
        }
    }

    init(_ member: WebAddress, _ reason: Reason) {
        self.member = member
        self.reason = reason
    }
}

/// Why etcd does not do what it was asked.
public enum EtcdRefusal: Error, Equatable, Sendable {
    /// The user's name or the password is wrong.
    case authentication
    /// Authentication is enabled, and no user was given.
    case userMissing
    /// The user's roles do not allow it.
    case permission
    /// What was sent is larger than the cluster takes.
    case tooLarge
    /// The cluster's storage is full.
    case noSpace
    /// Anything else, by gRPC's code and etcd's words.
    case other(code: Int64, Text)
}

extension EtcdError {
    /// What it comes to that these members did so, and no other was asked.
    init(_ failures: [EtcdMemberFailure]) {
        self = .unavailable(failures)
        guard failures.count(where: \.isLasting) * 2 > failures.count else { return }
        for failure in failures.reversed() {
            if case .malformed(let method) = failure.reason { self = .malformed(method, by: failure.member) }
        }
        for failure in failures.reversed() {
            if case .refused(let refusal) = failure.reason { self = .refused(refusal, by: failure.member) }
        }
    }

    /// Whether what was asked for is more than is taken at once, at each member.
    var isTooLarge: Bool {
        guard case .unavailable(let failures) = self, !failures.isEmpty else { return false }
        return failures.allSatisfy {
            if case .noAnswer(let error) = $0.reason { error.isTooLarge } else { false }
        }
    }
}

extension HTTPError {
    fileprivate var isTooLarge: Bool {
        if case .tooLarge = failure { true } else { false }
    }
}

extension EtcdError: CustomStringConvertible {
    /// What was expected and what was found, without a full stop.
    public var description: String {
        switch self {
        case .unavailable([]): "etcd: not all was answered in time"
        case .unavailable(let failures):
            "etcd: no member answered: "
                + failures.map(\.description).joined(separator: "; ")
        case .refused(let refusal, let member): "etcd at \(member.origin): \(refusal)"
        case .malformed(let method, let member): EtcdError.malformed(method, member)
        case .cancelled: "etcd: given up before there was an answer"
        }
    }

    fileprivate static let noGateway = "Name the client URLs of etcd 3.4 or newer: its gateway answers at /v3/."

    fileprivate static func malformed(_ method: EtcdMethod, _ member: WebAddress) -> String {
        "\(member.origin)\(method.path): an answer of etcd's JSON gateway expected"
    }

    /// What to do about it, in a sentence; `nil` where there is nothing.
    public var advice: String? {
        switch self {
        case .unavailable(let failures): failures.lazy.compactMap(\.advice).first
        case .refused(let refusal, _): refusal.advice
        case .malformed: EtcdError.noGateway
        case .cancelled: nil
        }
    }
}

extension EtcdMemberFailure: CustomStringConvertible {
    /// Who and what, without a full stop.
    public var description: String {
        switch reason {
        case .noAnswer(let error): "\(error)"
        case .notNow(let words): "\(member.origin): \(quoted(words))"
        case .refused(let refusal): "\(member.origin): \(refusal)"
        case .malformed(let method): EtcdError.malformed(method, member)
        }
    }

    fileprivate var advice: String? {
        switch reason {
        case .noAnswer(let error):
            if case .certificate(.unknownIssuer, _) = error.failure {
                "Name the CA of etcd's certificates; by default those that the system trusts count."
            } else {
                error.advice
            }
        case .refused(let refusal): refusal.advice
        case .malformed: EtcdError.noGateway
        case .notNow: "See by etcdctl endpoint status --cluster whether most of the members are up."
        }
    }
}

extension EtcdRefusal: CustomStringConvertible {
    /// What etcd says, without a full stop.
    public var description: String {
        switch self {
        case .authentication: "the user or the password is wrong"
        case .userMissing: "it wants a user and a password"
        case .permission: "the user may not do that"
        case .tooLarge: "what was sent is larger than it takes"
        case .noSpace: "its storage is full"
        case .other(let code, let words): "\(quoted(words)) (\(code))"
        }
    }

    var advice: String? {
        switch self {
        case .authentication: "Set the user's password anew: etcdctl user passwd."
        case .userMissing: "Name a user and a file with the password."
        case .permission: "See by etcdctl user get --detail what the user may do, and docs/fleet-etcd.md what it needs."
        case .tooLarge: "Start etcd with a larger --max-request-bytes (1.5 MiB by default), or make the policy smaller."
        case .noSpace: "Compact and defragment etcd, and disarm the alarm: etcdctl compact, defrag, alarm disarm."
        case .other: nil
        }
    }
}
