internal import Encodings
public import SSHKeys

/// What is refused whatever else says yes: takes the lines of `revoked`, then answers.
///
/// Source: docs/configuration.md "revoked".
public struct Revocations: Sendable {
    private let file: String
    private let providers: [Text]

    /// Whose lines are kept, 43 letters each; `nil` for all keys.
    private let asked: [[UInt8]]?
    /// The fingerprints' base64, 43 letters each, one after the other; and the line of each.
    private var keys: [UInt8] = []
    private var keyLines: [Int] = []
    private var identities: [RevokedIdentity] = []
    private var certificates: [RevokedCertificates] = []
    private let plainKey = Array("key SHA256:".utf8)
    private let lastLetters = Array("AEIMQUYcgkosw048".utf8)

    private struct RevokedIdentity {
        /// `nil` for `*`.
        let provider: Text?
        let pattern: IdentityPattern
        let line: Int
    }

    private struct RevokedCertificates {
        let authority: Fingerprint
        let which: Which
        let line: Int
    }

    private enum Which {
        case serials(ClosedRange<UInt64>)
        case keyID(Text)
    }

    /// Nothing revoked yet, in `file`, whose name is for errors.
    /// - Parameters:
    ///   - configuration: For the providers that there are.
    ///   - file: The file's name.
    ///   - keys: The only ones that will be asked about, where that is known: none of the many others is then kept.
    public init(under configuration: Configuration, file: String, asking keys: [Fingerprint]? = nil) {
        self.file = file
        asked = keys?.map { letters(of: $0) }
        providers = configuration.providers.map { Text($0.name) }
    }

    /// Takes the next line, without its LF.
    /// - Throws: Where the line does not parse or names a provider that there is not: a slip of the pen would revoke
    ///   nobody.
    public mutating func take(_ line: Span<UInt8>, number: Int) throws(PolicyError) {
        if takePlainKey(line, number) { return }
        var parser = LineParser(line, number: number, file: file)
        guard !parser.isAtEnd(), parser.next != UInt8(ascii: "#") else { return }
        try parser.validate()
        let kind = try parser.column(.kind)
        switch kind.value.string {
        case "key": add(try fingerprint(&parser), number)
        case "identity": identities.append(try identity(&parser, number))
        case "cert": certificates.append(try certificates(&parser, number))
        default: throw parser.error(.malformed(.kind, found: kind.value), at: kind.offset)
        }
        try parser.end()
    }

    // MARK: - Answers

    /// Whether all of `keys` can be asked about.
    public func cover(_ keys: [Fingerprint]) -> Bool {
        guard let asked else { return true }
        return keys.allSatisfy { asked.contains(letters(of: $0)) }
    }

    /// The line that revokes a key, a certified key or a CA; `nil` where none does.
    /// - Parameter fingerprint: One that this covers; it is a fault of the program to ask about another, and ends it.
    /// - Returns: The line's number.
    public func line(revokingKey fingerprint: Fingerprint) -> Int? {
        precondition(cover([fingerprint]), "a key's revocation is asked for that was not looked for")
        let letters = letters(of: fingerprint)
        for (index, line) in keyLines.enumerated() where keys[(index * 43)..<(index * 43 + 43)] == letters[...] {
            return line
        }
        return nil
    }

    /// The line that revokes a certificate of `authority` by its serial or key id; `nil` where none does.
    public func line(revokingSerial serial: UInt64, keyID: [UInt8], of authority: Fingerprint) -> Int? {
        let revoked = certificates.first { certificates in
            guard certificates.authority == authority else { return false }
            switch certificates.which {
            case .serials(let range): return range.contains(serial)
            case .keyID(let text): return text.utf8.elementsEqual(keyID)
            }
        }
        return revoked?.line
    }

    /// Whether somebody is revoked.
    public enum IdentityAnswer: Sendable, Equatable {
        case notRevoked
        case revoked(line: Int)
        /// An e-mail is revoked on this line, and the token was asked for without one.
        case undecidable(line: Int)
    }

