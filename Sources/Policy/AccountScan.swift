internal import Encodings
public import SSHKeys

/// One reading of `accounts` for one key: takes the file's lines in their order, then answers.
///
/// Every line is checked, after a match too: a file is never half loaded. A key has one text in base64, so that a line
/// which differs there is another key's.
/// Source: docs/configuration.md "accounts".
public struct AccountScan: Sendable {
    /// The line with the key, once it has been seen; `nil` where no account has it.
    public private(set) var match: AccountKey?

    private let key: PublicKey
    private let base64: [UInt8]
    private let file: String

    /// A scan for `key` of `file`, whose name is for errors, that has seen no line yet.
    public init(for key: PublicKey, file: String) {
        self.key = key
        self.file = file
        base64 = Array(Base64.standard.encode(key.blob).utf8)
    }

    /// Takes the next line, without its LF.
    /// - Throws: Where the line does not parse, or has the key that an earlier one has.
    public mutating func take(_ line: Span<UInt8>, number: Int) throws(PolicyError) {
        if isOfAnotherEd25519Key(line, than: base64) { return }
        var parser = LineParser(line, number: number, file: file)
        guard let line = try AccountLine(&parser) else { return }
        guard try line.key(parser) == key else { return }
        if let match { throw parser.error(.keyTwice(firstLine: match.line), at: line.typeOffset) }
        match = line.entry(key, number: number)
    }
}

/// Whether a line, written with single blanks, is a good one with an Ed25519 key that is not `key`'s: nearly every line of
/// a long file, asked of it at each login and without an allocation.
///
/// `AccountLine` decides on whatever this does not know.
func isOfAnotherEd25519Key(_ line: Span<UInt8>, than key: [UInt8]) -> Bool {
    var index = 0
    guard takesName(line, &index), takes(blank, line, &index) else { return false }
    if takes(authority, line, &index) {
        if takes(cap, line, &index) {
            repeat { guard takesName(line, &index) else { return false } } while takes(comma, line, &index)
            guard takes(quote, line, &index) else { return false }
        }
        guard takes(blank, line, &index) else { return false }
    }
    guard takes(ed25519, line, &index) else { return false }
    let start = index
    guard takes(head, line, &index), line.count - start >= 68 else { return false }
    // The head's last byte ends two bits into the next letter, where it has zeros.
    guard line[index] >= UInt8(ascii: "A"), line[index] <= UInt8(ascii: "P") else { return false }
    let other = key.span
    var isBase64 = true
    var isSame = other.count == 68
    for offset in 0..<68 {
        let byte = line[start + offset]
        isBase64 = isBase64 && base64Letters[Int(byte)]
        isSame = isSame && byte == other[offset]
    }
    guard isBase64, !isSame else { return false }
    index = start + 68
    guard index == line.count || line[index] == 0x20 else { return false }
    while index < line.count, line[index] >= 0x20, line[index] < 0x7F { index += 1 }
    return index == line.count
}

private let blank = Array(" ".utf8)
private let comma = Array(",".utf8)
private let quote = Array("\"".utf8)
private let authority = Array("cert-authority".utf8)
private let cap = Array(",services=\"".utf8)
private let ed25519 = Array("ssh-ed25519 ".utf8)
/// The type's name and the key's length, 19 bytes, in base64.
private let head = Array("AAAAC3NzaC1lZDI1NTE5AAAAI".utf8)

private func takes(_ text: [UInt8], _ line: Span<UInt8>, _ index: inout Int) -> Bool {
    guard line.count - index >= text.count else { return false }
    let text = text.span
    for offset in text.indices where line[index + offset] != text[offset] { return false }
    index += text.count
    return true
}

/// Goes past the letters that a name of an account or a service may have, and tells whether they are one.
private func takesName(_ line: Span<UInt8>, _ index: inout Int) -> Bool {
    let start = index
    while index < line.count, isLowerOrDigit(line[index]) || isDotDashUnderscore(line[index]) { index += 1 }
    return index > start && index - start <= 32 && isLowerOrDigit(line[start])
}
