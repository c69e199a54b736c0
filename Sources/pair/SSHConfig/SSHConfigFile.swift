import Encodings

/// A person's configuration of ssh, of which everything stays byte for byte but the one line that is ours.
struct SSHConfigFile: Equatable {
    /// The whole file; lines end in LF or CR LF, the last one perhaps in neither.
    let bytes: [UInt8]

    /// Our line, whose path starts from the configuration's own folder.
    static let line = "Include \(KeysSSHConfig.path)"

    /// Whether ssh reads our file for every host: `Include` behind a `Host` or `Match` is for those hosts alone.
    /// - Parameter path: Our file's own, in full.
    /// - Returns: Also where it is spelled otherwise than our line.
    func includes(_ path: String) -> Bool {
        let spellings = [KeysSSHConfig.path, "~/.ssh/\(KeysSSHConfig.path)", path]
        for line in lines {
            let words = SSHConfigFile.words(line)
            guard let keyword = words.first.flatMap({ Text(validating: $0) })?.asciiLowercased else { continue }
            if keyword == "host" || keyword == "match" { return false }
            let isNamed = words.dropFirst().contains { word in spellings.contains { word.elementsEqual($0.utf8) } }
            if keyword == "include", isNamed { return true }
        }
        return false
    }

    /// The file with our line as its first, and nowhere else.
    var including: SSHConfigFile {
        let others = excluding
        let first = others.lines.first ?? []
        let end: [UInt8] = first.suffix(2) == [0x0D, 0x0A] ? [0x0D, 0x0A] : [0x0A]
        return SSHConfigFile(bytes: Array(SSHConfigFile.line.utf8) + end + others.bytes)
    }

    /// The file without our line, wherever it stands; one that means the same and is spelled otherwise is not ours.
    var excluding: SSHConfigFile {
        SSHConfigFile(bytes: lines.filter { !SSHConfigFile.isOurs($0) }.flatMap { $0 })
    }

    /// With their ends.
    private var lines: [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A).map { $0 + 1 } ?? rest.endIndex
            lines.append(rest[..<end])
            rest = rest[end...]
        }
        return lines
    }

    private static func isOurs(_ line: ArraySlice<UInt8>) -> Bool {
        var line = line
        if line.last == 0x0A { line.removeLast() }
        if line.last == 0x0D { line.removeLast() }
        return line.elementsEqual(Self.line.utf8)
    }

    /// Keyword and arguments as ssh tells them apart, none of a comment.
    ///
    /// By blanks, with one `=` behind the keyword, in quotes or not, up to a `#`.
    private static func words(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        let isBlank = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(byte) }
        var words: [ArraySlice<UInt8>] = []
        var rest = line.drop(while: isBlank)
        while let first = rest.first, first != UInt8(ascii: "#") {
            if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
                let word = rest.dropFirst().prefix { $0 != first }
                words.append(word)
                rest = rest[word.endIndex...].dropFirst()
            } else {
                let isKeyword = words.isEmpty
                let word = rest.prefix { !isBlank($0) && !(isKeyword && $0 == UInt8(ascii: "=")) }
                words.append(word)
                rest = rest[word.endIndex...]
            }
            rest = rest.drop(while: isBlank)
            if words.count == 1, rest.first == UInt8(ascii: "=") { rest = rest.dropFirst().drop(while: isBlank) }
        }
        return words
    }
}
