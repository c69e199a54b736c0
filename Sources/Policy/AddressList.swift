internal import Encodings

/// Whether sshd takes `text` as the value of `from=`: addresses, CIDR blocks and patterns, separated by commas.
///
/// A block with bits set behind its prefix (`10.0.0.1/8`) would void the whole line for sshd, so it is refused here.
/// Source: ssh_config(5) "PATTERNS", sshd(8) "from=", OpenSSH addrmatch.c.
func isAddressList(_ text: Text) -> Bool {
    text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).allSatisfy { element in
        var element = Array(element)[...]
        if element.first == UInt8(ascii: "!") { element.removeFirst() }
        guard let slash = element.firstIndex(of: UInt8(ascii: "/")) else {
            return !element.isEmpty && element.allSatisfy(isPatternByte)
        }
        return isBlock(address: Array(element[..<slash]), prefix: element[(slash + 1)...])
    }
}

private func isPatternByte(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || ".:-_*?%".utf8.contains(byte)
}

private func isBlock(address: [UInt8], prefix: ArraySlice<UInt8>) -> Bool {
    guard let address = ipv4(address[...]) ?? ipv6(address), let bits = number(prefix, upTo: address.count * 8) else {
        return false
    }
    return address.enumerated().allSatisfy { index, byte in
        let kept = min(max(bits - index * 8, 0), 8)
        return byte & (0xFF >> UInt8(kept)) == 0
    }
}

/// A decimal number without leading zeros.
private func number(_ digits: ArraySlice<UInt8>, upTo limit: Int) -> Int? {
    guard !digits.isEmpty, digits.count <= 3, digits.allSatisfy(isDigit) else { return nil }
    guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
    let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    return value <= limit ? value : nil
}

/// The four bytes of a dotted address.
private func ipv4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let bytes = parts.compactMap { number($0, upTo: 255).map { UInt8($0) } }
    return parts.count == 4 && bytes.count == 4 ? bytes : nil
}

/// The sixteen bytes of an address, by RFC 4291 §2.2: `::` once at most, a dotted end allowed.
func ipv6(_ text: [UInt8]) -> [UInt8]? {
    let colon = UInt8(ascii: ":")
    let gaps = zip(text, text.dropFirst()).enumerated().filter { $1.0 == colon && $1.1 == colon }.map { $0.offset }
    guard let gap = gaps.first else {
        let bytes = groups(text[...], mayEndDotted: true)
        return bytes?.count == 16 ? bytes : nil
    }
    guard gaps.count == 1, let head = groups(text[..<gap], mayEndDotted: false),
        let tail = groups(text[(gap + 2)...], mayEndDotted: true)
    else { return nil }
    // `::` stands for one group at least.
    guard head.count + tail.count <= 14 else { return nil }
    return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
}

private func groups(_ text: ArraySlice<UInt8>, mayEndDotted: Bool) -> [UInt8]? {
    guard !text.isEmpty else { return [] }
    var bytes: [UInt8] = []
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
        if mayEndDotted, index == parts.count - 1, let dotted = ipv4(part) {
            bytes += dotted
        } else {
            guard !part.isEmpty, part.count <= 4 else { return nil }
            guard let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16), isHex(part) else { return nil }
            bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
        }
    }
    return bytes.count <= 16 ? bytes : nil
}

private func isHex(_ text: ArraySlice<UInt8>) -> Bool {
    text.allSatisfy { isDigit($0) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66) }
}
