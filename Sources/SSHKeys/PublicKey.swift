internal import Encodings
internal import SSHWire
public import Signatures

/// An OpenSSH public key: well-formed, though not checked to be strong or on its curve before it is used.
public enum PublicKey: Hashable, Sendable {
    /// 32 bytes (RFC 8709 §4).
    case ed25519([UInt8])
    /// An uncompressed point: 4, x, y (RFC 5656 §3.1).
    case ecdsa(Curve, point: [UInt8])
    /// Big-endian, without leading zeros (RFC 4253 §6.6).
    case rsa(exponent: [UInt8], modulus: [UInt8])
    /// As `ed25519`, held by an authenticator for `application` (PROTOCOL.u2f).
    case skEd25519([UInt8], application: [UInt8])
    /// A point of P-256, held by an authenticator for `application` (PROTOCOL.u2f).
    case skECDSA(point: [UInt8], application: [UInt8])
    /// ML-DSA-44 and Ed25519 together: 1312 and 32 bytes.
    case mldsa44Ed25519([UInt8])

    /// Which type of key it is.
    public var algorithm: KeyAlgorithm {
        switch self {
        case .ed25519: .ed25519
        case .ecdsa(let curve, _): curve.algorithm
        case .rsa: .rsa
        case .skEd25519: .skEd25519
        case .skECDSA: .skECDSA
        case .mldsa44Ed25519: .mldsa44Ed25519
        }
    }

    /// The key that a plain blob holds.
    /// - Parameter blob: What stands in base64 in a `.pub` file.
    /// - Throws: Each case of `KeyError` that is not about certificates.
    public init(blob: ArraySlice<UInt8>) throws(KeyError) {
        self = try decoding(blob, as: .publicKey) { (r) throws(KeyError) in
            let name = try reading(.type) { () throws(WireError) in try r.name() }
            guard let algorithm = KeyAlgorithm(rawValue: name) else {
                throw KeyAlgorithm(certificateName: name) == nil
                    ? .unknownAlgorithm(name) : .plainKeyExpected(found: name)
            }
            return try PublicKey(algorithm, from: &r)
        }
    }

    /// The fields behind the type name, in a plain key and in a certificate alike.
    init(_ algorithm: KeyAlgorithm, from r: inout WireReader) throws(KeyError) {
        switch algorithm {
        case .ed25519:
            self = .ed25519(try Self.fixed(32, from: &r))
        case .ecdsaP256: self = .ecdsa(.p256, point: try Self.point(on: .p256, from: &r))
        case .ecdsaP384: self = .ecdsa(.p384, point: try Self.point(on: .p384, from: &r))
        case .ecdsaP521: self = .ecdsa(.p521, point: try Self.point(on: .p521, from: &r))
        case .rsa:
            let exponent = try reading(.publicKey) { () throws(WireError) in try r.positiveInteger() }
            let modulus = try reading(.publicKey) { () throws(WireError) in try r.positiveInteger() }
            self = .rsa(exponent: Array(exponent), modulus: Array(modulus))
        case .skEd25519:
            let key = try Self.fixed(32, from: &r)
            self = .skEd25519(key, application: try Self.application(from: &r))
        case .skECDSA:
            let point = try Self.point(on: .p256, from: &r)
            self = .skECDSA(point: point, application: try Self.application(from: &r))
        case .mldsa44Ed25519:
            self = .mldsa44Ed25519(try Self.fixed(1344, from: &r))
        }
    }

    private static func fixed(_ count: Int, from r: inout WireReader) throws(KeyError) -> [UInt8] {
        let bytes = try reading(.publicKey) { () throws(WireError) in try r.string() }
        guard bytes.count == count else { throw .keyLength(found: bytes.count, expected: count) }
        return Array(bytes)
    }

    private static func point(on curve: Curve, from r: inout WireReader) throws(KeyError) -> [UInt8] {
        let name = try reading(.publicKey) { () throws(WireError) in try r.name() }
        guard name == curve.sshName else { throw .curve(found: name, expected: curve.sshName) }
        let point = try fixed(1 + 2 * curve.coordinateCount, from: &r)
        guard point.first == 4 else { throw .pointForm }
        return point
    }

    private static func application(from r: inout WireReader) throws(KeyError) -> [UInt8] {
        let application = try reading(.publicKey) { () throws(WireError) in try r.string() }
        guard !application.contains(0) else { throw .nul(in: .publicKey) }
        return Array(application)
    }
}

// MARK: - Writing

extension PublicKey {
    /// The plain key as it stands in base64 in a `.pub` file.
    public var blob: [UInt8] {
        var writer = WireWriter()
        writer.string(algorithm.rawValue)
        write(to: &writer)
        return writer.bytes
    }

    /// Appends the fields behind the type name.
    func write(to writer: inout WireWriter) {
        switch self {
        case .ed25519(let key), .mldsa44Ed25519(let key):
            writer.string(key)
        case .ecdsa(let curve, let point):
            writer.string(curve.sshName)
            writer.string(point)
        case .rsa(let exponent, let modulus):
            writer.positiveInteger(exponent)
            writer.positiveInteger(modulus)
        case .skEd25519(let key, let application):
            writer.string(key)
            writer.string(application)
        case .skECDSA(let point, let application):
            writer.string(Curve.p256.sshName)
            writer.string(point)
            writer.string(application)
        }
    }

    /// The key as a line of authorized_keys has it: type and base64.
    public var authorizedKeysText: String { "\(algorithm.rawValue) \(Base64.standard.encode(blob))" }

    /// What names the key in logs and in `revoked`.
    /// - Returns: Of the plain key, also where it came in a certificate.
    /// - Throws: `LibcryptoError`.
    public func fingerprint() throws(LibcryptoError) -> Fingerprint { try Fingerprint(ofBlob: blob) }
}
