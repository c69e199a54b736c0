import Encodings
import Testing

/// Any private key file at all, field by field (PROTOCOL.key); without changes it is well-formed.
struct HandmadePrivateKeyFile: Sendable, CustomTestStringConvertible {
    /// RFC 8032 §7.1, test 1: seed and public key.
    static let seed = bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    static let publicKey = bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    /// RFC 6979 A.2.5: scalar and point.
    static let scalar = bytes("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
    static let point = bytes(
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
            + "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
    /// P-256's generator, whose scalar is 1 (FIPS 186-5, SP 800-186 §3.2.1.3).
    static let generator = bytes(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
            + "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")

    var magic = Array("openssh-key-v1\0".utf8)
    var cipher = "none"
    var derivation = "none"
    var derivationOptions: [UInt8] = []
    var count = 1
    var outer = Pack.string("ssh-ed25519") + Pack.string(publicKey)
    var checkNumbers = Pack.uint32(0x0102_0304) + Pack.uint32(0x0102_0304)
    var inner = Pack.string("ssh-ed25519") + Pack.string(publicKey) + Pack.string(seed + publicKey)
    var comment = Array("a@b".utf8)
    /// `nil` for as much as there must be.
    var padding: [UInt8]?
    var trailing: [UInt8] = []

    init(_ change: (inout HandmadePrivateKeyFile) -> Void = { _ in }) { change(&self) }

    /// The same around a key of P-256.
    static func p256(_ change: (inout HandmadePrivateKeyFile) -> Void = { _ in }) -> HandmadePrivateKeyFile {
        HandmadePrivateKeyFile { file in
            file.outer = Pack.string("ecdsa-sha2-nistp256") + Pack.string("nistp256") + Pack.string(point)
            file.inner = file.outer + Pack.string([0] + scalar)
            change(&file)
        }
    }

    /// What base64 is made of.
    var blob: [UInt8] {
        let secrets = checkNumbers + inner + Pack.string(comment)
        let padding = padding ?? Array((1...8).prefix((8 - secrets.count % 8) % 8))
        return magic + Pack.string(cipher) + Pack.string(derivation) + Pack.string(derivationOptions)
            + Pack.uint32(count) + Pack.string(outer) + Pack.string(secrets + padding) + trailing
    }

    var testDescription: String { outer.count < 60 ? "Ed25519" : "P-256" }

    var text: [UInt8] { Self.text(of: blob) }

    static func text(of blob: [UInt8]) -> [UInt8] {
        Array("-----BEGIN OPENSSH PRIVATE KEY-----\n".utf8) + Array(Base64.standard.encode(blob).utf8)
            + Array("\n-----END OPENSSH PRIVATE KEY-----\n".utf8)
    }

    private static func bytes(_ digits: String) -> [UInt8] {
        let values = digits.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
        return stride(from: 0, to: values.count - 1, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}
