public import Encodings

/// A provider's key set as last fetched: its JWKS with when, from whom and from where.
///
/// Source: RFC 7517 §5; docs/configuration.md "Key sets".
public struct KeySet: Sendable {
    /// The most bytes that are read of one.
    public static let maximumCount = 256 << 10

    /// The most keys that one may hold.
    public static let maximumKeys = 100

    /// When it was fetched, by the clock of this host.
    public let fetchedAt: UnixTime

    let keys: [JSONWebKey]

    /// The set in a file of the key-set cache.
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - issuer: The issuer that it must say it is of.
    /// - Throws: `TokenError.keySet`.
    public init(parsing bytes: [UInt8], issuer: Text) throws(TokenError) {
        guard bytes.count <= KeySet.maximumCount else { throw .keySet(.tooLarge) }
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: bytes)
        } catch {
            throw .keySet(.json(error))
        }
        guard let object = value.object else { throw .keySet(.member("keys")) }
        guard let found = object["issuer"]?.text else { throw .keySet(.member("issuer")) }
        guard found == issuer else { throw .keySet(.issuer(found)) }
        guard case .integer(let seconds) = object["fetched_at"], seconds >= 0 else {
            throw .keySet(.member("fetched_at"))
        }
        fetchedAt = UnixTime(seconds: seconds)
        keys = try KeySet.keys(in: object)
    }

    /// Refuses the set where it is not of a time at which it can be relied on.
    ///
    /// A key that the provider withdrew must not live on in a set that nobody renews.
    /// - Parameters:
    ///   - now: The moment to judge it at.
    ///   - maximumAge: How old it may be.
    ///   - clockSkew: How far ahead its time may be.
    /// - Throws: `TokenError.keySetStale`, `TokenError.keySetInFuture`.
    public func checkAge(at now: UnixTime, maximumAge: Seconds, clockSkew: Seconds) throws(TokenError) {
        guard fetchedAt <= now + clockSkew else { throw .keySetInFuture(fetchedAt) }
        let age = now.since(fetchedAt)
        guard age <= maximumAge else { throw .keySetStale(age) }
    }

    /// Key sets as providers publish them, for tests of signatures alone.
    init(jwks: JSON.Object) throws(TokenError) {
        fetchedAt = UnixTime(seconds: 0)
        keys = try KeySet.keys(in: jwks)
    }

    private static func keys(in object: JSON.Object) throws(TokenError) -> [JSONWebKey] {
        guard let list = object["keys"]?.elements else { throw .keySet(.member("keys")) }
        guard !list.isEmpty else { throw .keySet(.noKeys) }
        guard list.count <= maximumKeys else { throw .keySet(.tooManyKeys) }
        var keys: [JSONWebKey] = []
        for (index, value) in list.enumerated() { keys.append(try JSONWebKey(value, index: index)) }
        return keys
    }

    /// The one key that a header names, fit for `algorithm`.
    ///
    /// With a `kid` the key that has it, and none beside; without one the only key that fits.
    func key(named id: Text?, for algorithm: SigningAlgorithm) throws(TokenError) -> JSONWebKey {
        let candidates = keys.filter { id == nil ? $0.obstacle(to: algorithm) == nil : $0.keyID == id }
        guard let key = candidates.first else { throw .keyIDUnknown(id) }
        guard candidates.count == 1 else { throw .keyIDAmbiguous(id) }
        if let obstacle = key.obstacle(to: algorithm) { throw .algorithm(.keyDoesNotFit(obstacle)) }
        return key
    }
}
