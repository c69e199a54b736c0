// Keys of any content, signed by a user and by a provider that this file makes up: what no honest client writes.

import CLibsodium
import Decision
import Encodings
import SSHKeys
import Signatures

@testable import TestSupport

/// An Ed25519 key pair that is the same in every run.
struct KeyPair: Sendable {
    let publicBytes: [UInt8]
    private let secret: [UInt8]

    init(seed: UInt8) {
        var (key, secret) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 64))
        unsafe crypto_sign_seed_keypair(&key, &secret, [UInt8](repeating: seed, count: 32))
        publicBytes = key
        self.secret = secret
    }

    func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        unsafe crypto_sign_detached(&signature, nil, message, UInt64(message.count), secret)
        return signature
    }

    var sshKey: PublicKey { .ed25519(publicBytes) }

    /// The signature's blob.
    func sshSignature(over message: [UInt8]) -> [UInt8] {
        func string(_ bytes: [UInt8]) -> [UInt8] { [0, 0, 0, UInt8(bytes.count)] + bytes }
        return string(Array("ssh-ed25519".utf8)) + string(sign(message))
    }
}

/// A certificate with a token in it; what is not changed is as docs/token.md wants it.
struct Keys: Sendable {
    static let user = KeyPair(seed: 1)
    static let provider = KeyPair(seed: 2)
    /// 2026-11-22T12:00:00Z.
    static let now = UnixTime(seconds: 1_795_348_800)

    var principals: [Text] = ["opkssh-wildcard"]
    var keyID: [UInt8] = Array("alice@example.com".utf8)
    var subject: Text = "248289761001"
    var email: Text? = "alice@example.com"
    var extensions: [CertificateOption] = []

    private var claims: JSON {
        var claims = JSON.Object()
        claims.add("iss", "https://login.example.com")
        claims.add("sub", .string(subject))
        claims.add("aud", "pair-ssh")
        claims.add("iat", .integer(Keys.now.seconds))
        claims.add("exp", .integer(Keys.now.seconds + 3600))
        claims.add("nonce", nonce)
        if let email { claims.add("email", .string(email)) }
        claims.add("email_verified", .bool(true))
        return .object(claims)
    }

    private var clientHeader: [UInt8] {
        var key = JSON.Object()
        for (name, value) in [("alg", "EdDSA"), ("crv", "Ed25519"), ("kty", "OKP")] { key.add(Text(name), value) }
        key.add("x", Base64.url.encode(Keys.user.publicBytes))
        var header = JSON.Object()
        header.add("alg", "EdDSA")
        header.add("rz", String(repeating: "0a", count: 32))
        header.add("typ", "CIC")
        header.add("upk", .object(key))
        return JSON.object(header).canonical
    }

    private var nonce: String? { (try? Digest.sha3x256(clientHeader)).map { Base64.url.encode($0) } }

    private var token: String {
        var header = JSON.Object()
        for (name, value) in [("alg", "EdDSA"), ("kid", "key-1"), ("typ", "JWT")] { header.add(Text(name), value) }
        let payload = Base64.url.encode(claims.encoded)
        let headers = [(JSON.object(header).encoded, Keys.provider), (clientHeader, Keys.user)].map { header, signer in
            let header = Base64.url.encode(header)
            return header + ":" + Base64.url.encode(signer.sign(Array("\(header).\(payload)".utf8)))
        }
        return ([payload] + headers).joined(separator: ":")
    }

    /// The certificate's blob in base64.
    var key: String {
        let contents = CertificateContents(
            nonce: [UInt8](repeating: 7, count: 32), key: Keys.user.sshKey, serial: 0, kind: .user, keyID: keyID,
            principals: principals.map { Array($0.utf8) }, validAfter: 0, validBefore: .max, criticalOptions: [],
            extensions: [CertificateOption(name: "openpubkey-pkt", string: Array(token.utf8))] + extensions,
            signatureKey: Keys.user.sshKey)
        return Base64.standard.encode(contents.blob(signedBy: Keys.user.sshSignature(over: contents.encoded)))
    }

    private static let keySet = """
        {"fetched_at": \(now.seconds), "issuer": "https://login.example.com", "jwks_uri": "https://login.example.com/jwks",
        "keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "key-1", "x": "\(Base64.url.encode(provider.publicBytes))"}]}
        """

    /// These Keys as somebody offers them for `login`, who may enter by their subject, whatever it is.
    func offered(for login: Text = "alice", members: String) -> Case {
        let toml = """
            space = "build-box"
            [[provider]]
            name = "example"
            issuer = "https://login.example.com"
            client_ids = ["pair-ssh"]

            """
        return Case(
            toml: Array(toml.utf8), members: Array(members.utf8), keySets: ["example": Array(Keys.keySet.utf8)],
            login: login, key: Array(key.utf8), now: Keys.now)
    }
}
