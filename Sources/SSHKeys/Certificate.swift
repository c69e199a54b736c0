public import Encodings
internal import SSHWire
internal import Signatures

/// An OpenSSH certificate as received: well-formed, and nothing in it believed yet.
///
/// Source: PROTOCOL.certkeys; OpenSSH's `sshkey.c`, `cert_parse`.
public struct Certificate: Sendable {
    /// OpenSSH's `SSHKEY_CERT_MAX_PRINCIPALS`.
    public static let maximumPrincipals = 256

    /// What the signature covers, read.
    public let contents: CertificateContents

    /// What the signature covers, as received: never re-encoded.
    public let signed: ArraySlice<UInt8>

    /// The signature's blob, as received.
    public let signature: ArraySlice<UInt8>

    /// The certificate that a blob holds.
    /// - Parameter blob: What stands in base64 in a `-cert.pub` file.
    /// - Throws: Each case of `KeyError`.
    public init(blob: ArraySlice<UInt8>) throws(KeyError) {
        (contents, signed, signature) = try decoding(blob, as: .signature) { (r) throws(KeyError) in
            let contents = try CertificateContents(from: &r)
            let signed = blob[..<r.offset]
            let signature = try reading(.signature) { () throws(WireError) in try r.string() }
            return (contents, signed, signature)
        }
    }

    /// The name in front of the signature, which says by what it was made; not compared with the signature key.
    ///
    /// Throws `KeyError.wire` where the signature's blob does not start with a name.
    public var signatureAlgorithm: String {
        get throws(KeyError) { try signatureName(signature) }
    }

    /// Checks that the signature key signed the bytes received.
    /// - Throws: `SignatureError` unless it did.
    public func verifySignature() throws(SignatureError) {
        try contents.signatureKey.verify(signature, over: Array(signed))
    }

    /// Whether the certified key signed its own certificate.
    public var isSelfSigned: Bool { contents.signatureKey == contents.key }
}

/// The fields of a certificate, in the order of the wire.
public struct CertificateContents: Hashable, Sendable {
    /// What a certificate is for.
    public enum Kind: UInt32, Sendable {
        case user = 1
        case host = 2
    }

    /// Random bytes of the signer's, so that nobody chooses all that it signs.
    public var nonce: [UInt8]

    /// The certified key.
    public var key: PublicKey

    /// The signer's number for it; 0 where it keeps none.
    public var serial: UInt64

    /// User or host.
    public var kind: Kind

    /// Free text for logs, not necessarily UTF-8, without zero bytes.
    public var keyID: [UInt8]

    /// Names as they stand, whatever is in them; none means that nothing is allowed.
    public var principals: [[UInt8]]

    /// Unix seconds from which it holds, inclusive.
    public var validAfter: UInt64

    /// Unix seconds until which it holds, exclusive; all ones is for ever.
    public var validBefore: UInt64

    /// Sorted by name.
    public var criticalOptions: [CertificateOption]

    /// Sorted by name.
    public var extensions: [CertificateOption]

    /// Who signed: always a plain key.
    public var signatureKey: PublicKey

    /// The fields of a certificate still to be signed.
    public init(
        nonce: [UInt8], key: PublicKey, serial: UInt64, kind: Kind, keyID: [UInt8], principals: [[UInt8]],
        validAfter: UInt64, validBefore: UInt64, criticalOptions: [CertificateOption], extensions: [CertificateOption],
        signatureKey: PublicKey
    ) {
        self.nonce = nonce
        self.key = key
        self.serial = serial
        self.kind = kind
        self.keyID = keyID
        self.principals = principals
        self.validAfter = validAfter
        self.validBefore = validBefore
        self.criticalOptions = criticalOptions
        self.extensions = extensions
        self.signatureKey = signatureKey
    }

    /// The moment from which it holds.
    public var start: UnixTime { UnixTime(seconds: Int64(clamping: validAfter)) }

    /// The moment at which it ends; `never` for all ones.
    public var end: UnixTime { UnixTime(seconds: Int64(clamping: validBefore)) }

    /// The extension called `name`, `nil` where there is none.
    public func `extension`(_ name: String) -> CertificateOption? { extensions.first { $0.name == name } }

    /// The critical options with their meaning.
    /// - Returns: In the order of the certificate.
    /// - Throws: `KeyError.optionData`.
    public func typedCriticalOptions() throws(KeyError) -> [CriticalOption] {
        var options: [CriticalOption] = []
        for option in criticalOptions { options.append(try CriticalOption(option)) }
        return options
    }

