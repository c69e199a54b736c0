import Encodings
import SSHKeys
import Testing

@testable import Policy

@Suite("PolicyError")
struct PolicyErrorTests {
    private static let described: [(PolicyError.Reason, String)] = [
        (.notUTF8, "not UTF-8"),
        (.controlCharacter(13), "a carriage return; lines end in LF alone"),
        (.controlCharacter(27), "a control character (0x1b)"),
        (.key(.plainKeyExpected(found: "\n")), "\(KeyError.plainKeyExpected(found: "\n"))"),
        (.optionTwice("a\nb"), #"option "a\x0ab" stands twice"#),
        (.providerUnknown("\u{1B}"), #"pair.toml has no provider "\x1b""#),
        (.keyTwice(firstLine: 3), "the same key stands on line 3"),
    ]

    @Test("each says what was found, and quotes what the file says", arguments: described)
    func describes(reason: PolicyError.Reason, text: String) {
        #expect("\(reason)" == text)
        let error = PolicyError(file: "members", line: 12, column: 30, reason: reason)
        #expect("\(error)" == "members:12:30: \(text)")
    }
}
