import Encodings
import Testing

@testable import Decision

/// Which names a certificate may have in its list.
@Suite struct PrincipalTests {
    private static let taken = [
        "a", "Z", "0", "_", "opkssh-wildcard", "alice", "Alice.B_c+d@example.org-1", "a$", "_$", "a..b", "a-", "a.",
        "a@",
        String(repeating: "a", count: 128), String(repeating: "a", count: 128) + "$", "admin", "9$",
    ]

    @Test("a name of letters, digits and . _ + @ - is a principal, with one dollar sign behind it", arguments: taken)
    func takes(_ name: String) {
        #expect(Principal(name.utf8)?.name == name)
    }

    private static let refused = [
        "", "$", "$$", "a$$", "$a", "a$b", ".a", "-a", "+a", "@a", ".", "..", "-", "!a", "*", "a*", "?", "a?", "a b",
        " a",
        "a ", "a\t", "a\n", "\na", "a\r", "a\u{0}", "\u{0}", "a,b", ",", "a\"", "\"a\"", "a\\", "a'", "a/b", "a:b",
        "a;b",
        "a|b", "a&b", "a#b", "#a", "a%u", "a=b", "a(b)", "a<b>", "a{b}", "a~", "~a", "a`b", "a^b", "ä", "a\u{301}",
        "аlice", "a\u{7F}", "a\u{202E}b", "a\u{85}b", "ｅ", "𝕒",
        String(repeating: "a", count: 129), String(repeating: "a", count: 129) + "$",
        String(repeating: "a", count: 127) + "$$",
    ]

    @Test("any other name is none", arguments: refused)
    func refuses(_ name: String) {
        #expect(Principal(name.utf8) == nil)
    }

    @Test("of all 256 bytes only those of the list may stand in a name, and only some of them in front")
    func everyByte() {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_".utf8)
        for byte in UInt8.min ... .max {
            let isInside = letters.contains(byte) || ".+@-".utf8.contains(byte)
            #expect((Principal([0x61, byte, 0x61]) != nil) == isInside)
            #expect((Principal([byte]) != nil) == letters.contains(byte))
            #expect((Principal([0x61, byte]) != nil) == (isInside || byte == UInt8(ascii: "$")))
        }
    }
}
