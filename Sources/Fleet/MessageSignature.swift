internal import Encodings
public import SSHKeys
public import SSHWire
public import Signatures

/// A signature over a message, detached from it, as `ssh-keygen -Y sign` makes it.
///
/// Source: OpenSSH's PROTOCOL.sshsig.
public struct MessageSignature: Sendable {
    /// Who signed: a key, or a certificate of it.
    public enum Signer: Sendable {
        case key(PublicKey)
        case certificate(Certificate)

        /// The key itself.
        public var key: PublicKey {
            switch self {
            case .key(let key): key
            case .certificate(let certificate): certificate.contents.key
            }
        }
    }

    /// What the message is hashed with before it is signed.
    public enum Hash: String, CaseIterable, Sendable {
        case sha256, sha512

        func callAsFunction(_ message: [UInt8]) throws(LibcryptoError) -> [UInt8] {
            switch self {
            case .sha256: try Digest.sha256(message)
            case .sha512: try Digest.sha512(message)
            }
        }
    }

    /// Who it is by, as the signature itself says; nobody has said that they may.
    public let signer: Signer

    /// What kind of message it is for, so that a signature for one use is none for another; never empty.
    public let namespace: String

    /// What the message is hashed with.
    public let hash: Hash

    /// The signature's own blob: an algorithm's name and what it signs with.
    public let signature: [UInt8]

    /// A signature of these parts.
    public init(signer: Signer, namespace: String, hash: Hash, signature: [UInt8]) {
        self.signer = signer
        self.namespace = namespace
        self.hash = hash
        self.signature = signature
    }

    /// Checks that the signer signed `message` for this namespace; not whether the signer may.
    /// - Throws: `MessageSignatureError.signature`, `.libcrypto`.
    public func verify(over message: [UInt8]) throws(MessageSignatureError) {
        let signed = try Self.signedBytes(of: message, namespace: namespace, hash: hash)
        do throws(SignatureError) {
            try signer.key.verify(signature[...], over: signed)
        } catch {
            throw .signature(error)
        }
    }

    /// What a key signs for `message`.
    /// - Throws: `.libcrypto`.
    public static func signedBytes(
        of message: [UInt8], namespace: String, hash: Hash
    ) throws(MessageSignatureError) -> [UInt8] {
        let digest: [UInt8]
        do throws(LibcryptoError) {
            digest = try hash(message)
        } catch {
            throw .libcrypto(error)
        }
        var writer = WireWriter()
        for byte in preamble { writer.integer(byte) }
        writer.string(namespace)
        writer.string("")  // reserved
        writer.string(hash.rawValue)
        writer.string(digest)
        return writer.bytes
    }

    fileprivate static let preamble = Array("SSHSIG".utf8)
    fileprivate static let version: UInt32 = 1
}

// MARK: - The file

extension MessageSignature {
    private static let firstLine = "-----BEGIN SSH SIGNATURE-----"
    private static let lastLine = "-----END SSH SIGNATURE-----"

    /// The signature that a file of `ssh-keygen -Y sign` holds.
    /// - Parameter text: The armour, whole; how its lines end, and empty ones, do not matter.
    /// - Throws: Each case of `MessageSignatureError` but `.signature` and `.libcrypto`.
    public init(armoured text: [UInt8]) throws(MessageSignatureError) {
        let lines = text.split { $0 == 0x0A || $0 == 0x0D }
        guard let first = lines.first, let last = lines.last, lines.count >= 3,
            first.elementsEqual(Self.firstLine.utf8), last.elementsEqual(Self.lastLine.utf8)
        else { throw .armour }
        guard let blob = Base64.standard.decode(lines.dropFirst().dropLast().joined()) else { throw .armour }
        try self.init(blob: blob)
    }

    /// The file, as ssh-keygen writes it.
    public var armoured: String {
        let base64 = Array(Base64.standard.encode(blob).utf8)
        let lines = stride(from: 0, to: base64.count, by: 70).map { start in
            String(decoding: base64[start..<min(start + 70, base64.count)], as: UTF8.self)
        }
        return ([Self.firstLine] + lines + [Self.lastLine]).map { $0 + "\n" }.joined()
    }

