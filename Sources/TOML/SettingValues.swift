public import Encodings

/// Whether `text` can name an account, a service or a provider: `[a-z0-9][a-z0-9._-]{0,31}`, safe in any shell or path.
public func isPlainName(_ text: some Collection<UInt8>) -> Bool {
    guard text.count <= 32, let first = text.first, isLowerOrDigit(first) else { return false }
    return text.allSatisfy { isLowerOrDigit($0) || ".-_".utf8.contains($0) }
}

extension Seconds {
    /// The length that `30s`, `5m`, `12h` or `7d` is, `nil` for any other text or one too large to count.
    public init?(setting text: Text) {
        guard let count = quantity(text, units: [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]) else { return nil }
        self.init(count)
    }
}

/// How many bytes `64KiB`, `16MiB` or `1GiB` are, `nil` for any other text or a number too large to count.
public func byteCount(setting text: Text) -> Int64? {
    quantity(text, units: [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)])
}

/// A decimal number without leading zeros, directly followed by one of `units`.
private func quantity(_ text: Text, units: [(name: String, size: Int64)]) -> Int64? {
    let digits = text.utf8.prefix { isDigit($0) }
    let name = text.utf8.dropFirst(digits.count)
    guard let unit = units.first(where: { name.elementsEqual($0.name.utf8) }) else { return nil }
    guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
    guard let count = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit.size)
    return overflow ? nil : product
}

private func isLowerOrDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (byte >= 0x61 && byte <= 0x7A) }

private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
