internal import Encodings
public import SSHKeys
internal import Signatures

/// A PK token taken apart: one payload with the provider's and the client's signature over it, neither verified.
///
/// `payload ":" opHeader ":" opSignature ":" cicHeader ":" cicSignature`, each base64url, and behind a `.` a refreshed
/// ID token in ordinary JWT form or nothing. Source: docs/token.md "PK token".
public struct CompactToken: Sendable {
    /// The extension of a certificate that holds one (opkssh; docs/token.md "Certificate").
    public static let certificateExtension = "openpubkey-pkt"

    /// The most bytes that are read of one.
    public static let maximumCount = 32 << 10

    /// What the client commits to: its key and how it signs.
    public let client: ClientClaims

    /// Whether a refreshed token stands behind the original.
    public var hasRefreshedToken: Bool { refreshed != nil }

    let provider: JWS
    let refreshed: JWS?
    private let clientSignature: JWS

    /// Shared with what it was parsed from, not copied: a login has no use for it.
    let received: ArraySlice<UInt8>

    /// The token in `text`.
    /// - Parameter text: As it stands in the certificate.
    /// - Throws: `TokenError`: `tooLarge`, `segments`, `base64`, `header`, `role`, `cosigned`, `clientHeader`,
    ///   `clientHeaderNotCanonical`.
    public init(parsing text: ArraySlice<UInt8>) throws(TokenError) {
        guard text.count <= CompactToken.maximumCount else { throw .tooLarge(text.count) }
        var segments = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var tail: ArraySlice<UInt8>?
        if let last = segments.last, let dot = last.firstIndex(of: UInt8(ascii: ".")) {
            tail = last[(dot + 1)...]
            segments[segments.count - 1] = last[..<dot]
        }
        if segments.count == 7, try Self.type(ofHeader: segments[5]) == "COS" { throw .cosigned }
        guard segments.count == 5 else { throw .segments(segments.count, expected: 5) }

        let payload = try Segment(segments[0], .payload)
        let clientHeader = try Segment(segments[3], .clientHeader)
        provider = try JWS(
            header: Segment(segments[1], .providerHeader), payload: payload,
            signature: Segment(segments[2], .providerSignature))
        clientSignature = try JWS(
            header: clientHeader, payload: payload, signature: Segment(segments[4], .clientSignature))
        refreshed = try tail.map { (text) throws(TokenError) in try JWS(compact: text) }

        guard provider.header.type.map(Self.providerTypes.contains) ?? true else {
            throw .role(.providerHeader, found: provider.header.type)
        }
        guard clientSignature.header.type == "CIC" else {
            throw .role(.clientHeader, found: clientSignature.header.type)
        }
        client = try ClientClaims(clientSignature.header.members, received: clientHeader.bytes)
        received = text
    }

    /// The `typ` that a provider's header may have at all; which of them counts is the provider's configuration.
    static let providerTypes: [Text] = ["JWT", "at+jwt"]

    private static func type(ofHeader text: ArraySlice<UInt8>) throws(TokenError) -> Text? {
        try JOSEHeader(Segment(text, .clientHeader).bytes, part: .clientHeader).type
    }

    /// What the newest payload says, verified by nobody: to be shown to the token's owner, and no more.
    /// - Returns: The refreshed token's claims where there is one.
    /// - Throws: `TokenError.claims`.
    public func unverifiedClaims() throws(TokenError) -> ClaimSet {
        try ClaimSet(parsing: (refreshed ?? provider).payload)
    }

    /// The token, once it is known to be the client's own.
    /// - Parameter key: The certified key: the one that the holder of the certificate proves to have.
    /// - Returns: The token bound to that key, with its claims read.
    /// - Throws: `TokenError.clientKeyMismatch`, `clientSignature`, `claims`, `libcrypto`.
    public func bound(to key: PublicKey) throws(TokenError) -> BoundToken {
        guard client.key == key else { throw .clientKeyMismatch }
        let matches: Bool
        do throws(SignatureError) {
            let verificationKey = try key.verificationKey()
            do throws(LibcryptoError) {
                matches = try verificationKey.verifies(
                    clientSignature.signature, over: clientSignature.signingInput, scheme: client.algorithm.scheme)
            } catch {
                throw SignatureError.libcrypto(error)
            }
        } catch .libcrypto(let error) {
            throw .libcrypto(LibcryptoFailure(error))
        } catch {
            throw .clientSignature
        }
        guard matches else { throw .clientSignature }
        return BoundToken(token: self, claims: try ClaimSet(parsing: provider.payload))
    }
}