    /// Whether `identity` is revoked by its subject or by its e-mail, verified or not.
    public func answer(for identity: Identity) -> IdentityAnswer {
        var undecidable: Int?
        for entry in identities where entry.provider == nil || entry.provider == Text(identity.providerName) {
            switch identity.isDenied(by: entry.pattern) {
            case .holds: return .revoked(line: entry.line)
            case .undecidable: undecidable = undecidable ?? entry.line
            case .fails: break
            }
        }
        return undecidable.map { .undecidable(line: $0) } ?? .notRevoked
    }
}

/// A fingerprint's base64, 43 letters.
private func letters(of fingerprint: Fingerprint) -> [UInt8] { Array(fingerprint.description.utf8.dropFirst(7)) }

/// Whether both, of one length, are the same bytes.
private func isSame(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    !left.indices.contains { left[$0] != right[$0] }
}

// MARK: - Lines

extension Revocations {
    /// Takes `key SHA256:…` written with one blank and nothing else: nearly every line of a long file.
    private mutating func takePlainKey(_ line: Span<UInt8>, _ number: Int) -> Bool {
        var index = 0
        guard takes(plainKey, line, &index), line.count == index + 43 else { return false }
        let letters = line.extracting(index..<line.count)
        // 43 letters are 258 bits: the last two must be zero, or one hash would have four spellings.
        guard isBase64(letters), lastLetters.contains(letters[42]) else { return false }
        if let asked, !asked.contains(where: { isSame($0.span, letters) }) { return true }
        keys.append(addingCapacity: 43) { kept in
            for index in letters.indices { kept.append(letters[index]) }
        }
        keyLines.append(number)
        return true
    }

    private mutating func add(_ fingerprint: Fingerprint, _ number: Int) {
        keys += fingerprint.description.utf8.dropFirst(7)
        keyLines.append(number)
    }

    private func fingerprint(_ parser: inout LineParser) throws(PolicyError) -> Fingerprint {
        let column = try parser.column(.fingerprint)
        guard let fingerprint = Fingerprint(column.value) else {
            throw parser.error(.malformed(.fingerprint, found: column.value), at: column.offset)
        }
        return fingerprint
    }

    private func identity(_ parser: inout LineParser, _ number: Int) throws(PolicyError) -> RevokedIdentity {
        let provider = try parser.column(.provider)
        let column = try parser.column(.revokedIdentity)
        let pattern = IdentityPattern(column.value)
        switch pattern {
        case .subject, .email: break
        default: throw parser.error(.malformed(.revokedIdentity, found: column.value), at: column.offset)
        }
        guard provider.value == "*" || providers.contains(provider.value), let pattern else {
            throw parser.error(.providerUnknown(provider.value), at: provider.offset)
        }
        return RevokedIdentity(
            provider: provider.value == "*" ? nil : provider.value, pattern: pattern, line: number)
    }

    private func certificates(_ parser: inout LineParser, _ number: Int) throws(PolicyError) -> RevokedCertificates {
        let authority = try fingerprint(&parser)
        guard !parser.isAtEnd() else { throw parser.error(.columnMissing(.certificates), at: parser.position) }
        let options = try parser.options()
        guard let option = options.first, options.count == 1, let value = option.value else {
            throw parser.error(.malformed(.certificates, found: options.first?.name ?? ""), at: options.first?.offset)
        }
        let which: Which
        switch option.name {
        case "id" where !value.isEmpty: which = .keyID(value)
        case "serial":
            guard let range = serials(value) else { throw option.malformed(.certificates, parser) }
            which = .serials(range)
        default: throw option.malformed(.certificates, parser)
        }
        return RevokedCertificates(authority: authority, which: which, line: number)
    }

    /// `12`, or `12-40` with both ends.
    private func serials(_ text: Text) -> ClosedRange<UInt64>? {
        let ends = text.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = ends.compactMap { end in
            // Without this `UInt64` would take a plus sign.
            end.allSatisfy(isDigit) ? UInt64(String(decoding: end, as: UTF8.self)) : nil
        }
        guard numbers.count == ends.count, let first = numbers.first, let last = numbers.last, first <= last else {
            return nil
        }
        return first...last
    }
}
