internal import Encodings

/// One JWS in compact form: a header, a payload and a signature, decoded and not verified.
///
/// Source: RFC 7515 §7.1.
struct JWS: Equatable, Sendable {
    let header: JOSEHeader
    let payload: [UInt8]
    let signature: [UInt8]

    /// `header "." payload`, as received.
    let signingInput: [UInt8]

    /// A token in ordinary JWT form; in a PK token only a refreshed one stands so.
    init(compact text: ArraySlice<UInt8>) throws(TokenError) {
        let segments = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard segments.count == 3 else { throw .segments(segments.count, expected: 3) }
        self = try JWS(
            header: Segment(segments[0], .refreshedHeader), payload: Segment(segments[1], .refreshedPayload),
            signature: Segment(segments[2], .refreshedSignature))
    }

    init(header: Segment, payload: Segment, signature: Segment) throws(TokenError) {
        self.header = try JOSEHeader(header.bytes, part: header.part)
        self.payload = payload.bytes
        self.signature = signature.bytes
        signingInput = header.text + [UInt8(ascii: ".")] + payload.text
    }

    /// Checks the signature with the key of `keys` that the header names.
    func verify(with keys: KeySet, algorithms: [SigningAlgorithm]) throws(TokenError) {
        let algorithm = try header.algorithm(among: algorithms)
        let key = try keys.key(named: header.keyID, for: algorithm)
        guard try key.verifies(signature, over: signingInput, algorithm: algorithm) else { throw .providerSignature }
    }
}

/// One segment of a token: its text as received, and the bytes it stands for.
struct Segment: Equatable, Sendable {
    let part: TokenError.Part
    let text: ArraySlice<UInt8>
    let bytes: [UInt8]

    init(_ text: ArraySlice<UInt8>, _ part: TokenError.Part) throws(TokenError) {
        guard !text.isEmpty, let bytes = Base64.url.decode(text) else { throw .base64(part) }
        self.part = part
        self.text = text
        self.bytes = bytes
    }
}
