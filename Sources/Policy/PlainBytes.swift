// What goes over the lines of long files that are written plainly: byte by byte, nothing allocated. Inlined, since a line
// is asked some ten of these and there may be a million lines.

/// Goes past `byte`, and tells whether it stands there.
@inline(__always)
func takes(_ byte: UInt8, _ line: Span<UInt8>, _ index: inout Int) -> Bool {
    guard index < line.count, line[index] == byte else { return false }
    index += 1
    return true
}

/// Goes past `text`, and tells whether it stands there.
@inline(__always)
func takes(_ text: [UInt8], _ line: Span<UInt8>, _ index: inout Int) -> Bool {
    let text = text.span
    guard line.count - index >= text.count else { return false }
    for offset in text.indices where line[index + offset] != text[offset] { return false }
    index += text.count
    return true
}

/// Goes past the bytes that `isTaken` holds for, and tells how many.
@inline(__always)
func takesAll(_ line: Span<UInt8>, _ index: inout Int, where isTaken: (UInt8) -> Bool) -> Int {
    let start = index
    while index < line.count, isTaken(line[index]) { index += 1 }
    return index - start
}

/// Goes past the letters that a name of an account or a service may have, and tells whether they are one.
@inline(__always)
func takesPlainName(_ line: Span<UInt8>, _ index: inout Int) -> Bool {
    let start = index
    let count = takesAll(line, &index) { isLowerOrDigit($0) || isDotDashUnderscore($0) }
    return count > 0 && count <= 32 && isLowerOrDigit(line[start])
}

/// Whether all of `text` are letters of base64.
@inline(__always)
func isBase64(_ text: Span<UInt8>) -> Bool {
    all(text) { byte in
        one(byte | 0x20 >= 0x61) & one(byte | 0x20 <= 0x7A) | one(byte >= 0x2F) & one(byte <= 0x39) | one(byte == 0x2B)
    }
}

/// Whether all of `text` are ASCII's letters, digits, signs and spaces.
@inline(__always)
func isPrintable(_ text: Span<UInt8>) -> Bool {
    all(text) { one($0 >= 0x20) & one($0 < 0x7F) }
}

/// Whether `isMeant` gives 1 for each byte, and never 0: without a branch for each, so that many are asked at once.
@inline(__always)
private func all(_ text: Span<UInt8>, _ isMeant: (UInt8) -> UInt8) -> Bool {
    var all: UInt8 = 1
    for index in text.indices { all &= isMeant(text[index]) }
    return all == 1
}

@inline(__always)
private func one(_ isTrue: Bool) -> UInt8 { isTrue ? 1 : 0 }
