internal import Encodings

/// `value` as a column of `members` or `revoked` has it: bare, or quoted whole where it would not be read back bare.
func column(_ value: Text) -> String { isBare(value, but: " \t\"") ? value.string : inQuotes(value) }

/// `value` behind the `=` of an option.
func optionValue(_ value: Text) -> String { isBare(value, but: " \t\",") ? value.string : inQuotes(value) }

private func isBare(_ value: Text, but special: String) -> Bool {
    !value.isEmpty && !value.utf8.contains { special.utf8.contains($0) }
}

private func inQuotes(_ value: Text) -> String {
    let escaped = value.utf8.flatMap { byte in
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? [UInt8(ascii: "\\"), byte] : [byte]
    }
    return "\"" + String(decoding: escaped, as: UTF8.self) + "\""
}

extension Text {
    /// As it stands where it is plain ASCII that can be shown so, else quoted.
    var shown: String { ascii != nil && !hasControls && !isEmpty ? string : quoted(self) }
}

/// `words` as people list them: `a`, `a and b`, `a, b and c`.
func listed(_ words: [String]) -> String {
    guard words.count > 1, let last = words.last else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " and " + last
}
