import Encodings

/// The hosts that Keys are for, as `Match host` takes them: patterns of which one must match and no negated one may.
///
/// Source: ssh_config(5) "PATTERNS".
struct HostPatterns: Equatable {
    /// In the order given, each once; at least one without `!`.
    let patterns: [String]

    /// The patterns of `texts`, each of which may be several with commas between them.
    /// - Throws: `HostPatternError` with the first that is none.
    init(_ texts: [String]) throws(HostPatternError) {
        var patterns: [String] = []
        for text in texts {
            let parts = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            for part in parts.map({ String(decoding: $0, as: UTF8.self) }) {
                guard HostPatterns.isPattern(part) else { throw .malformed(part) }
                // Compared as bytes: all of them are ASCII.
                if !patterns.contains(part) { patterns.append(part) }
            }
        }
        guard patterns.contains(where: { $0.utf8.first != UInt8(ascii: "!") }) else { throw .nothingMatches }
        self.patterns = patterns
    }

    /// As it stands behind `Match host`.
    var list: String { patterns.joined(separator: ",") }

    /// Whether every host matches that is not left out.
    var isForEveryHost: Bool { patterns.contains("*") }

    /// Names and addresses, `*` and `?`, one `!` in front: nothing that ssh's parser or a shell reads otherwise.
    private static func isPattern(_ text: String) -> Bool {
        let body = text.utf8.first == UInt8(ascii: "!") ? text.utf8.dropFirst() : text.utf8[...]
        // ssh takes what begins with a dash for an option, never for a host.
        guard let first = body.first, first != UInt8(ascii: "-") else { return false }
        return body.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "._-:*?".utf8.contains(byte)
            }
        }
    }
}

/// Why something is no list of hosts.
enum HostPatternError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    /// None at all, or negated ones alone.
    case nothingMatches

    var description: String {
        switch self {
        case .malformed(let text):
            "a host's name, address or pattern (letters, digits, . _ - : * ?, a ! in front) expected, "
                + "\(quoted(text)) found"
        case .nothingMatches: "at least one pattern without ! is needed: the others only take away"
        }
    }
}
