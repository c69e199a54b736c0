internal import Encodings
internal import SSHWire
internal import Signatures

// OpenSSH's own format of private key files, without a passphrase.
//
// Source: PROTOCOL.key; OpenSSH's `sshkey.c`, `sshkey_parse_private2` and `sshkey_private_to_blob2`.

private let firstLine = Array("-----BEGIN OPENSSH PRIVATE KEY-----\n".utf8)
private let lastLine = Array("-----END OPENSSH PRIVATE KEY-----\n".utf8)
private let magic = Array("openssh-key-v1\0".utf8)
private let lineFeed = UInt8(ascii: "\n")

/// What the secrets are padded to a multiple of where no cipher is used: OpenSSH's block size of the cipher `none`.
private let blockCount = 8

extension PrivateKey {
    /// The longest file that is read; a key of RSA's longest modulus takes 13 KB.
    public static let maximumFileCount = 64 * 1024

    /// The key that a file of ssh-keygen's holds.
    ///
    /// The file must be without a passphrase, hold one key, and be exactly as the format has it.
    /// - Parameter bytes: The file, whole.
    /// - Throws: `PrivateKeyError.encrypted`, `PrivateKeyError.type`, and each other case that is not about
    ///   certificates.
    public init(file bytes: [UInt8]) throws(PrivateKeyError) {
        var decoded = try unarmoured(bytes)
        defer { wipe(&decoded) }
        var parts = try decode(decoded[...]) { (r) throws(PrivateKeyError) in try PrivateKeyParts(from: &r) }
        defer { wipe(&parts.secret) }
        let signingKey = try parts.signingKey()
        guard signingKey.publicKey == parts.publicBytes else { throw .halvesDiffer }
        self.init(signingKey)
    }

    /// The key as a file, as ssh-keygen writes it without a passphrase.
    /// - Parameter comment: Any text without a zero character.
    /// - Returns: Text in ASCII; secret.
    /// - Throws: `PrivateKeyError.nulInComment`.
    public func file(comment: String) throws(PrivateKeyError) -> [UInt8] {
        try file(comment: comment, checkNumber: randomBytes(4))
    }

    /// The same with a given check number, 4 bytes.
    func file(comment: String, checkNumber: [UInt8]) throws(PrivateKeyError) -> [UInt8] {
        guard !comment.utf8.contains(0) else { throw .nulInComment }
        var secrets = WireWriter()
        for byte in checkNumber + checkNumber { secrets.integer(byte) }
        write(to: &secrets)
        secrets.string(comment)
        var pad: UInt8 = 0
        while !secrets.bytes.count.isMultiple(of: blockCount) {
            pad += 1
            secrets.integer(pad)
        }
        var writer = WireWriter()
        for byte in magic { writer.integer(byte) }
        writer.string("none")
        writer.string("none")
        writer.string([])
        writer.integer(UInt32(1))
        writer.string(publicKey.blob)
        writer.string(secrets.bytes)
        return armoured(writer.bytes)
    }
}

/// What a file holds, before it is known whether its halves belong together.
private struct PrivateKeyParts {
    /// As `SigningKey` has it.
    let publicBytes: [UInt8]
    let kind: SigningKey.Kind
    /// The seed or the scalar, 32 bytes.
    var secret: [UInt8]

    init(from r: inout WireReader) throws(PrivateKeyError) {
        guard let start = try? r.bytes(magic.count), start.elementsEqual(magic) else { throw .magic }
        let cipher = try read(.cipher) { () throws(WireError) in try r.name() }
        guard cipher == "none" else { throw .encrypted(cipher: cipher) }
        let derivation = try read(.keyDerivation) { () throws(WireError) in try r.name() }
        let derivationOptions = try read(.keyDerivationOptions) { () throws(WireError) in try r.string() }
        guard derivation == "none", derivationOptions.isEmpty else { throw .keyDerivation }
        let count = try read(.keyCount) { () throws(WireError) in try r.integer(UInt32.self) }
        guard count == 1 else { throw .keyCount(count) }
        let blob = try read(.publicKey) { () throws(WireError) in try r.string() }
        let secrets = try read(.secrets) { () throws(WireError) in try r.string() }

        let publicKey = try Self.publicKey(blob)
        guard secrets.count.isMultiple(of: blockCount) else { throw .padding }
        self = try decode(secrets) { (r) throws(PrivateKeyError) in
            let parts = try PrivateKeyParts(of: publicKey, from: &r)
            let comment = try read(.comment) { () throws(WireError) in try r.string() }
            guard !comment.contains(0) else { throw .nulInComment }
            let padding = try read(.secrets) { () throws(WireError) in try r.bytes(r.remaining) }
            // Less than a block, as ssh-keygen writes it.
            guard padding.elementsEqual((1..<UInt8(blockCount)).prefix(padding.count)) else { throw .padding }
            return parts
        }
    }

