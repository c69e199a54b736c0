import Encodings
import Policy
import Testing

@Suite("A line of members, for those who look after the file")
struct MembershipEntryTests {
    private func read(_ line: String, number: Int = 1) throws(PolicyError) -> MembershipEntry? {
        try MembershipEntry(Array(line.utf8).span, number: number, file: "members")
    }

    @Test("nothing stands on an empty line or a comment", arguments: ["", " \t", "# build-box a@b.c google a", "  #"])
    func passesOver(line: String) throws {
        #expect(try read(line) == nil)
        #expect(try MembershipEntry.space(of: Array(line.utf8).span, number: 1, file: "members") == nil)
    }

    @Test("a line is read whole, whose Space it may be, with the place of its logins")
    func reads() throws {
        let line = #"web  "group:A B" okta "a,{claim:x y}",b"#
        #expect(throws: PolicyError.self) { try read(line) }
        let entry = try #require(try read(#"web  "group:A B" okta "a,{claim:x y}"  role=x"#, number: 7))
        #expect(entry.space == "web" && entry.number == 7 && entry.line.provider == "okta")
        #expect(entry.line.identity == .group("A B"))
        #expect(entry.line.loginsRange == 22..<37)
        guard case .allow(let logins, let options) = entry.line.rule else {
            Issue.record("\(entry)")
            return
        }
        #expect(logins == [.name("a"), .claim("x y")] && options.role == "x")
        #expect(entry.isOf("web") && !entry.isOf("build-box"))
    }

    @Test(
        "an identity's text is what it was read from",
        arguments: ["a@b.c", "*@b.c", "sub:1 2", "group:Domain Admins", "claim:https://x/y=z"] as [Text])
    func writesIdentities(text: Text) throws {
        #expect(try #require(IdentityPattern(text)).text == text)
    }

    @Test("a Space's name is told also where the rest of the line is a fault; a byte order mark is one for all")
    func tellsSpace() throws {
        let space = { (line: String) throws(PolicyError) in
            try MembershipEntry.space(of: Array(line.utf8).span, number: 1, file: "members")
        }
        #expect(try space("web x") == "web")
        #expect(try space("\"web\" x") == "web")
        for line in ["\u{FEFF}web x", "\"web x", "we\"b x"] {
            #expect(throws: PolicyError.self) { try space(line) }
            #expect(throws: PolicyError.self) { try read(line) }
        }
    }

    @Test("an unknown provider is a fault of a Space's own line, not of one for every Space")
    func judgesProviders() throws {
        let providers: Set<Text> = ["google"]
        let fault = try #require(read("web sub:1 okta a")?.fault(amongProviders: providers, file: "members"))
        #expect(fault == PolicyError(file: "members", line: 1, column: 11, reason: .providerUnknown("okta")))
        for line in ["web sub:1 google a", "* sub:1 okta a", "web sub:1 * deny"] {
            #expect(try read(line)?.fault(amongProviders: providers, file: "members") == nil)
        }
    }
}
