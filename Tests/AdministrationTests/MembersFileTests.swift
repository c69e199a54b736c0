import Administration
import Encodings
import Policy
import Testing

@Suite("members, edited")
struct MembersFileTests {
    private static let file = """
        # Who may enter.
        build-box   alice@example.com      google    alice,deploy   role=owner
        other-box   not a line at all
        build-box\t"group:Domain Admins"  okta   "root,ops"   until=2026-12-31T00:00:00Z,from="10.0.0.0/8,::1"

        *           mallory@example.com    *         deny
        build-box   bob@example.com        okta      bob            until=2026-11-01T00:00:00Z

        """

    private func request(
        _ identity: Text, _ provider: Text, _ logins: [Text],
        _ change: (inout MembershipLine.Options) -> Void = { _ in }
    ) -> GrantRequest {
        var options = MembershipLine.Options()
        change(&options)
        return GrantRequest(identity: identity, provider: provider, logins: logins, options: options)
    }

    private func allowing(
        _ request: GrantRequest, in text: String = file, at place: MembersFile.Place = .last
    ) throws -> LineEdit {
        try members(text).allowing(request, at: place, now: noon, users: ["alice": 1001, "www": 33])
    }

    // MARK: - Allow

    @Test("a new line is the last, and all others stay as they were")
    func appends() throws {
        let edit = try allowing(request("carol@example.com", "okta", ["carol", "ops"]))
        #expect(edit.text == Self.file + "build-box  carol@example.com  okta  carol,ops\n")
        #expect(edit.changes == [.added(line: 8, "build-box  carol@example.com  okta  carol,ops")])
    }

    @Test("what needs quotes has them, and reads back as it was")
    func quotes() throws {
        let edit = try allowing(
            request("group:Eng \"A\" \\ B", "okta", ["{claim:user name}"]) { options in
                options.role = "a,b"
                options.until = noon + Seconds(60)
                options.from = "10.0.0.0/8,::1"
                options.command = "echo \"a b\", c"
                options.requirements = [MembershipLine.Requirement("amr:mfa"), MembershipLine.Requirement("a b:c,d")]
                    .compactMap { $0 }
                options.unixGroup = "Domain Users"
                options.withheld = [.pty, .userRC]
            })
        let line =
            "build-box  \"group:Eng \\\"A\\\" \\\\ B\"  okta  \"{claim:user name}\"  role=\"a,b\","
            + "until=2026-11-22T12:01:00Z,from=\"10.0.0.0/8,::1\",command=\"echo \\\"a b\\\", c\",require=amr:mfa,"
            + "require=\"a b:c,d\",unix-group=\"Domain Users\",no-pty,no-user-rc"
        #expect(edit.changes == [.added(line: 8, Text(line))])
        let entry = try #require(try members(edit.text).entries.last)
        #expect(entry.line.identity == .group("Eng \"A\" \\ B"))
        guard case .allow(let logins, let options) = entry.line.rule else { throw TestFailure() }
        #expect(logins == [.claim("user name")])
        #expect(options.command == "echo \"a b\", c")
        #expect(options.requirements.map(\.text) == ["amr:mfa", "a b:c,d"])
        #expect(options.unixGroup == "Domain Users")
        #expect(options.withheld == [.pty, .userRC])
    }

    private struct TestFailure: Error {}

