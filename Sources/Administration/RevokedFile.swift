public import Encodings
public import Policy
public import SSHKeys

/// `revoked`, to be edited.
public struct RevokedFile: Sendable {
    /// The file, line by line.
    public let file: LineFile
    /// What it revokes.
    public let revocations: Revocations

    private let configuration: Configuration

    /// The file that `bytes` are.
    /// - Parameters:
    ///   - bytes: The whole file; empty where there is none.
    ///   - path: Its name, for messages.
    ///   - configuration: pair.toml.
    /// - Throws: `.torn`, or `.policy` with the first line that a host would not take.
    public init(_ bytes: [UInt8], path: String, under configuration: Configuration) throws(EditError) {
        try self.init(LineFile(bytes, path: path), under: configuration)
    }

    private init(_ file: LineFile, under configuration: Configuration) throws(EditError) {
        self.file = file
        self.configuration = configuration
        var revocations = Revocations(under: configuration, file: file.path)
        do throws(PolicyError) {
            try file.forEachLine { (line, number) throws(PolicyError) in try revocations.take(line, number: number) }
        } catch {
            throw .policy(error)
        }
        self.revocations = revocations
    }

    /// What is to be revoked.
    public enum Revocation: Sendable, Equatable {
        /// A key, a certified key or a CA.
        case key(Fingerprint)
        case serials(ClosedRange<UInt64>, of: Fingerprint)
        case keyID(Text, of: Fingerprint)
        /// A person, at any provider where that is `*`.
        case identity(Text, provider: Text)

        var line: [UInt8] {
            let text =
                switch self {
                case .key(let fingerprint): "key \(fingerprint)"
                case .serials(let range, let authority) where range.lowerBound == range.upperBound:
                    "cert \(authority) serial=\(range.lowerBound)"
                case .serials(let range, let authority):
                    "cert \(authority) serial=\(range.lowerBound)-\(range.upperBound)"
                case .keyID(let id, let authority): "cert \(authority) id=\(optionValue(id))"
                case .identity(let identity, let provider): "identity \(column(provider)) \(column(identity))"
                }
            return Array(text.utf8)
        }
    }

    /// Adds what is to be revoked, behind all others.
    /// - Throws: `.request`, `.lineTooLong`, `.revokedBefore`.
    public func revoking(_ revocation: Revocation) throws(EditError) -> LineEdit {
        let edit = try LineEdit(LinePlan(inserted: (file.lines.count + 1, [revocation.line])), of: file)
        do throws(EditError) {
            _ = try RevokedFile(edit.file, under: configuration)
        } catch .policy(let error) {
            // The file was in order before, so the new line is not.
            throw .request(error.reason)
        }
        // Only now: what is not in order is said first.
        if let line = line(that: revocation) { throw .revokedBefore(line: line) }
        return edit
    }

    /// The line that revokes all of it already.
    private func line(that revocation: Revocation) -> Int? {
        switch revocation {
        case .key(let fingerprint): return revocations.line(revokingKey: fingerprint)
        case .keyID(let id, let authority):
            // Where all serials are revoked, so is this one.
            return revocations.line(revokingSerial: .max, keyID: Array(id.utf8), of: authority)
        case .serials(let range, let authority):
            let ends = [range.lowerBound, range.upperBound].map {
                revocations.line(revokingSerial: $0, keyID: [], of: authority)
            }
            return ends[0] == ends[1] ? ends[0] : nil
        case .identity(let text, let provider):
            guard let pattern = IdentityPattern(text) else { return nil }
            return revocations.line(revoking: pattern, at: provider, configuration)
        }
    }
}

extension Revocations {
    /// The line that revokes whom `pattern`, an e-mail or a subject, means at `provider`; `nil` where none does surely.
    func line(revoking pattern: IdentityPattern, at provider: Text, _ configuration: Configuration) -> Int? {
        let person: (subject: Text, email: Text?)
        switch pattern {
        // No token has an empty subject, and so no line does.
        case .email(let email): person = ("", email)
        case .subject(let subject): person = (subject, nil)
        case .domain, .group, .claim: return nil
        }
        let identity = Identity(
            providerName: provider.string, issuer: "", subject: person.subject, email: person.email,
            isEmailVerified: true, claims: JSON.Object(), groupsClaim: "")
        guard case .revoked(let line) = answer(for: identity) else { return nil }
        return line
    }
}

/// The serials that `text` says: a number, or two with a dash between them.
/// - Throws: `.serialsMalformed`.
public func serials(_ text: Text) throws(EditError) -> ClosedRange<UInt64> {
    let ends = text.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = ends.compactMap { end in
        // Without this `UInt64` would take a plus sign.
        end.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(String(decoding: end, as: UTF8.self)) : nil
    }
    guard numbers.count == ends.count, let first = numbers.first, let last = numbers.last, first <= last else {
        throw .serialsMalformed(text)
    }
    return first...last
}