    /// The extensions that OpenSSH knows.
    /// - Returns: In the order of the certificate.
    /// - Throws: `KeyError.optionData` where one of them is not a flag.
    public func permits() throws(KeyError) -> [PermitExtension] {
        var permits: [PermitExtension] = []
        for option in extensions {
            guard let permit = PermitExtension(rawValue: option.name) else { continue }
            guard option.data.isEmpty else { throw .optionData(option.name) }
            permits.append(permit)
        }
        return permits
    }
}

// MARK: - Wire format

extension CertificateContents {
    init(from r: inout WireReader) throws(KeyError) {
        let name = try reading(.type) { () throws(WireError) in try r.name() }
        guard let algorithm = KeyAlgorithm(certificateName: name) else {
            guard let plain = KeyAlgorithm(rawValue: name) else { throw .unknownAlgorithm(name) }
            throw .certificateExpected(found: plain)
        }
        let nonce = try reading(.nonce) { () throws(WireError) in try r.string() }
        let key = try PublicKey(algorithm, from: &r)
        let serial = try reading(.serial) { () throws(WireError) in try r.integer(UInt64.self) }
        let kind = try reading(.kind) { () throws(WireError) in try r.integer(UInt32.self) }
        let keyID = try reading(.keyID) { () throws(WireError) in try r.string() }
        let principals = try reading(.principals) { () throws(WireError) in try r.string() }
        let validAfter = try reading(.validity) { () throws(WireError) in try r.integer(UInt64.self) }
        let validBefore = try reading(.validity) { () throws(WireError) in try r.integer(UInt64.self) }
        let criticalOptions = try reading(.criticalOptions) { () throws(WireError) in try r.string() }
        let extensions = try reading(.extensions) { () throws(WireError) in try r.string() }
        _ = try reading(.reserved) { () throws(WireError) in try r.string() }  // "ignored" says PROTOCOL.certkeys
        let signatureKey = try reading(.signatureKey) { () throws(WireError) in try r.string() }

        guard let kind = Kind(rawValue: kind) else { throw .certificateKind(kind) }
        guard !keyID.contains(0) else { throw .nul(in: .keyID) }
        self.init(
            nonce: Array(nonce), key: key, serial: serial, kind: kind, keyID: Array(keyID),
            principals: try Self.names(principals), validAfter: validAfter, validBefore: validBefore,
            criticalOptions: try decodeOptions(criticalOptions, field: .criticalOptions),
            extensions: try decodeOptions(extensions, field: .extensions),
            signatureKey: try Self.plainKey(signatureKey))
    }

    private static func names(_ list: ArraySlice<UInt8>) throws(KeyError) -> [[UInt8]] {
        try decoding(list, as: .principals) { (r) throws(KeyError) in
            var names: [[UInt8]] = []
            while !r.isAtEnd {
                guard names.count < Certificate.maximumPrincipals else { throw .tooManyPrincipals }
                names.append(Array(try reading(.principals) { () throws(WireError) in try r.string() }))
            }
            return names
        }
    }

    private static func plainKey(_ blob: ArraySlice<UInt8>) throws(KeyError) -> PublicKey {
        do throws(KeyError) {
            return try PublicKey(blob: blob)
        } catch .plainKeyExpected(let found) {
            throw .nestedCertificate(found)
        } catch .wire(let error, _) {
            throw .wire(error, in: .signatureKey)
        }
    }

    /// The bytes to be signed.
    public var encoded: [UInt8] {
        var writer = WireWriter()
        writer.string(key.algorithm.certificateName)
        writer.string(nonce)
        key.write(to: &writer)
        writer.integer(serial)
        writer.integer(kind.rawValue)
        writer.string(keyID)
        var list = WireWriter()
        for principal in principals { list.string(principal) }
        writer.string(list.bytes)
        writer.integer(validAfter)
        writer.integer(validBefore)
        writer.string(encodeOptions(criticalOptions))
        writer.string(encodeOptions(extensions))
        writer.string([])
        writer.string(signatureKey.blob)
        return writer.bytes
    }

    /// The whole certificate's blob.
    /// - Parameter signature: The signature's blob, over `encoded`.
    /// - Returns: What stands in base64 in a `-cert.pub` file.
    public func blob(signedBy signature: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.string(signature)
        return encoded + writer.bytes
    }
}
