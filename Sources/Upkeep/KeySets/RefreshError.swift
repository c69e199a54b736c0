public import Discovery
internal import Encodings
internal import Glibc
public import HTTP
public import HostFiles
public import IdentityToken

/// Why a provider's key set was not refreshed; the one in the cache is as it was.
public enum RefreshError: Error, Equatable, Sendable {
    case discovery(DiscoveryError)
    /// What it serves cannot be cached.
    case keySet(TokenError, at: WebAddress)
    /// No key that it serves can check a signature of an algorithm that it may sign by.
    case noKey(for: [SigningAlgorithm], at: WebAddress)
    /// A folder or file of the cache.
    case file(FileFault)
    /// Another refresh has not come to its end.
    case locked(String)
    /// What was written is not what `pair-authkeys` will take.
    case notAccepted(String, CachedKeySet.Condition)
}

extension RefreshError: CustomStringConvertible {
    /// Where, what was expected and what was found, without a full stop.
    public var description: String {
        switch self {
        case .discovery(let error): error.description
        case .keySet(let error, let address): "\(address.withoutQuery): \(error)"
        case .noKey(let algorithms, let address):
            "\(address.withoutQuery): a key for \(algorithms.map(\.rawValue).joined(separator: ", ")) expected, "
                + "only others found"
        case .file(let fault): fault.description
        case .locked(let path): "\(shown(path)): another refresh has been at it for a minute"
        case .notAccepted(let path, let condition): "\(shown(path)): written, and yet \(condition)"
        }
    }

    /// What to do about it, in a sentence or two.
    public var advice: String? {
        switch self {
        case .discovery(let error): error.advice
        case .keySet(_, let address): "Tell whoever runs \(address.host) that its key set cannot be used."
        case .noKey(_, let address):
            "Compare `algorithms` in pair.toml with what \(address.host) signs with."
        case .file(let fault), .notAccepted(_, .unreadable(let fault)): Self.advice(fault)
        case .locked(let path): "See by `fuser \(shown(path))` which process that is, and whether it should go on."
        case .notAccepted: "Set this host's clock, and see that nothing else writes there."
        }
    }

    private static func advice(_ fault: FileFault) -> String {
        switch fault {
        case .system(let path, _, ENOSPC), .system(let path, _, EDQUOT), .shortWrite(let path, _, _):
            "Make room on the file system of \(shown(path))."
        case .system(let path, _, EROFS):
            "Have \(shown(path)) on a file system that can be written; where this runs under systemd, name its folder in "
                + "ReadWritePaths= of pair-refresh.service."
        case .system(let path, _, EACCES), .system(let path, _, EPERM):
            "Run it as root, who alone may write \(shown(path))."
        case .missing, .notRegular, .notDirectory, .foreignOwner, .writableByOthers, .tooLarge, .lineTooLong,
            .tornLine, .changed, .stopped, .pathMalformed, .system:
            "To mend it: \(fault.mend)."
        }
    }
}
