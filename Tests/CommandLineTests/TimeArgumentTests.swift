import Foundation
import Testing

/// `--at`, and the end of the line in the host's own time.
@Suite(.onHost) struct TimeArgumentTests {
    struct Moment: Sendable, CustomStringConvertible {
        let at: String
        let reason: String

        var description: String { at }
    }

    // The Keys were issued at 11:59:00 and live five minutes.
    private static let moments = [
        Moment(at: "2026-11-22T12:00:00Z", reason: "accepted"),
        Moment(at: "1795348800", reason: "accepted"),
        Moment(at: "2026-11-22T12:03:59Z", reason: "accepted"),
        Moment(at: "2026-11-22T12:04:00Z", reason: "keys-expired"),
        Moment(at: "1795349040", reason: "keys-expired"),
        Moment(at: "2026-11-22T11:58:30Z", reason: "accepted"),
        Moment(at: "2026-11-22T11:58:29Z", reason: "iat-future"),
        Moment(at: "2030-01-01T00:00:00Z", reason: "keyset-stale"),
        Moment(at: "0", reason: "keyset-future"),
        Moment(at: "-1", reason: "keyset-future"),
        Moment(at: "9223372036854775807", reason: "cert-expired"),
        Moment(at: "-9223372036854775808", reason: "cert-not-yet-valid"),
    ]

    @Test("--at sets the clock, as RFC 3339 or as Unix seconds", arguments: moments)
    func at(_ row: Moment) async throws {
        let host = try Host()
        let run = try await host.run(try host.question + ["--at", row.at, "--json"])
        #expect(try run.json["reason"] as? String == row.reason, "\(run)")
        #expect(run.status == (row.reason == "accepted" ? 0 : 1))
    }

    @Test("without --at the clock counts")
    func clock() async throws {
        let host = try Host()
        // Whatever it shows, and were it the fixture's own hour.
        func reasons() async throws -> [String?] {
            var reasons: [String?] = []
            for flags in [[], ["--at", "\(Int(Date().timeIntervalSince1970))"]] {
                let run = try await host.run(try host.question + flags + ["--json"])
                reasons.append(try run.json["reason"] as? String)
            }
            return reasons
        }
        var (clock, at) = (String?.none, String?.none)
        // A second time where the first was at the end of something.
        for _ in 0..<2 where clock == nil || clock != at {
            let found = try await reasons()
            (clock, at) = (found[0], found[1])
        }
        #expect(clock != nil && clock == at)
    }

    struct Local: Sendable, CustomStringConvertible {
        let zone: String
        let end: String

        var description: String { "\(zone), \(end)" }
    }

    // Winter, summer, and both hours of each change of the clock.
    private static let locals = [
        "2027-01-15T12:00:00Z", "2027-07-15T12:00:00Z", "2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z",
        "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z", "2027-10-31T02:30:00Z", "2027-11-07T05:30:00Z",
        "2027-11-07T06:30:00Z", "2027-04-03T15:15:00Z",
    ].flatMap { end in
        ["UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
            .map { Local(zone: $0, end: end) }
    }

    /// What OpenSSH takes a time for, asked of ssh-keygen, whose `-V` and sshd's `expiry-time=` are one function.
    private func seconds(_ text: String, in zone: String, on host: Host) async throws -> Date {
        let script = """
            cd "$1" && ssh-keygen -q -t ed25519 -N '' -f ca </dev/null && TZ="$2" ssh-keygen -q -s ca -I x -n x \
            -V "20200101000000Z:$3" ca.pub && TZ=UTC ssh-keygen -L -f ca-cert.pub | sed -n 's/.*Valid: from .* to //p'
            """
        let run = try await Program.run(under: ["sh", "-c", script, "sh", host.folder, zone, text], [])
        let shown = run.output.trimmingCharacters(in: .newlines) + "Z"
        return try #require(ISO8601DateFormatter().date(from: shown), "\(run)")
    }

    @Test("an end in local time is read by OpenSSH as that end or earlier, never later", arguments: locals)
    func local(_ row: Local) async throws {
        // Without the zone both programs would take UTC, and agree.
        try #require(row.zone == "UTC" || FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/\(row.zone)"))
        let host = try Host()
        try host.write(
            "pair.toml",
            """
            space = "build-box"
            keysets = "keysets"
            [[provider]]
            name = "example"
            issuer = "https://login.example.com"
            client_ids = ["pair-ssh"]
            keys_lifetime = "730d"
            beyond_token_expiry = true
            [line]
            expiry_time = "local"

            """)
        try host.write("members", "build-box alice@example.com example alice until=\(row.end)\n")
        let run = try await host.run(try host.trial, environment: ["TZ": row.zone])
        let parts = run.output.components(separatedBy: "expiry-time=\"")
        let text = String(try #require(parts.last).prefix { $0 != "\"" })
        #expect(parts.count == 2 && text.count == 14, "\(run)")
        let read = try await seconds(text, in: row.zone, on: host)
        let end = try #require(ISO8601DateFormatter().date(from: row.end))
        #expect(read <= end, "\(text) is read as \(read.timeIntervalSince(end)) s after the end")
        #expect(read > end - 7300, "\(text) is read as \(end.timeIntervalSince(read)) s before the end")
    }
}
