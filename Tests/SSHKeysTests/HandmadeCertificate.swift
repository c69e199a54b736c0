/// Any certificate at all, field by field (PROTOCOL.certkeys); without changes it is well-formed.
struct HandmadeCertificate {
    static let nonce = [UInt8](repeating: 0x4E, count: 32)
    static let ed25519Fields = Pack.string([UInt8](repeating: 0x4B, count: 32))

    var type = "ssh-ed25519-cert-v01@openssh.com"
    var fields = ed25519Fields
    var serial: UInt64 = 5
    var kind = 1
    var keyID = Array("id".utf8)
    var principals = Pack.string("alice")
    var validAfter: UInt64 = 100
    var validBefore: UInt64 = 200
    var criticalOptions: [UInt8] = []
    var extensions: [UInt8] = []
    var reserved: [UInt8] = []
    var signatureKey = Pack.string("ssh-ed25519") + ed25519Fields
    var signature = Pack.string("ssh-ed25519") + Pack.string([UInt8](repeating: 0x53, count: 64))
    var trailing: [UInt8] = []

    /// What a signature covers.
    var signed: [UInt8] {
        Pack.string(type) + Pack.string(Self.nonce) + fields + Pack.uint64(serial) + Pack.uint32(kind)
            + Pack.string(keyID) + Pack.string(principals) + Pack.uint64(validAfter) + Pack.uint64(validBefore)
            + Pack.string(criticalOptions) + Pack.string(extensions) + Pack.string(reserved)
            + Pack.string(signatureKey)
    }

    var blob: [UInt8] { signed + Pack.string(signature) + trailing }

    init(_ change: (inout HandmadeCertificate) -> Void = { _ in }) { change(&self) }

    /// A certificate for `key`, signed by `signer`.
    init(
        for key: OpenSSLKey, by signer: OpenSSLKey, hash: String = "sha512", label: String? = nil,
        change: (inout HandmadeCertificate) -> Void = { _ in }
    ) throws {
        let (stem, _) = key.kind.sshName.splitOnce(at: "@")
        type = stem + "-cert-v01@openssh.com"
        fields = key.fields
        signatureKey = signer.blob
        change(&self)
        signature = try signer.sign(signed, label: label, hash: hash)
    }
}

extension String {
    fileprivate func splitOnce(at separator: Character) -> (String, String) {
        guard let index = firstIndex(of: separator) else { return (self, "") }
        return (String(self[..<index]), String(self[self.index(after: index)...]))
    }
}
