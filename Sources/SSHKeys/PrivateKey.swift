internal import SSHWire
public import Signatures

/// An OpenSSH private key, with which its owner signs; wiped when it goes out of scope.
public struct PrivateKey: ~Copyable, Sendable {
    let signingKey: SigningKey

    /// The public half.
    public let publicKey: PublicKey

    /// A new key.
    /// - Parameter kind: Which type of key.
    /// - Throws: `PrivateKeyError.libcrypto`.
    public init(generating kind: SigningKey.Kind) throws(PrivateKeyError) {
        do throws(LibcryptoError) {
            self.init(try SigningKey(generating: kind))
        } catch {
            throw .libcrypto(error)
        }
    }

    init(_ signingKey: consuming SigningKey) {
        switch signingKey.kind {
        case .ed25519: publicKey = .ed25519(signingKey.publicKey)
        case .p256: publicKey = .ecdsa(.p256, point: signingKey.publicKey)
        }
        self.signingKey = signingKey
    }

    /// This key's signature as JOSE has it, by EdDSA or ES256.
    /// - Parameter message: What is signed, not its hash.
    /// - Returns: 64 bytes.
    /// - Throws: `LibcryptoError`.
    ///
    /// Source: RFC 8037 §3.1, RFC 7518 §3.4.
    public func joseSignature(over message: [UInt8]) throws(LibcryptoError) -> [UInt8] {
        try signingKey.signature(over: message)
    }

    /// This key's signature as SSH has it.
    /// - Parameter message: What is signed, not its hash.
    /// - Returns: The blob: the key type's name and the signature.
    /// - Throws: `LibcryptoError`.
    ///
    /// Source: RFC 8709 §6, RFC 5656 §3.1.2.
    public func sshSignature(over message: [UInt8]) throws(LibcryptoError) -> [UInt8] {
        let signature = try signingKey.signature(over: message)
        var writer = WireWriter()
        writer.string(publicKey.algorithm.rawValue)
        switch signingKey.kind {
        case .ed25519: writer.string(signature)
        case .p256:
            var halves = WireWriter()
            halves.positiveInteger(signature.prefix(signature.count / 2))
            halves.positiveInteger(signature.suffix(signature.count / 2))
            writer.string(halves.bytes)
        }
        return writer.bytes
    }

    /// The certificate with `contents`, signed by this key.
    /// - Parameter contents: Fields whose signature key is this key.
    /// - Returns: The blob, which `Certificate` reads and believes to be signed.
    /// - Throws: `PrivateKeyError.otherSigner`; `PrivateKeyError.certificate` where `contents` break a rule of the
    ///   format; `PrivateKeyError.libcrypto`.
    public func certificate(_ contents: CertificateContents) throws(PrivateKeyError) -> [UInt8] {
        guard contents.signatureKey == publicKey else { throw .otherSigner }
        let blob: [UInt8]
        do throws(LibcryptoError) {
            blob = contents.blob(signedBy: try sshSignature(over: contents.encoded))
        } catch {
            throw .libcrypto(error)
        }
        do throws(KeyError) {
            // What we would not read, sshd would not either.
            _ = try Certificate(blob: blob[...])
        } catch {
            throw .certificate(error)
        }
        return blob
    }
}

// MARK: - The private half on the wire

extension PrivateKey {
    /// Appends what stands behind the public key's fields: the seed and the public key, or the scalar.
    ///
    /// The same in files and in messages to an agent. Source: OpenSSH's `sshkey.c`, `sshkey_private_serialize_opt`.
    func writeSecret(to writer: inout WireWriter) {
        signingKey.withSecret { secret in
            switch signingKey.kind {
            case .ed25519: writer.string(secret + signingKey.publicKey)
            case .p256: writer.positiveInteger(secret)
            }
        }
    }

    /// Appends the key type's name, the public key's fields and the private half.
    func write(to writer: inout WireWriter) {
        writer.string(publicKey.algorithm.rawValue)
        publicKey.write(to: &writer)
        writeSecret(to: &writer)
    }
}
