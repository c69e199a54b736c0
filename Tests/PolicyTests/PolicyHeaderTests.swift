import Encodings
import Foundation
import Policy
import Testing

@Suite("Headers of policies") struct PolicyHeaderTests {
    private static let text = """
        pair-policy 1
        serial 42
        created 2026-11-22T11:00:00Z
        expires 2026-11-22T13:00:00Z
        members 10
        accounts 0
        revoked 268435446


        """

    private static let created = UnixTime(seconds: 1_795_345_200)

    private func header(_ text: String) throws(PolicyHeaderError) -> PolicyHeader {
        try PolicyHeader(parsing: Array(text.utf8)[...])
    }

    @Test("the files are one behind the other, and the header is written as it was read")
    func ranges() throws {
        let header = try header(Self.text + "build-box …")
        let start = Self.text.utf8.count
        #expect(header.range(of: .members) == start..<start + 10)
        #expect(header.range(of: .accounts) == start + 10..<start + 10)
        #expect(header.range(of: .revoked) == start + 10..<start + (256 << 20))
        #expect(header.length == start + (256 << 20))
        #expect(header.text == Self.text)
        let made = try PolicyHeader(serial: 42, created: Self.created, expires: Self.created + Seconds(7200)) { part in
            switch part {
            case .members: 10
            case .accounts: 0
            case .revoked: 268_435_446
            }
        }
        #expect(made == header)
    }

    @Test("a header that does not begin with its bytes' first index is read the same")
    func slice() throws {
        let bytes = Array("before".utf8) + Array(Self.text.utf8)
        #expect(try PolicyHeader(parsing: bytes[6...]) == (try header(Self.text)))
    }

    @Test(
        "what could be read in two ways is refused",
        arguments: [
            ("pair-policy 1", "pair-policy 01", PolicyHeaderError.version("01")),
            ("pair-policy 1", " pair-policy 1", .notAPolicy), ("serial 42", "serial", .line("serial")),
            ("serial 42", "serial\t42", .line("serial")), ("serial 42", "serial ", .line("serial")),
            ("serial 42", "serial +42", .line("serial")), ("serial 42", "serial 0", .serial(0)),
            ("serial 42", "serial 9007199254740993", .serial(9_007_199_254_740_993)),
            ("serial 42", "serial 1000000000000000000", .line("serial")),
            ("created 2026", "created 2027", .times), ("T13", "T11", .times),
            ("expires 2026-11-22T13:00:00Z", "expires 2026-11-22", .line("expires")),
            ("members 10", "members 11", .tooLarge), ("members 10", "members 999999999999999999", .tooLarge),
            ("accounts 0", "accounts 00", .line("accounts")), ("accounts 0", "accounts -1", .line("accounts")),
            ("revoked 2", "revoke 2", .line("revoked")), ("268435446\n\n", "268435446\nmore\n", .line("an empty line")),
        ])
    func malformed(_ row: (String, String, PolicyHeaderError)) throws {
        let start = try #require(Self.text.range(of: row.0))
        var text = Self.text
        text.replaceSubrange(start, with: row.1)
        #expect(throws: row.2) { try header(text) }
    }

    @Test("cut at any byte, it is none")
    func cut() {
        let bytes = Array(Self.text.utf8)
        for count in bytes.indices {
            #expect(throws: PolicyHeaderError.self, "\(count)") { try PolicyHeader(parsing: bytes[..<count]) }
        }
    }

    @Test("the longest header is shorter than the bytes that are read for it")
    func longest() throws {
        let header = try PolicyHeader(
            serial: PolicyHeader.maximumSerial, created: Self.created, expires: .lastPrintable
        ) { $0 == .members ? PolicyHeader.maximumCount : 0 }
        #expect(header.text.utf8.count < PolicyHeader.maximumHeader / 2)
    }
}
