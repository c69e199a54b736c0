import Encodings
import TOML
import Testing

@Suite("Values of settings")
struct SettingValuesTests {
    static let durations: [(Text, Int64?)] = [
        ("0s", 0), ("30s", 30), ("5m", 300), ("12h", 43_200), ("7d", 604_800), ("9223372036854775807s", .max),
        ("9223372036854775808s", nil), ("153722867280912931m", nil), ("106751991167301d", nil), ("", nil), ("s", nil),
        ("5", nil), ("5 m", nil), (" 5m", nil), ("+5m", nil), ("-5m", nil), ("05m", nil), ("5M", nil), ("1h30m", nil),
        ("1.5h", nil), ("5ms", nil), ("\u{665}m", nil),
    ]

    @Test("a duration is a number and a unit", arguments: durations)
    func readsDuration(text: Text, count: Int64?) {
        #expect(Seconds(setting: text)?.count == count)
    }

    static let sizes: [(Text, Int64?)] = [
        ("64KiB", 65_536), ("16MiB", 16_777_216), ("1GiB", 1_073_741_824), ("0KiB", 0), ("64KB", nil), ("64", nil),
        ("64 KiB", nil),
        ("64\u{212A}iB", nil), ("9007199254740992KiB", nil), ("9007199254740991KiB", 9_223_372_036_854_774_784),
    ]

    @Test("a size is a number and a unit", arguments: sizes)
    func readsSize(text: Text, count: Int64?) {
        #expect(byteCount(setting: text) == count)
    }

    static let names: [(String, Bool)] = [
        ("a", true), ("0", true), ("google", true), ("a.b_c-d", true), (String(repeating: "a", count: 32), true),
        (String(repeating: "a", count: 33), false), ("", false), (".a", false), ("-a", false), ("_a", false),
        ("A", false), ("a/b", false), ("a b", false), ("a\n", false), ("ü", false), ("\u{212A}", false),
    ]

    @Test("a plain name is of a-z, 0-9 and . _ -, and begins with a letter or digit", arguments: names)
    func judgesName(name: String, isPlain: Bool) {
        #expect(isPlainName(name.utf8) == isPlain)
    }
}
