public import Encodings
public import Signatures

/// The name of a key: `SHA256:` and the unpadded base64 of its blob's SHA-256, as `ssh-keygen -l` prints it.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    private let hash: [UInt8]

    /// Of the key that `blob` holds.
    /// - Parameter blob: A plain key's.
    /// - Throws: `LibcryptoError`.
    public init(ofBlob blob: [UInt8]) throws(LibcryptoError) {
        hash = try Digest.sha256(blob)
    }

    /// The fingerprint that `text` spells, `nil` where it is none.
    public init?(_ text: Text) {
        let prefix = Array("SHA256:".utf8)
        let bytes = Array(text.utf8)
        // 43 letters of base64 and the one `=` that OpenSSH leaves out.
        guard bytes.starts(with: prefix), bytes.count == prefix.count + 43 else { return nil }
        guard let hash = Base64.standard.decode(bytes.dropFirst(prefix.count) + [UInt8(ascii: "=")]) else { return nil }
        self.hash = hash
    }

    /// `SHA256:…`, 50 characters.
    public var description: String {
        // The one `=` goes by bytes: to go by characters Swift looks each up in Unicode's tables.
        "SHA256:" + String(decoding: Base64.standard.encode(hash).utf8.dropLast(), as: UTF8.self)
    }
}
