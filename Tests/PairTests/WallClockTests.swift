import Encodings
import Testing

@testable import pair

/// Times as people read and write them.
@Suite struct WallClockTests {
    /// UTC+5:45, without summer.
    private static let kathmandu = WallClock { _ in Seconds(20_700) }
    /// An hour ahead, two from 2027-03-28T01:00:00Z to 2027-10-31T01:00:00Z.
    private static let berlin = WallClock { moment in
        Seconds(moment.seconds >= 1_806_195_600 && moment.seconds < 1_824_944_400 ? 7200 : 3600)
    }

    struct Row: Sendable, CustomStringConvertible {
        let text: String
        let moment: String?
        var clock = kathmandu

        var description: String { text }
    }

    private static let rows = [
        Row(text: "30d", moment: "2026-10-23T12:00:00Z"),
        Row(text: "12h", moment: "2026-11-22T00:00:00Z"),
        Row(text: "45m", moment: "2026-11-22T11:15:00Z"),
        Row(text: "90s", moment: "2026-11-22T11:58:30Z"),
        Row(text: "0s", moment: "2026-11-22T12:00:00Z"),
        Row(text: "2026-11-01", moment: "2026-10-31T18:15:00Z"),
        Row(text: "2026-11-01T08:30", moment: "2026-11-01T02:45:00Z"),
        Row(text: "2026-11-01T08:30:05", moment: "2026-11-01T02:45:05Z"),
        Row(text: "2026-11-01T08:30:05Z", moment: "2026-11-01T08:30:05Z"),
        Row(text: "2026-11-01T08:30:05+01:00", moment: "2026-11-01T07:30:05Z"),
        Row(text: "2026-11-01T08:30:05-03:30", moment: "2026-11-01T12:00:05Z"),
        Row(text: "2027-03-27", moment: "2027-03-26T23:00:00Z", clock: berlin),
        Row(text: "2027-03-28", moment: "2027-03-27T23:00:00Z", clock: berlin),
        Row(text: "2027-03-28T01:30", moment: "2027-03-28T00:30:00Z", clock: berlin),
        Row(text: "2027-03-29", moment: "2027-03-28T22:00:00Z", clock: berlin),
        Row(text: "2027-11-01", moment: "2027-10-31T23:00:00Z", clock: berlin),
        Row(text: "", moment: nil),
        Row(text: "d", moment: nil),
        Row(text: "30", moment: nil),
        Row(text: "-30d", moment: nil),
        Row(text: "1.5h", moment: nil),
        Row(text: "30w", moment: nil),
        Row(text: "9999999999d", moment: nil),
        Row(text: "yesterday", moment: nil),
        Row(text: "2026-02-30", moment: nil),
        Row(text: "2026-11-01 08:30", moment: nil),
        Row(text: "2026-11-01T08:30Z", moment: nil),
        Row(text: "2026-11-01T08:30:05+01", moment: nil),
        Row(text: "2026-11-01T08:30:05+24:00", moment: nil),
        Row(text: "2026-11-01T08:30:05z", moment: nil),
        Row(text: "٣٠d", moment: nil),
    ]

    @Test("a moment is what people mean by it, or none", arguments: rows)
    func moment(_ row: Row) {
        let noon = UnixTime(seconds: 1_795_348_800)
        #expect(row.clock.moment(row.text, before: noon)?.rfc3339 == row.moment)
    }

    @Test("a time is shown as clocks here show it, the end without its day where that is the start's")
    func shown() {
        let noon = UnixTime(seconds: 1_795_348_800)
        let clock = Self.kathmandu
        #expect(clock.shown(noon) == "2026-11-22 17:45:00")
        #expect(clock.shown(noon + Seconds(300), after: noon) == "17:50:00")
        #expect(clock.shown(noon + Seconds(86400), after: noon) == "2026-11-23 17:45:00")
        // Midnight here, not in Greenwich.
        #expect(clock.shown(noon + Seconds(22_500), after: noon) == "2026-11-23 00:00:00")
        #expect(clock.shown(.never) == "never")
        #expect(clock.shown(.never, after: noon) == "never")
    }
}
