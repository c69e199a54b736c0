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
    private let form = CommonForm()

    /// A scan for `key` of `file`, whose name is for errors, that has seen no line yet.
    public init(for key: PublicKey, file: String) {
        self.key = key
        self.file = file
        base64 = Array(Base64.standard.encode(key.blob).utf8)
    }

    /// Takes the next line, without its LF.
    /// - Throws: Where the line does not parse, or has the key that an earlier one has.
    public mutating func take(_ line: Span<UInt8>, number: Int) throws(PolicyError) {
        if isOfAnotherEd25519Key(line) { return }
        var parser = LineParser(line, number: number, file: file)
        guard let line = try AccountLine(&parser) else { return }
        guard try line.key(parser) == key else { return }
        if let match { throw parser.error(.keyTwice(firstLine: match.line), at: line.typeOffset) }
        match = line.entry(key, number: number)
    }
}

/// A line's words in the common form.
private struct CommonForm: Sendable {
    let authority = Array("cert-authority".utf8)
    let cap = Array(",services=\"".utf8)
    /// The type, its name within the key and the key's length, 19 bytes: 25 letters of base64.
    let ed25519 = Array("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI".utf8)
    static let headCount = 25
    static let keyCount = 68
}

extension AccountScan {
    /// Whether a line, written with single blanks, is a good one with an Ed25519 key that is not this one: nearly every
    /// line of a long file, asked of it at each login and without an allocation.
    ///
    /// `AccountLine` decides on whatever this does not know.
    func isOfAnotherEd25519Key(_ line: Span<UInt8>) -> Bool {
        var index = 0
        guard takesPlainName(line, &index), takes(UInt8(ascii: " "), line, &index) else { return false }
        if takes(form.authority, line, &index) {
            if takes(form.cap, line, &index) {
                repeat {
                    guard takesPlainName(line, &index) else { return false }
                } while takes(UInt8(ascii: ","), line, &index)
                guard takes(UInt8(ascii: "\""), line, &index) else { return false }
            }
            guard takes(UInt8(ascii: " "), line, &index) else { return false }
        }
        guard takes(form.ed25519, line, &index) else { return false }
        let count = CommonForm.keyCount - CommonForm.headCount
        guard line.count - index >= count else { return false }
        // The head's last byte ends two bits into the next letter, where it has zeros.
        guard line[index] >= UInt8(ascii: "A"), line[index] <= UInt8(ascii: "P") else { return false }
        guard isBase64(line.extracting(index..<index + count)) else { return false }
        if base64.count == CommonForm.keyCount {
            let own = base64.span
            let isSame = !(0..<count).contains { line[index + $0] != own[CommonForm.headCount + $0] }
            guard !isSame else { return false }
        }
        index += count
        guard index == line.count || line[index] == 0x20 else { return false }
        return isPrintable(line.extracting(index..<line.count))
    }
}
