internal import Encodings
public import SSHKeys
internal import Signatures

/// A public key or certificate as a `.pub` file has it.
public struct KeyText: Sendable {
    /// What it is of.
    public enum Material: Sendable {
        case key(PublicKey)
        case certificate(Certificate)
    }

    /// The key or certificate.
    public let material: Material
    /// What stands behind it; empty where nothing does.
    public let comment: String

    /// The one key that a file holds; empty lines and comments are passed over.
    /// - Throws: Each case of `KeyTextError` but `.certificate`, `.shortRSA` and `.weak`.
    public init(parsing bytes: [UInt8]) throws(KeyTextError) {
        if bytes.starts(with: "-----BEGIN".utf8) || bytes.starts(with: "PuTTY-User-Key-File".utf8) {
            throw .privateKey
        }
        let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }.map { $0.drop { $0 == 0x20 || $0 == 0x09 } }
            .filter { $0.first.map { $0 != UInt8(ascii: "#") } ?? false }
        guard let line = lines.first else { throw .empty }
        guard lines.count == 1 else { throw .several(lines.count) }
        guard !line.starts(with: "ssh-dss ".utf8) else { throw .dsa }
        let read: AuthorizedKey
        do throws(AuthorizedKeyError) {
            read = try AuthorizedKey(line: line)
        } catch {
            throw .malformed("\(error)")
        }
        guard read.options.isEmpty else { throw .options }
        do throws(KeyError) {
            if KeyAlgorithm(certificateName: read.type) != nil {
                material = .certificate(try Certificate(blob: read.blob[...]))
            } else {
                material = .key(try PublicKey(blob: read.blob[...]))
            }
        } catch {
            throw .malformed("\(error)")
        }
        comment = read.comment.string
    }

    /// The plain key.
    /// - Throws: `.certificate` where it is none; `.shortRSA`, `.weak` where nothing should rest on it.
    public func plainKey() throws(KeyTextError) -> PublicKey {
        guard case .key(let key) = material else { throw .certificate }
        if let bits = key.rsaBits, bits < VerificationKey.rsaBits.lowerBound { throw .shortRSA(bits: bits) }
        if key.isROCA {
            throw .weak("made by a chip with the ROCA flaw (CVE-2017-15361): its private half can be computed")
        }
        do throws(SignatureError) {
            _ = try key.verificationKey()
        } catch {
            throw .weak("\(error)")
        }
        return key
    }
}

/// Why a file holds no key that can be used here.
public enum KeyTextError: Error, Equatable, Sendable {
    case empty
    case several(Int)
    case privateKey
    case options
    case dsa
    case malformed(String)
    case certificate
    case shortRSA(bits: Int)
    case weak(String)
}

extension KeyTextError: CustomStringConvertible {
    /// What was expected and found, without a full stop.
    public var description: String {
        switch self {
        case .empty: "no key in it"
        case .several(let count): "one key expected, \(count) found"
        case .privateKey: "a private key"
        case .options: "options in front of the key"
        case .dsa: "a DSA key"
        case .malformed(let text): text
        case .certificate: "a certificate, where a plain public key is expected"
        case .shortRSA(let bits):
            "an RSA key of \(bits) bits; \(VerificationKey.rsaBits.lowerBound) are the least that is taken"
        case .weak(let text): "a key that must not be used: \(text)"
        }
    }

    /// What to do, in a sentence or two.
    public var advice: String? {
        switch self {
        case .empty, .malformed: "Give a file as ssh-keygen writes it with .pub at its end: type, base64, comment."
        case .several: "Give one key at a time: each gets a line of its own."
        case .privateKey:
            "Give the public half, the file with .pub at its end. The private half must not leave the machine it was made on."
        case .options: "Options of authorized_keys mean nothing here; give the key alone."
        case .dsa, .shortRSA, .weak: "Make a new one: ssh-keygen -t ed25519."
        case .certificate: "Give the key itself: a CA is the key that signs, not what it has signed."
        }
    }
}
