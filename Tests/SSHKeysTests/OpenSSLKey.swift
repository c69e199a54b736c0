import Signatures

@testable import TestSupport

/// A key pair of openssl's, and what OpenSSH would write of it.
struct OpenSSLKey: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case ed25519
        case p256
        case p384
        case p521
        case rsa
        case skEd25519
        case skP256

        /// What openssl makes and signs with.
        var base: Base {
            switch self {
            case .ed25519, .skEd25519: .ed25519
            case .p256, .skP256: .ecdsa(bits: 256, pointCount: 65, hash: "sha256")
            case .p384: .ecdsa(bits: 384, pointCount: 97, hash: "sha384")
            case .p521: .ecdsa(bits: 521, pointCount: 133, hash: "sha512")
            case .rsa: .rsa
            }
        }

        var sshName: String {
            switch self {
            case .ed25519: "ssh-ed25519"
            case .p256, .p384, .p521: "ecdsa-sha2-nist\(rawValue)"
            case .rsa: "ssh-rsa"
            case .skEd25519: "sk-ssh-ed25519@openssh.com"
            case .skP256: "sk-ecdsa-sha2-nistp256@openssh.com"
            }
        }

        var isHeldByAuthenticator: Bool { self == .skEd25519 || self == .skP256 }
    }

    enum Base {
        case ed25519
        case ecdsa(bits: Int, pointCount: Int, hash: String)
        case rsa
    }

    static let application = "ssh:pair-tests"

    let kind: Kind
    private let scratch: Scratch
    private let file: String
    /// The key fields behind the type name.
    let fields: [UInt8]

    init(_ kind: Kind, in scratch: Scratch, name: String = "key", bits: Int = 2048) throws {
        self.kind = kind
        self.scratch = scratch
        file = "\(name).pem"
        let algorithm: [String] =
            switch kind.base {
            case .ed25519: ["-algorithm", "ed25519"]
            case .rsa: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bits)"]
            case .ecdsa(let bits, _, _): ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-\(bits)"]
            }
        try scratch.run(["openssl", "genpkey", "-out", file] + algorithm)
        let der = try scratch.run("openssl", "pkey", "-in", file, "-pubout", "-outform", "DER")
        let key: [UInt8]
        switch kind.base {
        case .ed25519: key = Pack.string(Array(der.suffix(32)))
        case .ecdsa(let bits, let count, _):
            key = Pack.string("nistp\(bits)") + Pack.string(Array(der.suffix(count)))
        case .rsa:
            // SubjectPublicKeyInfo ends in INTEGER n (02 82 01 01 00 …), INTEGER 65537 (02 03 01 00 01).
            key = Pack.string([1, 0, 1]) + Pack.string(Array(der.dropLast(5).suffix(bits / 8 + 1)))
        }
        fields = key + (kind.isHeldByAuthenticator ? Pack.string(Self.application) : [])
    }

    var blob: [UInt8] { Pack.string(kind.sshName) + fields }

    /// The signature's blob over `message`: `string label, string signature`, and what an authenticator adds.
    func sign(_ message: [UInt8], label: String? = nil, hash: String = "sha512", flags: UInt8 = 1) throws -> [UInt8] {
        let counter = [flags] + Pack.uint32(7)
        let covered =
            kind.isHeldByAuthenticator
            ? try Digest.sha256(Array(Self.application.utf8)) + counter + Digest.sha256(message) : message
        let label = label ?? (kind == .rsa ? "rsa-sha2-\(hash.dropFirst(3))" : kind.sshName)
        let signature = try raw(covered, hash: hash)
        return Pack.string(label) + Pack.string(signature) + (kind.isHeldByAuthenticator ? counter : [])
    }

    private func raw(_ message: [UInt8], hash: String) throws -> [UInt8] {
        let name = "message-\(message.count)-\(message.hashValue)"
        try scratch.write(message, to: name)
        switch kind.base {
        case .ed25519: return try scratch.run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", file, "-in", name)
        case .rsa: return try scratch.run("openssl", "dgst", "-\(hash)", "-sign", file, name)
        case .ecdsa(_, _, let hash):
            return Self.integers(try scratch.run("openssl", "dgst", "-\(hash)", "-sign", file, name))
        }
    }

    /// DER's two INTEGERs as two mpints: their bytes are the same.
    private static func integers(_ der: [UInt8]) -> [UInt8] {
        var rest = der.dropFirst(der.dropFirst().first == 0x81 ? 3 : 2)
        var result: [UInt8] = []
        while rest.popFirst() == 0x02, let count = rest.popFirst() {
            result += Pack.string(Array(rest.prefix(Int(count))))
            rest = rest.dropFirst(Int(count))
        }
        return result
    }
}
