internal import Encodings
public import SSHWire
public import Signatures

/// Why a signature is not a key's over some bytes.
public enum SignatureError: Error, Equatable, Sendable {
    case malformed(WireError)
    case algorithm(String, for: KeyAlgorithm)
    case mismatch
    case key(KeyDefect)
    case unsupported(KeyAlgorithm)
    case libcrypto(LibcryptoError)
}

extension SignatureError: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .malformed(let error): "signature: \(error)"
        case .algorithm(let name, let key): "signature: \(quoted(name)) is not accepted from a \(key.rawValue) key"
        case .mismatch: "signature: does not match"
        case .key(let defect): "key: \(defect)"
        case .unsupported(let key): "key: signatures of \(key.rawValue) cannot be checked with this libcrypto"
        case .libcrypto(let error): "\(error)"
        }
    }
}

extension PublicKey {
    /// The key, ready to check signatures.
    ///
    /// For a key that an authenticator holds: the key inside.
    /// - Returns: A key on its curve and strong enough.
    /// - Throws: `SignatureError.key`, `SignatureError.unsupported`.
    public func verificationKey() throws(SignatureError) -> VerificationKey {
        do throws(KeyDefect) {
            switch self {
            case .ed25519(let key), .skEd25519(let key, _): return try VerificationKey(ed25519: key)
            case .ecdsa(let curve, let point): return try VerificationKey(curve: curve, point: point)
            case .skECDSA(let point, _): return try VerificationKey(curve: .p256, point: point)
            case .rsa(let exponent, let modulus): return try VerificationKey(modulus: modulus, exponent: exponent)
            case .mldsa44Ed25519: break
            }
        } catch {
            throw .key(error)
        }
        throw .unsupported(algorithm)
    }

    /// Checks that `signature` is this key's over `message`.
    /// - Parameters:
    ///   - signature: The blob: an algorithm's name and what it signs with; for RSA the name picks the hash.
    ///   - message: What was signed.
    /// - Throws: `SignatureError` unless it is; SHA-1 is no algorithm here.
    public func verify(_ signature: ArraySlice<UInt8>, over message: [UInt8]) throws(SignatureError) {
        let key = try verificationKey()
        let parts = try wire { () throws(WireError) in try SignatureParts(signature, by: self) }
        guard let scheme = scheme(named: parts.algorithm) else { throw .algorithm(parts.algorithm, for: algorithm) }
        let matches: Bool
        do throws(LibcryptoError) {
            matches = try key.verifies(parts.bytes, over: try covered(message, parts), scheme: scheme)
        } catch {
            throw .libcrypto(error)
        }
        guard matches else { throw .mismatch }
    }

    /// The one scheme that a signature algorithm means for a key of this type.
    ///
    /// Source: RFC 8332 §3 for RSA; elsewhere the algorithm is called as the key type.
    private func scheme(named name: String) -> SignatureScheme? {
        switch self {
        case .rsa:
            switch name {
            case "rsa-sha2-256": .rsaPKCS1(.sha256)
            case "rsa-sha2-512": .rsaPKCS1(.sha512)
            default: nil
            }
        case .ed25519, .skEd25519: name == algorithm.rawValue ? .ed25519 : nil
        case .ecdsa, .skECDSA: name == algorithm.rawValue ? .ecdsa : nil
        case .mldsa44Ed25519: nil
        }
    }

    /// What the signature is over: the message, or what an authenticator makes of it.
    ///
    /// Source: PROTOCOL.u2f "SSH U2F Signatures".
    private func covered(_ message: [UInt8], _ parts: SignatureParts) throws(LibcryptoError) -> [UInt8] {
        switch self {
        case .ed25519, .ecdsa, .rsa, .mldsa44Ed25519: return message
        case .skEd25519(_, let application), .skECDSA(_, let application):
            return try Digest.sha256(application) + parts.authenticatorData + Digest.sha256(message)
        }
    }
}

/// A signature blob, taken apart.
private struct SignatureParts {
    /// The name in front; not yet compared with the key.
    let algorithm: String
    /// `r ‖ s` for ECDSA, as received for others.
    let bytes: [UInt8]
    /// The flags and the counter that an authenticator adds; empty for other keys.
    let authenticatorData: [UInt8]

    init(_ blob: ArraySlice<UInt8>, by key: PublicKey) throws(WireError) {
        (algorithm, bytes, authenticatorData) = try WireReader.decode(blob) { (r) throws(WireError) in
            let algorithm = try r.name()
            let body = try r.string()
            switch key {
            case .ed25519, .rsa, .mldsa44Ed25519: return (algorithm, Array(body), [])
            case .ecdsa(let curve, _): return (algorithm, try halves(body, of: curve), [])
            case .skEd25519: return (algorithm, Array(body), Array(try r.bytes(5)))
            case .skECDSA: return (algorithm, try halves(body, of: .p256), Array(try r.bytes(5)))
            }
        }
    }
}

/// `r ‖ s`, each as long as a coordinate of `curve`, from the two mpints that SSH writes.
///
/// Source: RFC 5656 §3.1.2.
private func halves(_ body: ArraySlice<UInt8>, of curve: Curve) throws(WireError) -> [UInt8] {
    try WireReader.decode(body) { (reader) throws(WireError) in
        let r = try reader.positiveInteger()
        let s = try reader.positiveInteger()
        // One that is too long is no number below the order; the length then fits no signature.
        return [r, s].flatMap { [UInt8](repeating: 0, count: max(0, curve.coordinateCount - $0.count)) + $0 }
    }
}

private func wire<Value>(_ body: () throws(WireError) -> Value) throws(SignatureError) -> Value {
    do throws(WireError) {
        return try body()
    } catch {
        throw .malformed(error)
    }
}

/// The algorithm's name in front of a signature blob.
func signatureName(_ blob: ArraySlice<UInt8>) throws(KeyError) -> String {
    try decoding(blob, as: .signature) { (r) throws(KeyError) in
        try reading(.signature) { () throws(WireError) in
            let name = try r.name()
            _ = try r.bytes(r.remaining)
            return name
        }
    }
}
