internal import Encodings
internal import Signatures

/// A public key of a provider's key set.
///
/// Source: RFC 7517 §4, RFC 7518 §6, RFC 8037 §2.
struct JSONWebKey: Equatable, Sendable {
    enum Material: Equatable, Sendable {
        case rsa(modulus: [UInt8], exponent: [UInt8])
        /// On P-256.
        case ec(x: [UInt8], y: [UInt8])
        case ed25519([UInt8])
        /// A key for something else, or a malformed one: sets hold such keys, and nobody has to use them.
        case unusable(String)
    }

    let keyID: Text?
    let material: Material

    /// `alg`, `use` and `key_ops`, where the key has them.
    private let algorithm: Text?
    private let use: Text?
    private let operations: [JSON]?

    /// The members that only secret and private keys have.
    private static let secretMembers: [Text] = ["d", "k", "p", "q", "dp", "dq", "qi", "oth", "priv"]

    init(_ value: JSON, index: Int) throws(TokenError) {
        guard let object = value.object else { throw .keySet(.key(index: index, "a JSON object expected")) }
        guard object["kty"]?.text != "oct", !Self.secretMembers.contains(where: { object[$0] != nil }) else {
            throw .keySet(.secretKey(index: index))
        }
        keyID = object["kid"]?.text
        algorithm = object["alg"]?.text
        use = object["use"]?.text
        operations = object["key_ops"]?.elements
        material = Self.misshapen(object).map { .unusable($0) } ?? Self.material(object)
    }

    /// What is wrong with the members that every type of key has, `nil` where nothing is.
    ///
    /// One such key is passed over, as RFC 7517 §5 has it, and not the set: the others are as good as ever.
    private static func misshapen(_ object: JSON.Object) -> String? {
        for name in ["kty", "kid", "alg", "use"] {
            guard let value = object[Text(name)] else { continue }
            if value.text == nil { return "\(name) must be a string" }
        }
        if object["kty"] == nil { return "kty is missing" }
        if let operations = object["key_ops"], operations.elements == nil { return "key_ops must be a list" }
        return nil
    }

    private static func material(_ object: JSON.Object) -> Material {
        func bytes(_ name: Text) -> [UInt8]? { object[name]?.text.flatMap { Base64.url.decode(Array($0.utf8)) } }
        switch (object["kty"]?.text, object["crv"]?.text) {
        case ("RSA", _):
            guard let modulus = bytes("n"), let exponent = bytes("e") else { return .unusable("n or e is malformed") }
            return .rsa(modulus: modulus, exponent: exponent)
        case ("EC", "P-256"):
            guard let x = bytes("x"), let y = bytes("y"), x.count == 32, y.count == 32 else {
                return .unusable("x or y is malformed")
            }
            return .ec(x: x, y: y)
        case ("OKP", "Ed25519"):
            guard let x = bytes("x"), x.count == 32 else { return .unusable("x is malformed") }
            return .ed25519(x)
        case (let type, let curve):
            return .unusable("kty \(quoted(type ?? "")), crv \(quoted(curve ?? ""))")
        }
    }

    /// Why the key cannot check signatures of `wanted`, `nil` where it can.
    func obstacle(to wanted: SigningAlgorithm) -> String? {
        if let use, use != "sig" { return "its use is \(quoted(use))" }
        if let operations, !operations.contains(.string("verify")) { return "its key_ops lack verify" }
        if let algorithm, algorithm.ascii.flatMap(SigningAlgorithm.init(name:)) != wanted {
            return "its alg is \(quoted(algorithm))"
        }
        switch (material, wanted) {
        case (.rsa(let modulus, let exponent), .rs256), (.rsa(let modulus, let exponent), .ps256):
            do throws(KeyDefect) {
                try VerificationKey.checkRSA(modulus: modulus, exponent: exponent)
                return nil
            } catch {
                return "\(error)"
            }
        case (.ec, .es256), (.ed25519, .eddsa): return nil
        case (.unusable(let what), _): return what
        case (.rsa, _): return "it is an RSA key"
        case (.ec, _): return "it is a P-256 key"
        case (.ed25519, _): return "it is an Ed25519 key"
        }
    }

    /// Whether `signature` is this key's over `message`.
    ///
    /// The caller has made sure that nothing is in the way of `algorithm`; otherwise nothing matches.
    func verifies(
        _ signature: [UInt8], over message: [UInt8], algorithm: SigningAlgorithm
    ) throws(TokenError) -> Bool {
        let key: VerificationKey
        do throws(KeyDefect) {
            switch material {
            case .rsa(let modulus, let exponent): key = try VerificationKey(modulus: modulus, exponent: exponent)
            case .ec(let x, let y): key = try VerificationKey(curve: .p256, point: [4] + x + y)
            case .ed25519(let bytes): key = try VerificationKey(ed25519: bytes)
            case .unusable: return false
            }
        } catch {
            throw .algorithm(.keyDoesNotFit("\(error)"))
        }
        do throws(LibcryptoError) {
            return try key.verifies(signature, over: message, scheme: algorithm.scheme)
        } catch {
            throw .libcrypto(LibcryptoFailure(error))
        }
    }
}

extension SigningAlgorithm {
    /// How such a signature is made.
    var scheme: SignatureScheme {
        switch self {
        case .rs256: .rsaPKCS1(.sha256)
        case .ps256: .rsaPSS(.sha256)
        case .es256: .ecdsa
        case .eddsa: .ed25519
        }
    }
}
