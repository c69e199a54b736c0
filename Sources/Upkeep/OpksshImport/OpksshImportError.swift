public import Encodings
public import Policy

/// Why nothing of opkssh's could be taken over, and where.
public struct OpksshImportError: Error, Equatable, Sendable {
    /// The file's path, as the caller named it.
    public let file: String
    /// From 1; `nil` where the whole file is meant.
    public let line: Int?
    /// What is wrong there.
    public let reason: Reason

    /// The error `reason` at a place.
    public init(file: String, line: Int?, reason: Reason) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    /// A reason that an admin can act on.
    public enum Reason: Equatable, Sendable {
        // config.yml, of which nothing may be guessed: it says whom to refuse.
        case notUTF8
        case controlCharacter
        case severalDocuments
        case settingTwice(Text)
        case notUnderstood(expected: String)

        case spaceName(Text)
        /// What came of it cannot be used; a fault of this program.
        case unusable(PolicyError)
    }

    /// What to do about it, in a sentence or two.
    public var advice: String? {
        switch reason {
        case .notUTF8, .controlCharacter, .severalDocuments, .settingTwice, .notUnderstood:
            "Nothing was written, since this file may say whom to refuse. Write its lists as opkssh's documentation "
                + "has them, one \"- TEXT\" a line, or import from a copy: --from DIR."
        case .spaceName: "Name the Space with --space: letters, digits, . _ -."
        case .unusable: "Please report it, with the lines that it is about."
        }
    }
}

extension OpksshImportError: CustomStringConvertible {
    /// `file:line: what was expected and found`, without a full stop.
    public var description: String { line.map { "\(file):\($0): \(reason)" } ?? "\(file): \(reason)" }
}

extension OpksshImportError.Reason: CustomStringConvertible {
    /// What was expected and found, without a full stop.
    public var description: String {
        switch self {
        case .notUTF8: "not UTF-8"
        case .controlCharacter: "a control character, or a line separator that is no line feed"
        case .severalDocuments: "more than one document; opkssh reads the first alone"
        case .settingTwice(let name): "the setting \(quoted(name)) stands there twice"
        case .notUnderstood(let expected): "\(expected) expected, something else found"
        case .spaceName(let name): "\(quoted(name)) cannot name a Space"
        case .unusable(let error): "what came of it cannot be used: \(error)"
        }
    }
}
