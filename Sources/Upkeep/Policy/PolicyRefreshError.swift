internal import Encodings
public import Etcd
public import Fleet
public import HTTP
public import HostFiles

/// Why a host's policy was not refreshed; the one that was applied is as it was.
public enum PolicyRefreshError: Error, Equatable, Sendable {
    case address(WebAddressError)
    case noAnswer(HTTPError)
    case status(Int, at: WebAddress)
    /// What pair.toml says of etcd.
    case place(EtcdPlaceError)
    case etcd(EtcdError)
    /// There is no policy at this key.
    case notInEtcd(key: String)
    /// The file of those who may sign.
    case signers(AllowedSignersError, in: String)
    /// What is served is refused.
    case policy(SignedPolicyError, at: PolicyPlace)
    /// What is served has the serial of what is applied, and says something else.
    case sameSerial(UInt64, at: PolicyPlace)
    /// A folder or file of this host.
    case file(FileFault)
    /// Another refresh has not come to its end.
    case locked(String)
    /// What was written is not what `pair-authkeys` will take.
    case notAccepted(String, AppliedPolicy.Condition)
}

/// Where a policy was found.
public enum PolicyPlace: Equatable, Sendable {
    case web(WebAddress)
    case etcd(key: String)
}

extension PolicyPlace: CustomStringConvertible {
    /// For a message.
    public var description: String {
        switch self {
        case .web(let address): address.withoutQuery
        case .etcd(let key): "etcd: \(shown(key))"
        }
    }
}

extension PolicyRefreshError: CustomStringConvertible {
    /// Where, what was expected and what was found, without a full stop.
    public var description: String {
        switch self {
        case .address(let error): "url in [policy_source]: \(error)"
        case .noAnswer(let error): error.description
        case .status(let status, let address): "\(address.withoutQuery): status 200 expected, \(status) found"
        case .signers(let error, let path): "\(shown(path)): \(error)"
        case .place(let error): error.description
        case .etcd(let error): error.description
        case .notInEtcd(let key): "\(PolicyPlace.etcd(key: key)): a policy expected, nothing found"
        case .policy(let error, let place): "\(place): \(error)"
        case .sameSerial(let serial, let place):
            "\(place): another policy with serial \(serial), which is applied already"
        case .file(let fault): fault.description
        case .locked(let path): "\(shown(path)): another refresh has been at it for a minute"
        case .notAccepted(let path, let condition): "\(shown(path)): written, and yet \(condition)"
        }
    }

    /// What to do about it, in a sentence or two.
    public var advice: String? {
        switch self {
        case .address: "Correct it there."
        case .noAnswer(let error): error.advice
        case .status(let status, let address):
            status == 404 || status == 403
                ? "Publish a policy there (pair fleet publish), or correct url in [policy_source]."
                : "See what ails the server at \(address.host)."
        case .place(let error): error.advice
        case .etcd(let error): error.advice
        case .notInEtcd:
            "Publish a policy there (pair fleet publish --to etcd), or correct prefix in [policy_source]."
        case .signers: "ssh-keygen(1), \"ALLOWED SIGNERS\", says what a line is like."
        case .policy(let error, _): Self.advice(error)
        case .sameSerial: "Build it with a higher serial, sign it and publish it again."
        case .file(let fault), .notAccepted(_, .unreadable(let fault)): RefreshError.file(fault).advice
        case .locked(let path): RefreshError.locked(path).advice
        case .notAccepted: "Set this host's clock, and see that nothing else writes there."
        }
    }

    private static func advice(_ error: SignedPolicyError) -> String {
        switch error {
        case .unsigned: "Publish what pair fleet sign made, whole."
        case .signature, .bundle:
            "What is served is not what was signed: publish it again, and ask who else writes there."
        case .namespace: "Sign it with pair fleet sign."
        case .signer: "Have an allowed signer sign, or add the signer to allowed_signers on this host."
        case .serial:
            "What is served is old: publish the latest policy, or an older one under a new serial (pair fleet rollback)."
        case .expired: "Build, sign and publish it again."
        }
    }
}
