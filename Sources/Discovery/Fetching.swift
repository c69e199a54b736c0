public import Encodings
public import HTTP
public import IdentityToken

/// Asks a provider what it is: its endpoints, and what it supports.
/// - Parameters:
///   - issuer: The configured issuer; a slash at its end counts.
///   - client: Sends the request.
/// - Returns: What the discovery document says.
/// - Throws: `DiscoveryError`, all but `keySet`.
public func discover(issuer: Text, with client: HTTPClient) async throws(DiscoveryError) -> ProviderMetadata {
    let address = try ProviderMetadata.address(of: issuer)
    return try ProviderMetadata(
        parsing: try await answer(of: .metadata, at: address, with: client).body, issuer: issuer)
}

/// Asks a provider for the keys that it signs with.
/// - Parameters:
///   - metadata: The provider's.
///   - now: When the keys are asked for.
///   - client: Sends the request.
/// - Returns: The key set, of the provider's issuer.
/// - Throws: `DiscoveryError.noAnswer`, `status`, `body`, `keySet`.
public func fetchKeySet(
    of metadata: ProviderMetadata, at now: UnixTime, with client: HTTPClient
) async throws(DiscoveryError) -> KeySet {
    let response = try await answer(of: .keySet, at: metadata.jwksURI, with: client)
    return try keySet(in: response.body, of: metadata, at: now)
}

/// What a provider answers who is asked again for its keys.
public enum KeySetAnswer: Sendable {
    /// A key set; `jwks` is the whole body, whose keys may have more members than we read.
    case served(KeySet, jwks: [UInt8], CacheTerms)
    /// The key set that was named is what it still has.
    case unchanged(CacheTerms)
}

/// Asks a provider whether it signs with other keys than those that it served before, and for them.
/// - Parameters:
///   - metadata: The provider's.
///   - known: Names what it served before; `nil` to be served in any case.
///   - isUrgent: Whether caches on the way are to ask the provider itself.
///   - now: When the keys are asked for.
///   - client: Sends the request.
/// - Returns: The key set, of the provider's issuer, or that there is no other.
/// - Throws: `DiscoveryError.noAnswer`, `status`, `body`, `keySet`.
public func askForKeySet(
    of metadata: ProviderMetadata, unless known: EntityTag?, isUrgent: Bool = false, at now: UnixTime,
    with client: HTTPClient
) async throws(DiscoveryError) -> KeySetAnswer {
    var headers: [String: String] = [:]
    if let known { headers["If-None-Match"] = known.text.string }
    // RFC 9111 §5.2.1.4.
    if isUrgent { headers["Cache-Control"] = "no-cache" }
    let response = try await answer(of: .keySet, at: metadata.jwksURI, headers: headers, with: client)
    let terms = CacheTerms(response)
    guard response.status != 304 else {
        // The answer should name the set again (RFC 9110 §15.4.5), and not all do.
        return .unchanged(CacheTerms(entityTag: terms.entityTag ?? known, freshFor: terms.freshFor))
    }
    return .served(try keySet(in: response.body, of: metadata, at: now), jwks: response.body, terms)
}

private func keySet(
    in jwks: [UInt8], of metadata: ProviderMetadata, at now: UnixTime
) throws(DiscoveryError) -> KeySet {
    do throws(TokenError) {
        return try KeySet(jwks: jwks, issuer: metadata.issuer, fetchedAt: now)
    } catch .keySet(.json(let error)) {
        throw .body(BodyDefect(jwks, error), of: .keySet, at: metadata.jwksURI)
    } catch {
        throw .keySet(error, at: metadata.jwksURI)
    }
}

/// What is at an address, or with `If-None-Match` among the headers that it is still the same (304).
private func answer(
    of document: ProviderDocument, at address: WebAddress, headers: [String: String] = [:], with client: HTTPClient
) async throws(DiscoveryError) -> HTTPResponse {
    let accept = ["Accept": document.mediaTypes]
    let response: HTTPResponse
    do throws(HTTPError) {
        response = try await client.send(.get(address, headers: accept.merging(headers) { _, more in more }))
    } catch {
        throw .noAnswer(error)
    }
    guard response.isSuccess || response.status == 304 && headers["If-None-Match"] != nil else {
        throw .status(response.status, of: document, at: response.address, said: plainText(of: response.body))
    }
    return response
}

/// The object that a document is.
func object(
    in body: [UInt8], of document: ProviderDocument, at address: WebAddress
) throws(DiscoveryError) -> JSON.Object {
    let value: JSON
    do throws(JSONError) {
        value = try JSON(parsing: body)
    } catch {
        throw .body(BodyDefect(body, error), of: document, at: address)
    }
    guard let object = value.object else { throw .body(.notAnObject, of: document, at: address) }
    return object
}

/// The beginning of an error's body on one line, `nil` where that is a web page, is no text or is nothing.
private func plainText(of body: [UInt8]) -> Text? {
    guard let whole = Text(validating: body) else { return nil }
    // More than is ever shown, so that it is seen to be cut.
    let words = whole.string.unicodeScalars.prefix(500).split { $0.properties.isWhitespace }
    let text = Text(words.map { String($0) }.joined(separator: " "))
    return text.isEmpty || text.hasControls || text.utf8.first == UInt8(ascii: "<") ? nil : text
}
