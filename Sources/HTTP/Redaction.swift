public import Encodings

/// Takes what we sent out of what comes back: servers like to repeat a code that they do not know.
public struct Redaction: Sendable {
    /// So many bytes in a row of a secret are not shown: a server may cut what it repeats, or escape a part of it.
    static let longestShown = 12
    /// Longer texts are left out whole.
    static let maximumCount = 8192

    /// What is not shown, by its length.
    private var hidden: [Int: Set<ArraySlice<UInt8>>] = [:]

    /// - Parameter secrets: What was sent; an empty one is none.
    public init(of secrets: [Text]) {
        for secret in secrets where !secret.isEmpty {
            let bytes = Array(secret.utf8)
            let count = min(bytes.count, Redaction.longestShown)
            for start in 0...(bytes.count - count) {
                hidden[count, default: []].insert(bytes[start..<(start + count)])
            }
        }
    }

    /// `text` with `(hidden)` in place of each part that a secret has, too.
    public func redacted(_ text: Text) -> Text {
        let bytes = Array(text.utf8)
        guard bytes.count <= Redaction.maximumCount else { return "(too long to show)" }
        var isHidden = [Bool](repeating: false, count: bytes.count)
        for (count, parts) in hidden where count <= bytes.count {
            for start in 0...(bytes.count - count) where parts.contains(bytes[start..<(start + count)]) {
                for index in start..<(start + count) { isHidden[index] = true }
            }
        }
        var shown: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if !isHidden[index] {
                shown.append(byte)
            } else if index == 0 || !isHidden[index - 1] {
                shown += "(hidden)".utf8
            }
        }
        return Text(String(decoding: shown, as: UTF8.self))
    }
}
