public import Encodings

/// A provider's key set, as it serves it or as it was last fetched: its JWKS with whose it is and when.
///
/// A key of a type that we do not verify with, or a malformed one, is of no use and does no harm; a secret or private key
/// refuses the set. Source: RFC 7517 §5; docs/configuration.md "Key sets".
public struct KeySet: Sendable {
    /// The most bytes that are read of one.
    public static let maximumCount = 256 << 10

    /// The most keys that one may hold.
    public static let maximumKeys = 100

    /// Whose it is: the only issuer whose tokens it verifies.
    public let issuer: Text

    /// When it was fetched, by the clock of this host.
    public let fetchedAt: UnixTime

    let keys: [JSONWebKey]

    /// The set in a file of the key-set cache.
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - issuer: The issuer that it must say it is of.
    /// - Throws: `TokenError.keySet`.
    public init(parsing bytes: [UInt8], issuer: Text) throws(TokenError) {
        let object = try KeySet.object(in: bytes)
        guard let found = object["issuer"]?.text else { throw .keySet(.member("issuer")) }
        guard found == issuer else { throw .keySet(.issuer(found)) }
        self.issuer = issuer
        guard case .integer(let seconds) = object["fetched_at"], seconds >= 0 else {
            throw .keySet(.member("fetched_at"))
        }
        fetchedAt = UnixTime(seconds: seconds)
        keys = try KeySet.keys(in: object)
    }

    /// The set that a provider serves.
    /// - Parameters:
    ///   - jwks: The whole body of its answer.
    ///   - issuer: Whose it is, since it does not say so itself.
    ///   - fetchedAt: When it was asked for.
    /// - Throws: `TokenError.keySet`.
    public init(jwks: [UInt8], issuer: Text, fetchedAt: UnixTime) throws(TokenError) {
        keys = try KeySet.keys(in: KeySet.object(in: jwks))
        self.issuer = issuer
        self.fetchedAt = fetchedAt
    }

    /// The file of the key-set cache for the set that a provider serves.
    /// - Parameters:
    ///   - jwks: The whole body of its answer; the keys keep the members that we do not read.
    ///   - issuer: Whose it is.
    ///   - jwksURI: Where it was asked for.
    ///   - fetchedAt: When it was asked for; not before 1970.
    /// - Returns: A line of JSON that `init(parsing:issuer:)` takes.
    /// - Throws: `TokenError.keySet`.
    public static func cached(
        jwks: [UInt8], issuer: Text, jwksURI: Text, fetchedAt: UnixTime
    ) throws(TokenError) -> [UInt8] {
        guard let keys = try object(in: jwks)["keys"] else { throw .keySet(.member("keys")) }
        var file = JSON.Object()
        file.add("fetched_at", .integer(fetchedAt.seconds))
        file.add("issuer", .string(issuer))
        file.add("jwks_uri", .string(jwksURI))
        file.add("keys", keys)
        let bytes = JSON.object(file).encoded + [UInt8(ascii: "\n")]
        // So that nothing is ever written that would then let nobody in.
        _ = try KeySet(parsing: bytes, issuer: issuer)
        return bytes
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

    private static func object(in bytes: [UInt8]) throws(TokenError) -> JSON.Object {
        guard bytes.count <= KeySet.maximumCount else { throw .keySet(.tooLarge) }
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: bytes)
        } catch {
            throw .keySet(.json(error))
        }
        guard let object = value.object else { throw .keySet(.member("keys")) }
        return object
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
