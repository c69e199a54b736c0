import Foundation

/// Keys of every kind that ssh-keygen makes, what it signs with them, and what a host's files say of them.
final class CertificateKeys: Sendable {
    /// What ssh-keygen makes without an authenticator, by our name for it.
    static let kinds = [
        "ed25519": ["-t", "ed25519"], "ecdsa-256": ["-t", "ecdsa", "-b", "256"],
        "ecdsa-384": ["-t", "ecdsa", "-b", "384"], "ecdsa-521": ["-t", "ecdsa", "-b", "521"],
        "rsa-2048": ["-t", "rsa", "-b", "2048"], "rsa-3072": ["-t", "rsa", "-b", "3072"],
        "rsa-4096": ["-t", "rsa", "-b", "4096"],
    ]

    /// Keys whose private halves an authenticator would hold: ssh-keygen certifies them, though none signs here.
    static let skKinds = [
        "sk-ed25519": "sk-ssh-ed25519@openssh.com", "sk-ecdsa-256": "sk-ecdsa-sha2-nistp256@openssh.com",
    ]

    /// Those of the suite that is under way.
    @TaskLocal static var current: CertificateKeys?

    private let folder: Scratch

    /// Makes them: `ca-KIND` and `user-KIND` of each kind, and Ed25519 keys with roles of their own.
    init() throws {
        folder = try Scratch()
        for owner in ["ca", "user"] {
            for (kind, flags) in Self.kinds { try make("\(owner)-\(kind)", flags) }
            try make("\(owner)-rsa-1024", ["-t", "rsa", "-b", "1024"])
        }
        for name in ["capped", "admins", "revoked", "laptop", "nobody", "stolen", "other"] {
            try make(name, ["-t", "ed25519"])
        }
        for (kind, type) in Self.skKinds { try makeSK("user-\(kind)", of: "user-\(kind.dropFirst(3))", type: type) }
    }

    func path(_ name: String) -> String { folder.path(name) }

    /// The type and the base64 of the public key called `name`.
    func publicKey(_ name: String) throws -> String {
        let words = String(decoding: try folder.read("\(name).pub"), as: UTF8.self).split(
            whereSeparator: \.isWhitespace)
        return words.prefix(2).joined(separator: " ")
    }

    func fingerprint(_ name: String) throws -> String {
        let words = try keygen(["-l", "-f", path("\(name).pub")]).split(separator: " ")
        return words.count > 1 ? String(words[1]) : ""
    }

    // MARK: - Signing

    /// Has ssh-keygen sign for a key.
    /// - Parameters:
    ///   - user: The name of the key.
    ///   - authority: The name of the CA's.
    ///   - flags: ssh-keygen's, but for `-s` and the file.
    /// - Throws: `ProgramFailed` where ssh-keygen does not.
    /// - Returns: The path of the key's copy without a suffix, beside which stands `-cert.pub`.
    func certificate(for user: String, by authority: String, _ flags: [String]) throws -> String {
        let copy = path("\(UUID())")
        for suffix in ["", ".pub"] where FileManager.default.fileExists(atPath: path(user + suffix)) {
            try FileManager.default.copyItem(atPath: path(user + suffix), toPath: copy + suffix)
        }
        let id = flags.contains("-I") ? [] : ["-I", "\(user)@test"]
        try keygen(["-q", "-s", path(authority)] + id + flags + [copy + ".pub"])
        return copy
    }

    /// The same with the signer's public key in it written over with that of `named`, of the same type.
    func forgedCertificate(
        for user: String, by authority: String, naming named: String, _ flags: [String]
    ) throws -> String {
        func blob(_ line: String) throws -> Data {
            let words = line.split(separator: " ")
            guard words.count > 1, let blob = Data(base64Encoded: String(words[1])) else {
                throw Unusable(description: "no key: \(line)")
            }
            return blob
        }
        let path = try certificate(for: user, by: authority, flags)
        let text = try String(contentsOfFile: path + "-cert.pub", encoding: .utf8)
        var forged = try blob(text)
        guard let range = forged.range(of: try blob(publicKey(authority))) else {
            throw Unusable(description: "no signature key in \(path)-cert.pub")
        }
        forged.replaceSubrange(range, with: try blob(publicKey(named)))
        let line = "\(text.prefix { $0 != " " }) \(forged.base64EncodedString()) forged\n"
        try Data(line.utf8).write(to: URL(fileURLWithPath: path + "-cert.pub"))
        return path
    }

    /// What `ssh-keygen -L` shows of a certificate, in UTC.
    func shown(_ certificate: String) throws -> String { try keygen(["-L", "-f", certificate]) }

    @discardableResult
    private func keygen(_ arguments: [String]) throws -> String {
        String(decoding: try folder.run(["env", "TZ=UTC", "ssh-keygen"] + arguments), as: UTF8.self)
    }

    private func make(_ name: String, _ flags: [String]) throws {
        try keygen(["-q", "-N", "", "-C", "", "-f", path(name)] + flags)
    }

    /// Writes the public half of an authenticator's key with the point of another (PROTOCOL.u2f).
    private func makeSK(_ name: String, of other: String, type: String) throws {
        func string(_ bytes: some Collection<UInt8>) -> [UInt8] { [0, 0, 0, UInt8(bytes.count)] + bytes }
        let words = try publicKey(other).split(separator: " ")
        let fields = (Data(base64Encoded: String(words[1])) ?? Data()).dropFirst(4 + words[0].utf8.count)
        let blob = Data(string(type.utf8) + Array(fields) + string("ssh:".utf8))
        try folder.write(Array("\(type) \(blob.base64EncodedString())\n".utf8), to: "\(name).pub")
    }

    // MARK: - A host's files

    /// `accounts`: a CA of each kind, others capped or revoked, and plain keys.
    var accounts: String {
        get throws {
            var lines = ["# the accounts of these tests"]
            for kind in Self.kinds.keys.sorted() + ["rsa-1024"] {
                lines.append("acme-\(kind) cert-authority \(try publicKey("ca-\(kind)")) CA")
            }
            lines.append("capped cert-authority,services=\"pgs,tuns\" \(try publicKey("capped"))")
            lines.append("admins\tcert-authority,services=admin \(try publicKey("admins"))")
            lines.append("revoked cert-authority \(try publicKey("revoked"))")
            lines.append("laptop \(try publicKey("laptop")) alice's laptop")
            lines.append("stolen \(try publicKey("stolen"))")
            return lines.joined(separator: "\n") + "\n"
        }
    }

    /// The account in `accounts` of the CA or plain key called `name`.
    static func account(of name: String) -> String { name.hasPrefix("ca-") ? "acme-\(name.dropFirst(3))" : name }

    /// `revoked`: a CA, a key, and certificates of two CAs.
    var revoked: String {
        get throws {
            let (ed25519, capped) = (try fingerprint("ca-ed25519"), try fingerprint("capped"))
            return """
                key \(try fingerprint("revoked"))
                key \(try fingerprint("stolen"))
                cert \(ed25519) serial=1000-1040
                cert \(ed25519) serial=18446744073709551614
                cert \(ed25519) id="mallory@laptop"
                cert \(capped) serial=7

                """
        }
    }
}
