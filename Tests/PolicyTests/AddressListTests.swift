import Encodings
import Testing

@testable import Policy

@Suite("Address lists")
struct AddressListTests {
    static let taken: [Text] = [
        "10.0.0.0/8", "0.0.0.0/0", "192.168.1.7", "192.168.1.7/32", "::1", "::/0", "fe80::/10", "2001:db8::/32",
        "2001:db8:0:1:2:3:4:5/128", "::ffff:10.0.0.0/104", "*.example.com", "!10.0.0.7,10.0.0.0/8", "192.168.1.?",
        "host-1_a", "fe80::1%eth0",
    ]

    static let refused: [Text] = [
        "", ",", "10.0.0.1,", "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "10.0.0.256/32", "010.0.0.0/8", "10.0.0.0/08",
        "10.0.0.0/", "/8", "::1/127", "2001:db8::/129", ":::/8", "1::2::/64", "12345::/16", "1.2.3.4::/16", "g::/16",
        "1:2:3:4:5:6:7:8:9/16", "1:2:3:4:5:6:7::8/128", "*.example.com/8", "10.0.0.1 10.0.0.2", "a\"b", "a\\b",
        "a\u{1}b",
        "é", "!", "10.0.0.0/-1", "10.0.0.0/+8", "+1::/16",
    ]

    @Test("what sshd takes is taken", arguments: taken)
    func takes(list: Text) {
        #expect(isAddressList(list))
    }

    @Test("what would void sshd's line is refused", arguments: refused)
    func refuses(list: Text) {
        #expect(!isAddressList(list))
    }
}
