import Encodings
import Testing

@testable import Etcd

/// What hosts say, without a cluster.
@Suite("Heartbeats") struct HostReportTests {
    private static let since = UnixTime(seconds: 1_795_348_800)

    private static var whole: HostReport {
        var report = HostReport(host: "web1.example", space: "build-box", since: since)
        report.serial = 42
        report.applied = UnixTime(seconds: 1_795_348_000)
        report.fault = "expired"
        report.problem = "policy: expired"
        report.doctor = HostReport.Doctor(failures: 1, warnings: 2, first: "sshd does not ask pair-authkeys")
        return report
    }

    @Test("a report is read as it was written", arguments: [whole, HostReport(host: "a", space: "b", since: since)])
    func roundTrip(_ report: HostReport) throws {
        #expect(try HostReport(parsing: JSON.object(report.json).encoded, host: report.host) == report)
    }

    @Test("what stands in etcd is what the docs say")
    func format() {
        let text =
            #"{"version":1,"host":"web1.example","space":"build-box","serial":42,"applied":"2026-11-22T11:46:40Z","#
            + #""fault":"expired","problem":"policy: expired","doctor":{"failures":1,"warnings":2,"first":"sshd does not ask "#
            + #"pair-authkeys"},"since":"2026-11-22T12:00:00Z"}"#
        #expect(String(decoding: JSON.object(Self.whole.json).encoded, as: UTF8.self) == text)
    }

    @Test("words are bounded, whoever wrote them")
    func bounded() throws {
        // A lock, and one character of many scalars.
        for text in [String(repeating: "\u{1F512}", count: 1000), "e" + String(repeating: "\u{301}", count: 9000)] {
            var report = Self.whole
            (report.space, report.problem, report.fault) = (text, text, text)
            report.doctor = HostReport.Doctor(failures: 1, warnings: 2, first: text)
            let written = JSON.object(report.json).encoded
            #expect(written.count < 8192)
            let read = try HostReport(parsing: written, host: report.host)
            for words in [read.space, read.problem, read.fault, read.doctor?.first] {
                #expect(words?.hasSuffix("…") == true && words.map { (290...300).contains($0.utf8.count) } == true)
            }
        }
    }

    static let malformed: [(String, HostReportError)] = [
        ("", .notAReport), ("{}", .notAReport), ("[]", .notAReport), ("{\"version\":1", .notAReport),
        (#"{"version":2,"host":"a","space":"s","since":"2026-11-22T12:00:00Z"}"#, .notAReport),
        (#"{"version":1,"host":"b","space":"s","since":"2026-11-22T12:00:00Z"}"#, .host),
        (#"{"version":1,"host":"a","since":"2026-11-22T12:00:00Z"}"#, .notAReport),
        (#"{"version":1,"host":"a","space":"s","since":"today"}"#, .notAReport),
        (#"{"version":1,"host":"a","space":"s","since":"2026-11-22T12:00:00Z","serial":-1}"#, .notAReport),
        (#"{"version":1,"host":"a","space":"s","since":"2026-11-22T12:00:00Z","doctor":{}}"#, .notAReport),
        ("{\"version\":1,\"host\":\"a\"" + String(repeating: " ", count: 9000) + "}", .notAReport),
    ]

    @Test("what is no report of the host whose key it stands under is none", arguments: malformed)
    func refused(_ text: String, _ error: HostReportError) {
        #expect(throws: error) { try HostReport(parsing: Array(text.utf8), host: "a") }
    }

    @Test("names that could be another key, or break a line, are none")
    func names() {
        for name in ["a", "web-1.example_2", String(repeating: "x", count: 253)] { #expect(HostReport.isName(name)) }
        for name in ["", "a/b", "a b", "a\n", "é", "a\u{1B}[m", String(repeating: "x", count: 254)] {
            #expect(!HostReport.isName(name))
        }
    }

    @Test("a host is current with the serial that is published or a higher one, else behind by what is missing")
    func standing() {
        func standing(_ serial: UInt64?, _ published: UInt64?) -> FleetStatus.Standing {
            var report = Self.whole
            (report.serial, report.fault) = (serial, nil)
            return FleetStatus.HostStatus(name: "a", report: .success(report)).standing(to: published)
        }
        #expect(standing(42, 42) == .current)
        #expect(standing(43, 42) == .current)
        #expect(standing(40, 42) == .behind(by: 2))
        #expect(standing(nil, 42) == .behind(by: nil))
        // Else all of a fleet were current once somebody has deleted the key.
        #expect(standing(42, nil) == .unknown && standing(nil, nil) == .unknown)
        var expired = Self.whole
        (expired.serial, expired.fault) = (42, "expired")
        #expect(
            FleetStatus.HostStatus(name: "a", report: .success(expired)).standing(to: 42) == .invalid("expired"))
        let silent = FleetStatus.HostStatus(name: "a", report: .failure(.noHeartbeat))
        #expect(silent.standing(to: 42) == .silent(.noHeartbeat))
    }
}