    @Test("nothing on a new line can be read as something else")
    func refusesInjection() {
        let rows: [(GrantRequest, PolicyError.Reason)] = [
            (request("a@b.c\nbuild-box sub:1 okta root", "okta", ["a"]), .controlCharacter(10)),
            (request("a@b.c", "okta", ["a\nroot"]), .controlCharacter(10)),
            (request("a@b.c", "okta", ["a root"]), .malformed(.logins, found: "a root")),
            (request("a@b.c", "okta", []), .malformed(.logins, found: "")),
            (request("a@b.c", "okta", ["a", ""]), .malformed(.logins, found: "a,")),
            (request("a@b.c", "*", ["a"]), .anyProviderOnAllow),
            (request("", "okta", ["a"]), .malformed(.identity, found: "")),
            (request("*@*.b.c", "okta", ["a"]), .malformed(.identity, found: "*@*.b.c")),
            (request("sub:1", "okta", ["{email-local}"]), .emailLocalWithoutEmail),
            (request("a@b.c", "okta", ["a"]) { $0.role = "x\r" }, .controlCharacter(13)),
            (request("a@b.c", "okta", ["a"]) { $0.command = "a \\" }, .malformed(.command, found: "a \\")),
            (request("a@b.c", "okta", ["a"]) { $0.from = "10.0.0.1/8" }, .malformed(.from, found: "10.0.0.1/8")),
            (request("a@b.c", "okta", ["a"]) { $0.withheld = [.x11Forwarding] }, .optionUnknown("no-X11-forwarding")),
            (request("a@b.c", "azure", ["a"]), .providerUnknown("azure")),
        ]
        for (request, reason) in rows {
            #expect(throws: EditError.request(reason), "\(request)") { try allowing(request) }
        }
    }

