import Decision
import Encodings
import Testing

@testable import TestSupport

/// When the line ends, and how it says so.
@Suite struct LineEndTests {
    /// A certificate for ever, and Keys that would live until 2027-11-22: only the grant ends them sooner.
    private static func login(until: String? = nil, style: String = "utc") throws -> Case {
        var login = try Fixture("ok-opkssh-certificate").load()
        login.append("keys_lifetime = \"365d\"\nbeyond_token_expiry = true\n[line]\nexpiry_time = \"\(style)\"")
        login.setMembers("build-box alice@example.com example alice \(until.map { "until=\($0)" } ?? "")\n")
        return login
    }

    private static func time(_ text: String) throws -> UnixTime { try #require(UnixTime(rfc3339: text.utf8)) }

    /// The value of `expiry-time=`, `nil` where there is none.
    private static func expiryTime(_ text: String?) -> String? {
        let parts = text?.split(separator: "expiry-time=\"", maxSplits: 1) ?? []
        return parts.count == 2 ? parts.last?.split(separator: "\"").first.map(String.init) : nil
    }

    // MARK: - Which end

    struct End: Sendable, CustomStringConvertible {
        let fixture: String
        var top = ""
        var provider = ""
        var grant = ""
        let end: String
        let name: String

        var description: String { name }
    }

    private static let ends = [
        End(fixture: "ok-opkssh-certificate", end: "2026-11-22T12:04:00Z", name: "five minutes from iat by default"),
        End(
            fixture: "ok-opkssh-certificate", provider: "keys_lifetime = \"90s\"", end: "2026-11-22T12:00:30Z",
            name: "keys_lifetime"),
        End(
            fixture: "ok-opkssh-certificate", provider: "keys_lifetime = \"1d\"", end: "2026-11-22T12:59:00Z",
            name: "the token's exp"),
        End(
            fixture: "ok-opkssh-certificate", provider: "keys_lifetime = \"1d\"\nbeyond_token_expiry = true",
            end: "2026-11-23T11:59:00Z", name: "keys_lifetime beyond the token's exp"),
        End(
            fixture: "ok-opkssh-certificate", provider: "keys_lifetime = \"1d\"\nbeyond_token_expiry = true",
            grant: "until=2026-11-22T12:00:01Z", end: "2026-11-22T12:00:01Z", name: "the grant's until"),
        End(
            fixture: "ok-opkssh-certificate", grant: "until=2026-11-22T12:03:59Z", end: "2026-11-22T12:03:59Z",
            name: "until a second before the Keys' end"),
        End(
            fixture: "ok-opkssh-certificate", grant: "until=2026-11-22T12:04:01Z", end: "2026-11-22T12:04:00Z",
            name: "until a second behind the Keys' end"),
        End(
            fixture: "ok-opkssh-certificate", top: "clock_skew = \"10m\"", end: "2026-11-22T12:04:00Z",
            name: "a clock skew lengthens no end"),
        End(fixture: "ok-certificate-ends-sooner", end: "2026-11-22T12:01:30Z", name: "the certificate's own end"),
        End(
            fixture: "ok-certificate-ends-over-2-63", end: "2026-11-22T12:04:00Z",
            name: "a certificate that ends behind 2^63"),
        End(fixture: "ok-refreshed", end: "2026-11-22T12:04:30Z", name: "five minutes from the refreshed token's iat"),
    ]

    @Test("the line ends at the earliest of certificate, Keys, token and grant", arguments: ends)
    func earliest(_ row: End) throws {
        var login = try Fixture(row.fixture).load()
        login.set(row.top)
        login.append(row.provider)
        login.setMembers("build-box alice@example.com example alice \(row.grant)\n")
        let decision = login.decided()
        #expect(decision.line?.end.rfc3339 == row.end, "\(decision.outcome)")
        let digits = row.end.filter(\.isNumber) + "Z"
        #expect(Self.expiryTime(decision.line?.text) == digits)
    }

    @Test("a line is given in the last second before its end and refused from its end on")
    func lastSecond() throws {
        var login = try Fixture("ok-opkssh-certificate").load()
        let end = try #require(login.decided().line?.end)
        login.now = end - Seconds(1)
        #expect(login.decided().line?.end == end)
        login.now = end
        #expect(login.decided().expectation == "refused: keys-expired")
        login.setMembers("build-box alice@example.com example alice until=2026-11-22T12:00:10Z\n")
        login.now = try Self.time("2026-11-22T12:00:09Z")
        #expect(login.decided().line?.end.rfc3339 == "2026-11-22T12:00:10Z")
        login.now = try Self.time("2026-11-22T12:00:10Z")
        #expect(login.decided().expectation == "refused: grant-expired")
    }

    @Test("an end after the year 9999 is printed as that year's last second", arguments: ["utc", "local"])
    func farFuture(_ style: String) throws {
        var login = try Fixture("ok-opkssh-certificate").load()
        login.append(
            "keys_lifetime = \"99999999d\"\nbeyond_token_expiry = true\n[line]\nexpiry_time = \"\(style)\"")
        login.localTime = Zone.berlin.localTime
        let decision = login.decided()
        #expect(decision.line != nil, "\(decision.outcome)")
        #expect(Self.expiryTime(decision.line?.text) == (style == "utc" ? "99991231235959Z" : "99991231235959"))
    }

    // MARK: - How it is said

    @Test("without a style for sshd's version there is no expiry-time, and the line still knows its end")
    func omitted() throws {
        let line = try #require(try Self.login(until: "2026-12-24T18:00:00Z", style: "none").decided().line)
        #expect(!line.text.contains("expiry-time"))
        #expect(line.text.hasPrefix("restrict,pty,port-forwarding,agent-forwarding,user-rc,cert-authority,"))
        #expect(line.end.rfc3339 == "2026-12-24T18:00:00Z")
    }

    @Test("in UTC the end has a Z and no offset is asked for")
    func utc() throws {
        var login = try Self.login(until: "2026-12-24T18:00:00Z")
        login.localTime = Zone.kathmandu.localTime
        #expect(Self.expiryTime(login.decided().line?.text) == "20261224180000Z")
    }

    struct Local: Sendable, CustomStringConvertible {
        let end: String
        let zone: Zone
        let printed: String

        var description: String { "\(zone.name) \(end)" }
    }

    private static let locals = [
        Local(end: "2026-12-24T18:00:00Z", zone: .berlin, printed: "20261224190000"),
        Local(end: "2026-12-31T23:30:00Z", zone: .berlin, printed: "20270101003000"),
        Local(end: "2026-12-24T18:00:00Z", zone: .utc, printed: "20261224180000"),
        Local(end: "2027-01-01T00:00:00Z", zone: .newYork, printed: "20261231190000"),
        Local(end: "2026-12-24T18:00:00Z", zone: .kathmandu, printed: "20261224234500"),
        // In summer as the clock would show without it.
        Local(end: "2027-07-01T12:00:00Z", zone: .berlin, printed: "20270701130000"),
        Local(end: "2027-03-28T00:59:59Z", zone: .berlin, printed: "20270328015959"),
        Local(end: "2027-03-28T01:00:00Z", zone: .berlin, printed: "20270328020000"),
    ]

    @Test("in local time the end is what sshd reads as that moment, without Z", arguments: locals)
    func local(_ row: Local) throws {
        var login = try Self.login(until: row.end, style: "local")
        login.localTime = row.zone.localTime
        let line = login.decided().line
        #expect(Self.expiryTime(line?.text) == row.printed)
        #expect(line?.end.rfc3339 == row.end)
    }

    @Test(
        "around both changes of the clock sshd reads the local end as the very end", arguments: Zone.changing
    )
    func neverLater(_ zone: Zone) throws {
        var login = try Self.login(style: "local")
        login.localTime = zone.localTime
        for change in try zone.changes.map(Self.time) {
            for quarter in -16...16 {
                for second in [0, 1, 899] {
                    let end = change + Seconds(Int64(quarter * 900 + second))
                    login.setMembers("build-box alice@example.com example alice until=\(end.rfc3339)\n")
                    let text = try #require(Self.expiryTime(login.decided().line?.text), "\(zone.name) \(end.rfc3339)")
                    #expect(zone.reading(of: text) == end, "\(end.rfc3339) is printed \(text)")
                }
            }
        }
    }

    struct Repeated: Sendable, CustomStringConvertible {
        let end: String
        let printed: String

        var description: String { end }
    }

    // In Berlin the clock shows 02:00 to 03:00 twice, from 00:00Z and from 01:00Z on.
    private static let repeats = [
        Repeated(end: "2027-10-30T23:59:59Z", printed: "20271031005959"),
        Repeated(end: "2027-10-31T00:00:00Z", printed: "20271031010000"),
        Repeated(end: "2027-10-31T00:30:00Z", printed: "20271031013000"),
        Repeated(end: "2027-10-31T00:59:59Z", printed: "20271031015959"),
        Repeated(end: "2027-10-31T01:00:00Z", printed: "20271031020000"),
        Repeated(end: "2027-10-31T01:30:00Z", printed: "20271031023000"),
        Repeated(end: "2027-10-31T01:59:59Z", printed: "20271031025959"),
        Repeated(end: "2027-10-31T02:00:00Z", printed: "20271031030000"),
    ]

    @Test(
        "in the hour that the clock repeats neither moment is printed so that it can be read later", arguments: repeats)
    func repeated(_ row: Repeated) throws {
        var login = try Self.login(until: row.end, style: "local")
        login.localTime = Zone.berlin.localTime
        let line = login.decided().line
        #expect(Self.expiryTime(line?.text) == row.printed)
        #expect(line?.end.rfc3339 == row.end)
    }

    @Test(
        "where the clock's own changes have it read later still, half hours are taken off, eight at most",
        arguments: [(1800, "113000"), (1801, "110000"), (3601, "103000"), (16_200, "073000"), (16_201, "073000")])
    func changingStandard(late: Int64, printed: String) throws {
        let end = try Self.time("2027-07-01T12:00:00Z")
        var login = try Self.login(until: end.rfc3339, style: "local")
        // Half an hour late from the end on, and before it by as much as is asked for.
        login.localTime = LocalTime(shown: { $0 }, readBySSHD: { $0 + Seconds($0 < end ? late : 1800) })
        #expect(Self.expiryTime(login.decided().line?.text) == "20270701\(printed)")
    }
}
