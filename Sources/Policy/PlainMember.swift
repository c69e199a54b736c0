internal import Encodings

/// The lines of `members` that give logins to e-mail addresses, in the common form and without options but `role`: nearly
/// every line of a long file.
struct PlainMember: Sendable {
    private let space: [UInt8]
    /// What the address of a line is compared with.
    private let email: [UInt8]
    private let providers: [[UInt8]]
    private let role = Array("role=".utf8)
    private let deny = Array("deny".utf8)

    /// - Parameters:
    ///   - space: This Space's name.
    ///   - email: The address that is asked about, `nil` where the token has none.
    ///   - providers: The names of all that there are.
    init(space: [UInt8], email: Text?, providers: [String]) {
        self.space = space
        self.email = Array(email?.asciiLowercased.utf8 ?? "".utf8)
        self.providers = providers.map { Array($0.utf8) }
    }

    /// Whether `line` is a good one of this Space and lets in an address that is not the one asked about: it then says
    /// nothing of whoever asks.
    ///
    /// `MembershipLine` decides on whatever this does not know.
    func isOther(_ line: Span<UInt8>) -> Bool {
        var index = 0
        guard takes(space, line, &index), takesBlanks(line, &index) else { return false }
        let start = index
        guard takesWord(line, &index), takes(UInt8(ascii: "@"), line, &index), takesWord(line, &index) else {
            return false
        }
        guard isAnother(line.extracting(start..<index)) else { return false }
        guard takesBlanks(line, &index), takesProvider(line, &index), takesBlanks(line, &index) else { return false }
        repeat { guard takesLogin(line, &index) else { return false } } while takes(UInt8(ascii: ","), line, &index)
        if index == line.count { return true }
        guard takesBlanks(line, &index), takes(role, line, &index), takesWord(line, &index) else { return false }
        return index == line.count
    }

    private func isAnother(_ address: Span<UInt8>) -> Bool {
        let own = email.span
        guard address.count == own.count else { return true }
        return own.indices.contains { index in
            let byte = address[index]
            return own[index] != (byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
        }
    }

    private func takesBlanks(_ line: Span<UInt8>, _ index: inout Int) -> Bool {
        takesAll(line, &index) { $0 == 0x20 || $0 == 0x09 } > 0
    }

    /// Letters, digits and `.-_`: what no column has another meaning for.
    private func takesWord(_ line: Span<UInt8>, _ index: inout Int) -> Bool {
        takesAll(line, &index) { isLetterOrDigit($0) || isDotDashUnderscore($0) } > 0
    }

    private func takesProvider(_ line: Span<UInt8>, _ index: inout Int) -> Bool {
        for provider in providers {
            var end = index
            guard takes(provider, line, &end), end < line.count, line[end] == 0x20 || line[end] == 0x09 else {
                continue
            }
            index = end
            return true
        }
        return false
    }

    /// A login without a sign that needs a second look, and not the word `deny`.
    private func takesLogin(_ line: Span<UInt8>, _ index: inout Int) -> Bool {
        let start = index
        var end = index
        let isDeny = takes(deny, line, &end)
        let count = takesAll(line, &index) { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        return count > 0 && count <= 32 && line[start] != UInt8(ascii: "-") && !(isDeny && index == end)
    }
}
