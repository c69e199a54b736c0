public import Encodings
public import HostFiles
public import IdentityToken
public import Policy

/// A provider's key set as it stands in the cache, judged as `pair-authkeys` will judge it.
public struct CachedKeySet: Sendable {
    /// Whether tokens can be checked by it.
    public enum Condition: Sendable, Equatable {
        /// They can, until it is too old.
        case counts(until: UnixTime)
        case missing
        /// Whoever reads it must not trust it, or cannot.
        case unreadable(FileFault)
        case malformed(TokenError)
        /// Older than `max_key_set_age`, or of a time that is still to come.
        case outOfDate(TokenError)
        /// None of its keys can check a signature of an algorithm that the provider may sign by.
        case useless
    }

    /// Whether tokens can be checked by it.
    public let condition: Condition

    /// The set; `nil` where there is none that can be read.
    public let keySet: KeySet?

    /// The whole file, empty where none can be read.
    let bytes: [UInt8]

    /// Reads the set of a provider.
    /// - Parameters:
    ///   - provider: Whose it is.
    ///   - configuration: pair.toml.
    ///   - ownership: Who may have written it and the folders above it.
    ///   - now: The moment to judge it at.
    public init(
        of provider: Provider, under configuration: Configuration, ownedBy ownership: Ownership, at now: UnixTime
    ) {
        let path = configuration.keySetPath(of: provider)
        do throws(FileFault) {
            bytes = try HostFile(path, ownedBy: ownership).read(limit: KeySet.maximumCount)
        } catch {
            bytes = []
            keySet = nil
            switch error {
            case .missing: condition = .missing
            case .tooLarge: condition = .malformed(.keySet(.tooLarge))
            case .notRegular, .notDirectory, .foreignOwner, .writableByOthers, .lineTooLong, .tornLine, .changed,
                .stopped, .shortWrite, .pathMalformed, .system:
                condition = .unreadable(error)
            }
            return
        }
        do throws(TokenError) {
            let set = try KeySet(parsing: bytes, issuer: provider.issuer)
            keySet = set
            condition = CachedKeySet.condition(of: set, of: provider, clockSkew: configuration.clockSkew, at: now)
        } catch {
            keySet = nil
            condition = .malformed(error)
        }
    }

    private static func condition(
        of set: KeySet, of provider: Provider, clockSkew: Seconds, at now: UnixTime
    ) -> Condition {
        do throws(TokenError) {
            try set.checkAge(at: now, maximumAge: provider.maximumKeySetAge, clockSkew: clockSkew)
        } catch {
            return .outOfDate(error)
        }
        return set.hasKey(for: provider) ? .counts(until: set.fetchedAt + provider.maximumKeySetAge) : .useless
    }

    /// Whether tokens can be checked by it.
    public var counts: Bool {
        switch condition {
        case .counts: true
        case .missing, .unreadable, .malformed, .outOfDate, .useless: false
        }
    }

    /// The keys, with all of their members; `nil` where there is no set.
    var keys: JSON? { (try? JSON(parsing: bytes))?.object?["keys"] }
}

extension KeySet {
    /// Whether one of its keys can check what the provider may sign by.
    func hasKey(for provider: Provider) -> Bool {
        algorithmsOfKeys.contains { $0.contains { provider.algorithms.contains($0) } }
    }
}

extension CachedKeySet.Condition: CustomStringConvertible {
    /// What was found, without a full stop; nothing where it counts.
    public var description: String {
        switch self {
        case .counts: ""
        case .missing: "there is no key set"
        case .unreadable(let fault): fault.description
        case .malformed(let error): "the cached key set cannot be used: \(error)"
        case .outOfDate(let error): error.description
        case .useless: "no key of the cached set fits the provider's algorithms"
        }
    }
}
