import Encodings
import Testing

@Suite("UnixTime")
struct UnixTimeTests {
    struct Moment: Sendable, CustomTestStringConvertible {
        let text: String
        let seconds: Int64
        var testDescription: String { text }
    }

    /// By Python: `int(datetime.fromisoformat(text).timestamp())`; the year 0 is 366 days before the year 1.
    static let moments = [
        Moment(text: "1970-01-01T00:00:00Z", seconds: 0),
        Moment(text: "1969-12-31T23:59:59Z", seconds: -1),
        Moment(text: "1969-01-01T00:00:00Z", seconds: -31_536_000),
        Moment(text: "2000-02-29T12:34:56Z", seconds: 951_827_696),
        Moment(text: "1900-02-28T23:59:59Z", seconds: -2_203_891_201),
        Moment(text: "1900-03-01T00:00:00Z", seconds: -2_203_891_200),
        Moment(text: "2024-02-29T00:00:00Z", seconds: 1_709_164_800),
        Moment(text: "2026-11-22T12:00:00Z", seconds: 1_795_348_800),
        Moment(text: "2038-01-19T03:14:08Z", seconds: 2_147_483_648),
        Moment(text: "2100-02-28T23:59:59Z", seconds: 4_107_542_399),
        Moment(text: "2100-03-01T00:00:00Z", seconds: 4_107_542_400),
        Moment(text: "2400-02-29T00:00:00Z", seconds: 13_574_563_200),
        Moment(text: "9999-12-31T23:59:59Z", seconds: 253_402_300_799),
        Moment(text: "0001-01-01T00:00:00Z", seconds: -62_135_596_800),
        Moment(text: "0000-02-29T00:00:00Z", seconds: -62_162_121_600),
        Moment(text: "0000-01-01T00:00:00Z", seconds: -62_167_219_200),
    ]

    static let rejected = [
        "", "2026-11-22", "2026-11-22T12:00:00", "2026-11-22T12:00:00z", "2026-11-22t12:00:00Z", "2026-11-22 12:00:00Z",
        "2026-11-22T12:00:00+00:00", "2026-11-22T12:00:00.0Z", "2026-11-22T12:00Z", "2026-11-22T12:00:00ZZ",
        " 2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z\n", "+026-11-22T12:00:00Z", "-026-11-22T12:00:00Z",
        "20026-11-22T12:00:0Z", "2026-1-22T12:00:000Z", "2026/11/22T12:00:00Z", "2026-11-22T12-00-00Z",
        "2026-00-22T12:00:00Z", "2026-13-22T12:00:00Z", "2026-11-00T12:00:00Z", "2026-11-31T12:00:00Z",
        "2026-01-32T12:00:00Z", "2026-02-29T12:00:00Z", "2026-02-30T12:00:00Z", "2024-02-30T00:00:00Z",
        "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-99T12:00:00Z",
        "2026-99-01T12:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T23:60:00Z", "2026-12-31T23:59:60Z",
        "2026-11-22T12:00:0\u{663}Z", "２026-11-22T12:00:0", "2026-11-22T12:00:00\0", "never",
    ]

    @Test("a moment is written as its date, and the date read as the moment", arguments: moments)
    func agreesWithPython(_ row: Moment) {
        let time = UnixTime(seconds: row.seconds)
        #expect(time.rfc3339 == row.text)
        #expect(UnixTime(rfc3339: row.text.utf8) == time)
        #expect(time.timestamp == row.text.filter(\.isNumber))
    }

    @Test("no other text is a moment", arguments: rejected)
    func refuses(text: String) {
        #expect(UnixTime(rfc3339: text.utf8) == nil)
    }

    @Test("day after day from 1895 to 2105, the calendar goes on as calendars do")
    func walksDays() {
        var (year, month, day) = (1895, 1, 1)
        // date(1895, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
        for days in Int64(-27_393)..<Int64(-27_393 + 77_066) {
            let text = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)T23:59:59Z"
            let seconds = days * 86_400 + 86_399
            guard UnixTime(seconds: seconds).rfc3339 == text, UnixTime(rfc3339: text.utf8)?.seconds == seconds else {
                Issue.record("\(seconds) is not \(text)")
                return
            }
            day += 1
            if day > Self.length(ofMonth: month, in: year) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect((year, month, day) == (2106, 1, 1))
    }

    @Test("the first and the last day of every month up to the year 9999 are real, the day after the last is not")
    func knowsMonths() {
        var days: Int64 = -719_162  // date(1970, 1, 1).toordinal() - 1, of 0001-01-01
        for year in 1...9999 {
            for month in 1...12 {
                let length = Self.length(ofMonth: month, in: year)
                let stem = String("000\(year)".suffix(4)) + (month < 10 ? "-0" : "-") + "\(month)-"
                let first = UnixTime(rfc3339: (stem + "01T00:00:00Z").utf8)
                let last = UnixTime(rfc3339: (stem + "\(length)T00:00:00Z").utf8)
                let none = UnixTime(rfc3339: (stem + "\(length + 1)T00:00:00Z").utf8)
                let end = days + Int64(length) - 1
                guard first?.seconds == days * 86_400, last?.seconds == end * 86_400, none == nil else {
                    Issue.record("wrong in \(stem)")
                    return
                }
                days += Int64(length)
            }
        }
        #expect(days * 86_400 == UnixTime.lastPrintable.seconds + 1)
    }

    private static func length(ofMonth month: Int, in year: Int) -> Int {
        let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    @Test("what comes after the year 9999 is never, and in a timestamp its end")
    func endsWith9999() {
        for time in [UnixTime(seconds: 253_402_300_800), .never, UnixTime(seconds: .max - 1)] {
            #expect(time.rfc3339 == "never")
            #expect(time.timestamp == "99991231235959")
        }
        #expect(UnixTime.lastPrintable.timestamp == "99991231235959")
        #expect(UnixTime(seconds: 1_795_348_800).timestamp == "20261122120000")
    }

    @Test("sums and differences stop at the ends")
    func saturates() {
        let (first, last) = (UnixTime(seconds: .min), UnixTime(seconds: .max))
        #expect(last + Seconds(1) == last)
        #expect(last + Seconds(.max) == last)
        #expect(first + Seconds(-1) == first)
        #expect(first + Seconds(.min) == first)
        #expect(first - Seconds(1) == first)
        #expect(first - Seconds(.max) == first)
        #expect(last - Seconds(-1) == last)
        #expect(UnixTime(seconds: 0) - Seconds(.min) == last)
        #expect(UnixTime(seconds: 10) + Seconds(5) == UnixTime(seconds: 15))
        #expect(UnixTime(seconds: 10) - Seconds(15) == UnixTime(seconds: -5))
        #expect(last.since(first) == Seconds(.max))
        #expect(first.since(last) == Seconds(.min))
        #expect(UnixTime(seconds: 0).since(first) == Seconds(.max))
        #expect(UnixTime(seconds: -5).since(UnixTime(seconds: 10)) == Seconds(-15))
        #expect(UnixTime(seconds: 10).since(UnixTime(seconds: 10)) == Seconds(0))
    }

    @Test("earlier is less, and never is the last")
    func orders() {
        #expect(UnixTime(seconds: -1) < UnixTime(seconds: 0))
        #expect(!(UnixTime(seconds: 0) < UnixTime(seconds: 0)))
        #expect(UnixTime.lastPrintable < .never)
    }
}