    @Test("a deny is not made by allowing the login deny")
    func refusesDenyAsLogin() {
        #expect(throws: EditError.request(.malformed(.logins, found: "deny"))) {
            try allowing(request("a@b.c", "okta", ["deny"]))
        }
    }

    @Test("the Space must be one, or *", arguments: ["", "a b", "#x", "-x", "a\n"])
    func refusesSpaces(space: String) throws {
        #expect(throws: EditError.self) {
            try members("", space: space).allowing(
                request("a@b.c", "okta", ["a"]), at: .last, now: noon, users: [:])
        }
    }

    @Test("a grant that stands there already changes nothing, however it is written")
    func isIdempotent() throws {
        let same = request("Alice@Example.com", "google", ["deploy", "alice"]) { $0.role = "owner" }
        let edit = try allowing(same)
        #expect(edit.changes.isEmpty)
        #expect(edit.text == Self.file)
        #expect(try allowing(same, at: .first).changes.isEmpty)
    }

    @Test("a line that would never count is refused, with those that stand in its way")
    func refusesShadowed() {
        #expect(throws: EditError.shadowed(by: [2])) {
            try allowing(request("alice@example.com", "google", ["alice"]) { $0.from = "10.0.0.0/8" })
        }
        let two = "build-box sub:1 okta a\nbuild-box sub:1 okta b,c\n"
        #expect(throws: EditError.shadowed(by: [1, 2])) {
            try allowing(request("sub:1", "okta", ["a", "b"]), in: two)
        }
        let domain = "build-box *@example.com okta {email-local},guest\n"
        #expect(throws: EditError.shadowed(by: [1])) {
            try allowing(request("alice@example.com", "okta", ["guest", "alice"]), in: domain)
        }
    }

    @Test("a line counts where one in front of it does not hold for all, for as long, or for that login")
    func takesWhatCounts() throws {
        let rows: [(String, GrantRequest)] = [
            ("build-box sub:1 okta a until=2026-12-01T00:00:00Z\n", request("sub:1", "okta", ["a"])),
            ("build-box sub:1 okta a until=2026-11-01T00:00:00Z\n", request("sub:1", "okta", ["a"])),
            ("build-box sub:1 okta a require=amr:mfa\n", request("sub:1", "okta", ["a"])),
            ("build-box sub:1 google a\n", request("sub:1", "okta", ["a"])),
            ("other-box sub:1 okta a\n", request("sub:1", "okta", ["a"])),
            ("build-box sub:1 okta b\n", request("sub:1", "okta", ["a"])),
            // At Google the domain's own accounts are fewer than the domain's addresses.
            ("build-box *@b.c google a\n", request("x@b.c", "google", ["a"])),
            // bob is no user here, so that the template might give nothing.
            ("build-box *@b.c okta {email-local}\n", request("bob@b.c", "okta", ["bob"])),
            // And a template gives no system user.
            ("build-box *@b.c okta {email-local}\n", request("www@b.c", "okta", ["www"])),
            ("build-box x@b.c okta a\n", request("*@b.c", "okta", ["a"])),
        ]
        for (text, request) in rows {
            #expect(try allowing(request, in: text).changes.count == 1, "\(text) \(request)")
        }
        let hosted = request("x@b.c", "google", ["a"]) { options in
            options.requirements = [MembershipLine.Requirement("hd:B.C")].compactMap { $0 }
        }
        #expect(throws: EditError.shadowed(by: [1])) { try allowing(hosted, in: "build-box *@b.c google a\n") }
    }

    @Test("whoever is denied is not let in by a new line")
    func refusesDenied() {
        #expect(throws: EditError.denied(by: 6)) { try allowing(request("Mallory@example.com", "okta", ["m"])) }
        #expect(throws: EditError.denied(by: 1)) {
            try allowing(request("m@b.c", "okta", ["m"]), in: "build-box *@b.c okta deny\n")
        }
    }

    @Test("a line may be put in front of all others of the Space")
    func putsFirst() throws {
        let edit = try allowing(
            request("alice@example.com", "google", ["alice"]) { $0.from = "10.0.0.0/8" }, at: .first)
        #expect(edit.changes.map(\.line) == [2])
        #expect(edit.text.hasPrefix("# Who may enter.\nbuild-box  alice@example.com  google  alice  from=10.0.0.0/8\n"))
    }

    @Test("a line replaces what it would repeat, and leaves the other logins")
    func replaces() throws {
        let new = request("alice@example.com", "google", ["alice"]) { $0.from = "10.0.0.0/8" }
        let edit = try allowing(new, at: .replacing)
        #expect(
            edit.changes == [
                .added(line: 2, "build-box  alice@example.com  google  alice  from=10.0.0.0/8"),
                .rewritten(
                    line: 3, from: "build-box   alice@example.com      google    alice,deploy   role=owner",
                    to: "build-box   alice@example.com      google    deploy   role=owner"),
            ])
        let whole = try allowing(request("bob@example.com", "okta", ["bob"]), at: .replacing)
        #expect(
            whole.changes == [
                .added(line: 7, "build-box  bob@example.com  okta  bob"),
                .removed(
                    line: 7,
                    "build-box   bob@example.com        okta      bob            until=2026-11-01T00:00:00Z"),
            ])
        // Where there is nothing to replace, it is an addition.
        #expect(try allowing(request("x@b.c", "okta", ["x"]), at: .replacing).changes.map(\.line) == [8])
    }

    // MARK: - Deny

    @Test("a deny is the last line, once")
    func denies() throws {
        let edit = try members(Self.file).denying("sub:1101694", at: "*")
        #expect(edit.changes == [.added(line: 8, "build-box  sub:1101694  *  deny")])
        #expect(try members(edit.text).denying("sub:1101694", at: "*").changes.isEmpty)
        #expect(throws: EditError.request(.malformed(.identity, found: "mallory"))) {
            try members(Self.file).denying("mallory", at: "*")
        }
        #expect(throws: EditError.request(.providerUnknown("azure"))) {
            try members(Self.file).denying("sub:1", at: "azure")
        }
    }

    // MARK: - Remove

    private func removing(
        _ identity: Text, provider: Text? = nil, login: Text? = nil, denies: Bool = false, in text: String = file,
        space: String = "build-box"
    ) throws -> LineEdit {
        try members(text, space: space).removing(
            MembersFile.Removal(identity: identity, provider: provider, login: login, isOfDenies: denies))
    }

    @Test("lines go whole, or lose one login, byte for byte beside it")
    func removes() throws {
        #expect(try removing("alice@example.com").changes.map(\.line) == [2])
        #expect(
            try removing("ALICE@example.com", login: "alice").changes == [
                .rewritten(
                    line: 2, from: "build-box   alice@example.com      google    alice,deploy   role=owner",
                    to: "build-box   alice@example.com      google    deploy   role=owner")
            ])
        let options = "until=2026-12-31T00:00:00Z,from=\"10.0.0.0/8,::1\""
        let rewritten = try removing("group:Domain Admins", login: "root").changes
        #expect(
            rewritten == [
                .rewritten(
                    line: 4,
                    from: Text("build-box\t\"group:Domain Admins\"  okta   \"root,ops\"   " + options),
                    to: Text("build-box\t\"group:Domain Admins\"  okta   ops   " + options))
            ])
        #expect(try removing("bob@example.com", login: "bob").changes.map(\.line) == [7])
        #expect(try removing("mallory@example.com", denies: true, space: "*").changes.map(\.line) == [6])
    }

    @Test("where nothing matches, what nearly does is told")
    func refusesNothing() {
        let rows: [(() throws -> LineEdit, [EditError.Elsewhere])] = [
            ({ try self.removing("carol@example.com") }, []),
            ({ try self.removing("alice@example.com", provider: "okta") }, []),
            ({ try self.removing("alice@example.com", login: "root") }, []),
            ({ try self.removing("alice@example.com", denies: true) }, [.grant(line: 2)]),
            ({ try self.removing("mallory@example.com") }, [.everySpace(line: 6)]),
            ({ try self.removing("sub:1", in: "build-box sub:1 * deny\n") }, [.deny(line: 1)]),
            ({ try self.removing("*@example.com") }, []),
        ]
        for (removing, elsewhere) in rows {
            #expect(throws: EditError.nothingToRemove(elsewhere: elsewhere)) { try removing() }
        }
    }

    // MARK: - The file as it is

    @Test(
        "a file that a host would not take is not edited",
        arguments: [
            ("build-box a@b.c google\n", PolicyError.Reason.columnMissing(.logins)),
            ("build-box a@b.c azure a\n", .providerUnknown("azure")),
            ("\u{FEFF}build-box a@b.c google a\n", .byteOrderMark),
            ("\"build-box a@b.c google a\n", .quoteUnclosed),
            ("build-box a@b.c google a\r\n", .controlCharacter(13)),
        ])
    func refusesFaults(text: String, reason: PolicyError.Reason) {
        let error = #expect(throws: EditError.self) { try members(text) }
        guard case .policy(let policy) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(policy.reason == reason)
        #expect(policy.line == 1)
    }

    @Test("lines of other Spaces are passed over, whatever they are")
    func passesOver() throws {
        #expect(try members(Self.file).entries.map(\.number) == [2, 4, 6, 7])
        #expect(try members(Self.file, space: "*").entries.map(\.number) == [6])
        // Another Space may have providers that this host has not.
        #expect(try members("web a@b.c azure a\n", space: "web").entries.count == 1)
    }

    @Test("a provider is the one named, or the only one")
    func choosesProvider() throws {
        let members = try members("")
        #expect(try members.provider(named: "okta") == "okta")
        #expect(throws: EditError.providerAmbiguous(["google", "okta"])) { try members.provider(named: nil) }
        #expect(throws: EditError.providerUnknown("azure", known: ["google", "okta"])) {
            try members.provider(named: "azure")
        }
        let one = try Configuration(
            parsing: Array(
                "space = \"a\"\n[[provider]]\nname = \"x\"\nissuer = \"https://x\"\nclient_ids = [\"y\"]".utf8),
            file: "pair.toml")
        #expect(try MembersFile([], path: "m", under: one, space: "a").provider(named: nil) == "x")
    }

    // MARK: - Ends

    @Test(
        "an end is a moment, or so long from now",
        arguments: [
            ("2026-11-22T12:00:01Z", 1), ("+1s", 1), ("+5m", 300), ("+8h", 28_800), ("+30d", 2_592_000),
        ] as [(Text, Int64)])
    func readsEnds(text: Text, seconds: Int64) throws {
        #expect(try end(text, from: noon) == noon + Seconds(seconds))
    }

    @Test(
        "what is no end, or over, is refused",
        arguments: [
            "", "+", "30d", "+30", "+30w", "+-1d", "+01d", "2026-12-31", "2026-12-31T00:00:00", "2026-02-30T00:00:00Z",
            "+99999999999999d", "+106751991167300d",
        ] as [Text])
    func refusesEnds(text: Text) {
        #expect(throws: EditError.untilMalformed(text)) { try end(text, from: noon) }
    }

    @Test("an end that has passed lets nobody in", arguments: ["+0s", "2026-11-22T12:00:00Z"] as [Text])
    func refusesPast(text: Text) {
        #expect(throws: EditError.untilPassed(noon)) { try end(text, from: noon) }
    }
}

extension LineEdit.Change {
    var line: Int {
        switch self {
        case .added(let line, _), .removed(let line, _), .rewritten(let line, _, _): line
        }
    }
}
