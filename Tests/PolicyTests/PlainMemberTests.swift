import Encodings
import Testing

@testable import Policy

@Suite("Lines of members that are passed over")
struct PlainMemberTests {
    static let plain = [
        "build-box eve@example.com google alice", "build-box\teve@example.com \t okta  bob,0_-z,Alice role=owner",
        "build-box EVE.X_1-2@a.b-c_D google \(String(repeating: "a", count: 32))",
        "build-box alice@example.co google denya,den,alice-deny role=deny", "build-box alicia@example.co google alice",
    ]

    private func scan(of person: Person) throws -> MembershipScan {
        let query = MembershipQuery(login: "alice", uid: 1001, identity: person.identity, now: Person.now)
        return MembershipScan(query, under: try configuration(), file: "members")
    }

    private func isPassedOver(_ line: [UInt8], _ email: Text? = "alice@example.com") -> Bool {
        PlainMember(space: Array("build-box".utf8), email: email, providers: ["google", "okta"]).isOther(line.span)
    }

    @Test("a line of the common form about another address is passed over", arguments: plain)
    func passesOver(_ line: String) throws {
        #expect(isPassedOver(Array(line.utf8)))
        #expect(isPassedOver(Array(line.utf8), nil))
        let address = try #require(line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first)
        #expect(!isPassedOver(Array(line.utf8), Text(address.uppercased())))
    }

    static let whole = [
        "build-box eve@example.com google deny", "build-box eve@example.com google alice,deny",
        "build-box eve@example.com google alice until=2026-12-31T00:00:00Z", "build-box eve@example.com github alice",
        "build-box-2 eve@example.com google alice", "* eve@example.com google alice",
        "build-box *@example.com google alice", "build-box sub:eve google alice", "build-box eve@example.com * deny",
        "build-box eve@example.com google {email-local}", "build-box eve@example.com google -alice",
        "build-box eve@example.com google \(String(repeating: "a", count: 33))", "build-box eve@example.com google",
        "build-box eve@example.com google alice role=", "build-box eve@example.com google alice role=a role=b",
        "build-box \u{E9}ve@example.com google alice", "build-box eve@example.com google a,,b", "# comment", "",
    ]

    @Test("any other line is read whole", arguments: whole)
    func readsWhole(_ line: String) {
        #expect(!isPassedOver(Array(line.utf8)))
    }

    /// Whether reading the line whole finds no fault with it, and nothing about Alice in it.
    private func saysNothing(_ line: [UInt8], _ untouched: MembershipScan) -> Bool {
        var scan = untouched
        guard (try? scan.takeWhole(line.span, 1)) != nil else { return false }
        return scan.outcome == .notAMember(nil)
    }

    @Test("with any one byte changed a line is passed over only where it is a good one", arguments: plain)
    func anyByte(_ line: String) throws {
        let untouched = try scan(of: Person())
        let good = Array(line.utf8)
        var passed = 0
        for index in good.indices {
            for byte in UInt8.min ... .max {
                var bytes = good
                bytes[index] = byte
                guard isPassedOver(bytes) else { continue }
                passed += 1
                #expect(saysNothing(bytes, untouched), "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(passed > good.count)
    }

    @Test("cut or lengthened anywhere a line is passed over only where it is a good one", arguments: plain)
    func anyLength(_ line: String) throws {
        let untouched = try scan(of: Person())
        let good = Array(line.utf8)
        for index in 0...good.count {
            let (before, behind) = (good[..<index], good[index...])
            for bytes in [Array(before), Array(before + [0x61] + behind), Array(before + behind.dropFirst())]
                as [[UInt8]]
            where isPassedOver(bytes) {
                #expect(saysNothing(bytes, untouched), "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }
}
