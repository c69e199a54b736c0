import Encodings
import SSHKeys
import Testing

@Suite("Fingerprint")
struct FingerprintTests {
    /// By `printf 'abc' | sha256sum | xxd -r -p | base64`.
    static let abc = "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0"

    @Test("the text is SHA256: and 43 letters, and is read back")
    func roundTrips() throws {
        let fingerprint = try Fingerprint(ofBlob: Array("abc".utf8))
        #expect("\(fingerprint)" == Self.abc)
        #expect(Fingerprint(Text(Self.abc)) == fingerprint)
        #expect(try Fingerprint(ofBlob: Array("abd".utf8)) != fingerprint)
    }

    @Test(
        "no other text is a fingerprint",
        arguments: [
            "", "SHA256:", abc + "=", String(abc.dropLast()), String(abc.dropFirst()), "sha256" + abc.dropFirst(6),
            "MD5:" + abc.dropFirst(7), " " + abc, abc + "\n", abc.replacing("+", with: "-"),
            String(abc.dropLast()) + "1",  // unused bits set
            String(abc.dropFirst(7)), "SHA256:" + String(repeating: "=", count: 43),
            "SHA256:AAA", abc + "AAAA",  // with a = behind it, base64 of something else
            "MD5:90:01:50:98:3c:d2:4f:b0:d6:96:3f:7d:28:e1:7f:72",
        ])
    func refuses(text: String) {
        #expect(Fingerprint(Text(text)) == nil)
    }
}
