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
    return try ProviderMetadata(parsing: try await body(of: .metadata, at: address, with: client), issuer: issuer)
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
    let address = metadata.jwksURI
    let jwks = try await body(of: .keySet, at: address, with: client)
    do throws(TokenError) {
        return try KeySet(jwks: jwks, issuer: metadata.issuer, fetchedAt: now)
    } catch .keySet(.json(let error)) {
        throw .body(BodyDefect(jwks, error), of: .keySet, at: address)
    } catch {
        throw .keySet(error, at: address)
    }
}

private func body(
    of document: ProviderDocument, at address: WebAddress, with client: HTTPClient
) async throws(DiscoveryError) -> [UInt8] {
    let response: HTTPResponse
    do throws(HTTPError) {
        response = try await client.send(.get(address, headers: ["Accept": document.mediaTypes]))
    } catch {
        throw .noAnswer(error)
    }
    guard response.isSuccess else {
        throw .status(response.status, of: document, at: response.address, said: plainText(of: response.body))
    }
    return response.body
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
