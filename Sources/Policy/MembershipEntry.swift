public import Encodings

/// One line of `members`, of whichever Space, for those who look after the file.
///
/// The decision reads a line by the same code, but for lines of other Spaces, which it passes over.
public struct MembershipEntry: Sendable, Equatable {
    /// A Space's name, or `*`.
    public let space: Text
    /// What stands behind it.
    public let line: MembershipLine
    /// From 1.
    public let number: Int

    /// Which Space a line is for, however the rest of it reads; `nil` for an empty one or a comment.
    /// - Throws: Where the first column cannot be read. Quoted from its start it is a fault in every Space; a bare one is
    ///   no Space's name, and the decision passes over its line.
    public static func space(of line: Span<UInt8>, number: Int, file: String) throws(PolicyError) -> Text? {
        if number == 1, line.count >= 3, line[0] == 0xEF, line[1] == 0xBB, line[2] == 0xBF {
            throw PolicyError(file: file, line: 1, column: 1, reason: .byteOrderMark)
        }
        var parser = LineParser(line, number: number, file: file)
        guard !parser.isAtEnd(), parser.next != UInt8(ascii: "#") else { return nil }
        return try parser.column(.space).value
    }

    /// The entry on a line, `nil` for an empty one or a comment.
    /// - Parameters:
    ///   - line: Without its LF.
    ///   - number: From 1, for errors.
    ///   - file: The file's name, for errors.
    /// - Throws: Where it does not parse.
    public init?(_ line: Span<UInt8>, number: Int, file: String) throws(PolicyError) {
        guard let space = try MembershipEntry.space(of: line, number: number, file: file) else { return nil }
        var parser = LineParser(line, number: number, file: file)
        try parser.validate()
        _ = try parser.column(.space)
        self.space = space
        self.line = try MembershipLine(&parser)
        self.number = number
    }

    /// Whether it holds in the Space called `name`.
    public func isOf(_ name: String) -> Bool { space == "*" || space == Text(name) }

    /// Why a host whose Space it is would not take it for what its providers are, `nil` where it would.
    ///
    /// A line for every Space may name a provider that only some of them trust.
    public func fault(amongProviders names: Set<Text>, file: String) -> PolicyError? {
        guard space != "*", let provider = line.provider, !names.contains(provider) else { return nil }
        return PolicyError(
            file: file, line: number, column: line.providerOffset + 1, reason: .providerUnknown(provider))
    }
}
