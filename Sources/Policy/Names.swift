internal import Encodings

/// Whether `text` can be a login that we let anybody into.
///
/// `[A-Za-z0-9_][A-Za-z0-9._+@-]{0,31}`, one `$` at the end counted among the 32 (Samba's machine accounts), and no `..`.
public func isLoginName(_ text: some Collection<UInt8>) -> Bool {
    var name = Array(text)[...]
    guard name.count <= 32 else { return false }
    if name.last == UInt8(ascii: "$") { name.removeLast() }
    guard let first = name.first, isLetterOrDigit(first) || first == UInt8(ascii: "_") else { return false }
    var previous: UInt8 = 0
    for byte in name {
        let isSign = isDotDashUnderscore(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "@")
        guard isLetterOrDigit(byte) || isSign else { return false }
        guard byte != UInt8(ascii: ".") || previous != byte else { return false }
        previous = byte
    }
    return true
}

/// Whether `text` can name a Space: letters, digits and `._-`, at most 128, a host's name included.
public func isSpaceName(_ text: some Collection<UInt8>) -> Bool {
    guard text.count <= 128, let first = text.first, isLetterOrDigit(first) else { return false }
    return text.allSatisfy { isLetterOrDigit($0) || isDotDashUnderscore($0) }
}

/// Whether sshd reads `command` as it is written once it stands in quotes on a line with each `"` as `\"`.
///
/// sshd knows no escape but `\"`, so that a backslash before a quote, or the closing quote, would be read otherwise.
func isCommand(_ command: Text) -> Bool {
    guard !command.isEmpty, !command.hasControls, command.utf8.last != UInt8(ascii: "\\") else { return false }
    let pairs = zip(command.utf8, command.utf8.dropFirst())
    return !pairs.contains { $0 == UInt8(ascii: "\\") && $1 == UInt8(ascii: "\"") }
}

func isLetterOrDigit(_ byte: UInt8) -> Bool { isLowerOrDigit(byte) || (byte >= 0x41 && byte <= 0x5A) }

func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

func isLowerOrDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (byte >= 0x61 && byte <= 0x7A) }

func isDotDashUnderscore(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
}

extension Text {
    /// The text of `bytes` that a `LineParser` has found to be UTF-8.
    init(parsed bytes: some Collection<UInt8>) {
        self.init(String(decoding: bytes, as: UTF8.self))
    }

    /// What stands behind `prefix`, `nil` where the text does not start with it.
    func dropping(_ prefix: String) -> Text? {
        guard utf8.starts(with: prefix.utf8) else { return nil }
        return Text(parsed: utf8.dropFirst(prefix.utf8.count))
    }

    /// The text before and behind the byte at `index`.
    func split(at index: String.UTF8View.Index) -> (before: Text, behind: Text) {
        (Text(parsed: utf8[..<index]), Text(parsed: utf8[utf8.index(after: index)...]))
    }
}
