internal import Encodings
public import SSHWire
public import Signatures

/// Why some bytes are not a private key that we sign with, or what it cannot be used for; never with a byte of a secret.
public enum PrivateKeyError: Error, Equatable, Sendable {
    case tooLong(Int)
    case armour(Armour)
    case magic
    case wire(WireError, in: Field)
    case encrypted(cipher: String)
    case keyDerivation
    case keyCount(UInt32)
    case publicKey(KeyError)
    case type(String)
    case checkNumbers
    case publicKeysDiffer
    case secretLength(found: Int, expected: Int)
    case halvesDiffer
    case key(SigningKeyDefect)
    case nulInComment
    case padding
    case otherSigner
    case certificate(KeyError)
    case libcrypto(LibcryptoError)

    /// What the armour around a file consists of.
    public enum Armour: Sendable {
        case firstLine
        case lastLine
        case base64
    }

    /// The parts of a file, by the names that OpenSSH's PROTOCOL.key gives them.
    public enum Field: String, Sendable {
        case cipher = "ciphername"
        case keyDerivation = "kdfname"
        case keyDerivationOptions = "kdfoptions"
        case keyCount = "number of keys"
        case publicKey = "publickey1"
        case secrets = "list of private keys"
        case checkNumbers = "checkint"
        case privateKey = "privatekey1"
        case comment = "comment1"
    }
}

extension PrivateKeyError: CustomStringConvertible {
    /// Where, what was expected and what was found.
    public var description: String {
        switch self {
        case .tooLong(let count):
            "private key: at most \(PrivateKey.maximumFileCount) bytes of file expected, \(count) found"
        case .armour(.firstLine): "private key: the line -----BEGIN OPENSSH PRIVATE KEY----- expected first"
        case .armour(.lastLine): "private key: the line -----END OPENSSH PRIVATE KEY----- expected last"
        case .armour(.base64): "private key: lines of base64 expected"
        case .magic: "private key: openssh-key-v1 expected"
        case .wire(let error, let field): "private key: \(field.rawValue): \(error)"
        case .encrypted(let cipher):
            "private key: ciphername: none expected, as without a passphrase, \(quoted(cipher)) found"
        case .keyDerivation: "private key: kdfname: none expected, and no kdfoptions"
        case .keyCount(let count): "private key: number of keys: 1 expected, \(count) found"
        case .publicKey(let error): "private key: publickey1: \(error)"
        case .type(let name): "private key: ssh-ed25519 or ecdsa-sha2-nistp256 expected, \(quoted(name)) found"
        case .checkNumbers: "private key: checkint: two equal numbers expected"
        case .publicKeysDiffer: "private key: privatekey1: the public key of publickey1 expected, another found"
        case .secretLength(let found, let expected):
            "private key: privatekey1: \(expected) bytes of private half expected, \(found) found"
        case .halvesDiffer: "private key: privatekey1: the private half is not that of the public key"
        case .key(let defect): "private key: privatekey1: \(defect)"
        case .nulInComment: "private key: comment: a zero byte"
        case .padding: "private key: padding: 1, 2, 3 and so on expected, up to a multiple of 8 bytes"
        case .otherSigner: "certificate: signature key: this key expected, another found"
        case .certificate(let error): "certificate: \(error)"
        case .libcrypto(let error): "\(error)"
        }
    }

    /// What the person whose key it is can do, in a sentence; `nil` where nothing but another key helps.
    public var advice: String? {
        switch self {
        case .encrypted: "Remove the passphrase with ssh-keygen -p -N '' -f FILE."
        case .armour, .tooLong, .magic, .wire, .keyDerivation, .keyCount, .publicKey, .type, .checkNumbers,
            .publicKeysDiffer, .secretLength, .halvesDiffer, .key, .nulInComment, .padding, .otherSigner,
            .certificate, .libcrypto:
            nil
        }
    }
}