    private init(blob: [UInt8]) throws(MessageSignatureError) {
        self = try decode(blob[...]) { (r) throws(MessageSignatureError) in
            let start = try read { () throws(WireError) in
                (try r.bytes(Self.preamble.count), try r.integer(UInt32.self))
            }
            guard start.0.elementsEqual(Self.preamble) else { throw .preamble }
            guard start.1 == Self.version else { throw .version(start.1) }
            let fields = try read { () throws(WireError) in
                (key: try r.string(), namespace: try r.string(), reserved: try r.string(), hash: try r.string())
            }
            guard !fields.namespace.isEmpty, let namespace = Text(validating: Array(fields.namespace)) else {
                throw .namespaceMalformed
            }
            let name = String(decoding: fields.hash, as: UTF8.self)
            guard let hash = Hash(rawValue: name) else { throw .hash(name) }
            return MessageSignature(
                signer: try Self.signer(fields.key), namespace: namespace.string, hash: hash,
                signature: Array(try read { () throws(WireError) in try r.string() }))
        }
    }

    private var blob: [UInt8] {
        var writer = WireWriter()
        for byte in Self.preamble { writer.integer(byte) }
        writer.integer(Self.version)
        switch signer {
        case .key(let key): writer.string(key.blob)
        case .certificate(let certificate):
            var whole = WireWriter()
            for byte in certificate.signed { whole.integer(byte) }
            whole.string(certificate.signature)
            writer.string(whole.bytes)
        }
        writer.string(namespace)
        writer.string("")
        writer.string(hash.rawValue)
        writer.string(signature)
        return writer.bytes
    }

    private static func signer(_ blob: ArraySlice<UInt8>) throws(MessageSignatureError) -> Signer {
        do throws(KeyError) {
            // The name in front tells which of the two it is.
            var name = ""
            _ = try? WireReader.decode(blob) { (r) throws(WireError) in
                name = try r.name()
                _ = try r.bytes(r.remaining)
            }
            if KeyAlgorithm(certificateName: name) != nil { return .certificate(try Certificate(blob: blob)) }
            return .key(try PublicKey(blob: blob))
        } catch {
            throw .key(error)
        }
    }
}

/// Why some bytes are no signature, or not one over a message.
public enum MessageSignatureError: Error, Equatable, Sendable {
    case armour
    case wire(WireError)
    case preamble
    case version(UInt32)
    case key(KeyError)
    case namespaceMalformed
    case hash(String)
    case signature(SignatureError)
    case libcrypto(LibcryptoError)
}

extension MessageSignatureError: CustomStringConvertible {
    /// Where, what was expected and what was found.
    public var description: String {
        switch self {
        case .armour: "signature: base64 between -----BEGIN and -----END SSH SIGNATURE----- expected"
        case .wire(let error): "signature: \(error)"
        case .preamble: "signature: SSHSIG expected in front"
        case .version(let version): "signature: version 1 expected, \(version) found"
        case .key(let error): "signature: \(error)"
        case .namespaceMalformed: "signature: namespace: UTF-8 of a character or more expected"
        case .hash(let name): "signature: sha256 or sha512 expected, \(quoted(name)) found"
        case .signature(let error): "\(error)"
        case .libcrypto(let error): "\(error)"
        }
    }
}

private func read<Value>(_ body: () throws(WireError) -> Value) throws(MessageSignatureError) -> Value {
    do throws(WireError) {
        return try body()
    } catch {
        throw .wire(error)
    }
}

private func decode<Value>(
    _ bytes: ArraySlice<UInt8>, _ body: (inout WireReader) throws(MessageSignatureError) -> Value
) throws(MessageSignatureError) -> Value {
    try WireReader.decode(bytes, leftover: { .wire($0) }, body)
}