    private static func publicKey(_ blob: ArraySlice<UInt8>) throws(PrivateKeyError) -> PublicKey {
        do throws(KeyError) {
            return try PublicKey(blob: blob)
        } catch .unknownAlgorithm(let name) {
            throw .type(name)
        } catch {
            throw .publicKey(error)
        }
    }

    /// The check numbers, the public key once more, and the private half.
    private init(of key: PublicKey, from r: inout WireReader) throws(PrivateKeyError) {
        let checks = try read(.checkNumbers) { () throws(WireError) in
            (try r.integer(UInt32.self), try r.integer(UInt32.self))
        }
        guard checks.0 == checks.1 else { throw .checkNumbers }
        let name = try read(.privateKey) { () throws(WireError) in try r.name() }
        guard name == key.algorithm.rawValue else { throw .publicKeysDiffer }
        switch key {
        case .ed25519(let bytes):
            let again = try read(.privateKey) { () throws(WireError) in try r.string() }
            guard again.elementsEqual(bytes) else { throw .publicKeysDiffer }
            let secret = try read(.privateKey) { () throws(WireError) in try r.string() }
            guard secret.count == 64 else { throw .secretLength(found: secret.count, expected: 64) }
            guard secret.suffix(32).elementsEqual(bytes) else { throw .halvesDiffer }
            self.init(publicBytes: bytes, kind: .ed25519, secret: Array(secret.prefix(32)))
        case .ecdsa(.p256, let point):
            let curve = try read(.privateKey) { () throws(WireError) in try r.name() }
            let again = try read(.privateKey) { () throws(WireError) in try r.string() }
            guard curve == Curve.p256.sshName, again.elementsEqual(point) else { throw .publicKeysDiffer }
            let scalar = try read(.privateKey) { () throws(WireError) in try r.positiveInteger() }
            guard scalar.count <= 32 else { throw .key(.scalar) }
            let padded = [UInt8](repeating: 0, count: 32 - scalar.count) + scalar
            self.init(publicBytes: point, kind: .p256, secret: padded)
        case .ecdsa, .rsa, .skEd25519, .skECDSA, .mldsa44Ed25519: throw .type(name)
        }
    }

    private init(publicBytes: [UInt8], kind: SigningKey.Kind, secret: [UInt8]) {
        self.publicBytes = publicBytes
        self.kind = kind
        self.secret = secret
    }

    /// The key that the private half makes, whatever the public one is.
    func signingKey() throws(PrivateKeyError) -> SigningKey {
        do throws(SigningKeyDefect) {
            switch kind {
            case .ed25519: return try SigningKey(ed25519: secret)
            case .p256: return try SigningKey(p256: secret)
            }
        } catch .libcrypto(let error) {
            throw .libcrypto(error)
        } catch {
            throw .key(error)
        }
    }
}

// MARK: - Armour

private func unarmoured(_ bytes: [UInt8]) throws(PrivateKeyError) -> [UInt8] {
    guard bytes.count <= PrivateKey.maximumFileCount else { throw .tooLong(bytes.count) }
    guard bytes.starts(with: firstLine) else { throw .armour(.firstLine) }
    let rest = bytes.dropFirst(firstLine.count)
    guard rest.suffix(lastLine.count).elementsEqual(lastLine) else { throw .armour(.lastLine) }
    let body = rest.dropLast(lastLine.count)
    // Each line ends in a line feed, the last before the end mark too.
    guard body.last == lineFeed else { throw .armour(.lastLine) }
    let lines = body.dropLast().split(separator: lineFeed, omittingEmptySubsequences: false)
    guard lines.allSatisfy({ !$0.isEmpty }), let decoded = Base64.standard.decode(Array(lines.joined())) else {
        throw .armour(.base64)
    }
    return decoded
}

private func armoured(_ bytes: [UInt8]) -> [UInt8] {
    let text = Array(Base64.standard.encode(bytes).utf8)
    var lines = firstLine
    // OpenSSH's `sshbuf_dtob64` breaks lines at 70.
    for start in stride(from: 0, to: text.count, by: 70) {
        lines += text[start...].prefix(70)
        lines.append(lineFeed)
    }
    return lines + lastLine
}

// MARK: - Reading

private func read<Value>(
    _ field: PrivateKeyError.Field, _ body: () throws(WireError) -> Value
) throws(PrivateKeyError) -> Value {
    do throws(WireError) {
        return try body()
    } catch {
        throw .wire(error, in: field)
    }
}

private func decode<Value>(
    _ bytes: ArraySlice<UInt8>, _ body: (inout WireReader) throws(PrivateKeyError) -> Value
) throws(PrivateKeyError) -> Value {
    try WireReader.decode(bytes, leftover: { .wire($0, in: .secrets) }, body)
}
