/// A moment, in whole seconds since 1970-01-01T00:00:00Z.
///
/// Nothing here reads a clock: `now` is always an argument. Arithmetic stops at the ends instead of trapping.
public struct UnixTime: Sendable, Hashable, Comparable {
    /// Seconds since the epoch; negative before 1970.
    public let seconds: Int64

    /// The moment `seconds` after the epoch.
    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// For ever: what all ones in a certificate's "valid before" mean.
    public static let never = UnixTime(seconds: .max)

    /// Whether `left` is earlier.
    public static func < (left: UnixTime, right: UnixTime) -> Bool { left.seconds < right.seconds }

    /// `span` later; stops at the last moment there is.
    public static func + (time: UnixTime, span: Seconds) -> UnixTime {
        let (sum, overflow) = time.seconds.addingReportingOverflow(span.count)
        return UnixTime(seconds: overflow ? (span.count > 0 ? .max : .min) : sum)
    }

    /// `span` earlier; stops at the first moment there is.
    public static func - (time: UnixTime, span: Seconds) -> UnixTime {
        let (difference, overflow) = time.seconds.subtractingReportingOverflow(span.count)
        return UnixTime(seconds: overflow ? (span.count > 0 ? .min : .max) : difference)
    }

    /// The time from `earlier` to this.
    public func since(_ earlier: UnixTime) -> Seconds {
        let (difference, overflow) = seconds.subtractingReportingOverflow(earlier.seconds)
        return Seconds(overflow ? (seconds > earlier.seconds ? .max : .min) : difference)
    }
}

/// A length of time in whole seconds.
public struct Seconds: Sendable, Hashable, Comparable {
    /// How many; negative is into the past.
    public let count: Int64

    /// A length of `count` seconds.
    public init(_ count: Int64) {
        self.count = count
    }

    /// Whether `left` is shorter.
    public static func < (left: Seconds, right: Seconds) -> Bool { left.count < right.count }
}

extension Seconds: CustomStringConvertible {
    /// As people say it: `45 s`, `5 min`, `2 h 5 min`, `3 d 1 h`; two units at most.
    public var description: String {
        let magnitude = count.magnitude
        let (days, hours, minutes) = (magnitude / 86400, magnitude / 3600 % 24, magnitude / 60 % 60)
        let units = [(days, "d"), (hours, "h"), (minutes, "min"), (magnitude % 60, "s")]
        let largest = units.firstIndex { $0.0 > 0 } ?? 3
        let shown = units[largest...].prefix(2).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return (count < 0 ? "-" : "") + (shown.isEmpty ? "0 s" : shown.joined(separator: " "))
    }
}

// MARK: - Calendar

extension UnixTime {
    /// The civil date and time of day of a moment in UTC.
    private struct Civil {
        var year: Int64
        var month: Int64
        var day: Int64
        var secondOfDay: Int64
    }

    /// Days from the epoch to a date of the proleptic Gregorian calendar, and back, count years from March, so that the
    /// leap day is a year's last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private var civil: Civil {
        // Far enough from the ends of Int64 that nothing below can overflow; far beyond any year we print.
        let clamped = min(max(seconds, -1_000_000_000_000_000), 1_000_000_000_000_000)
        let days = clamped >= 0 ? clamped / 86400 : (clamped - 86399) / 86400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return Civil(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, secondOfDay: clamped - days * 86400)
    }

    /// The last second of the year 9999: four digits of a year are all that RFC 3339 and sshd have.
    public static let lastPrintable = UnixTime(seconds: 253_402_300_799)

    /// `2026-11-22T12:00:00Z`; `never` after the year 9999.
    public var rfc3339: String {
        guard self <= .lastPrintable else { return "never" }
        let (date, time) = digits
        return "\(date[0])-\(date[1])-\(date[2])T\(time[0]):\(time[1]):\(time[2])Z"
    }

    /// `20261122120000`, as `expiry-time=` of authorized_keys has it; a moment after the year 9999 is shown as its end.
    public var timestamp: String {
        let (date, time) = min(self, .lastPrintable).digits
        return (date + time).joined()
    }

    private var digits: (date: [String], time: [String]) {
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let civil = civil
        return (
            [padded(civil.year, 4), padded(civil.month, 2), padded(civil.day, 2)],
            [
                padded(civil.secondOfDay / 3600, 2), padded(civil.secondOfDay / 60 % 60, 2),
                padded(civil.secondOfDay % 60, 2),
            ]
        )
    }

    /// A moment written as RFC 3339 in UTC (`2026-11-22T12:00:00Z`), `nil` for anything else.
    ///
    /// No offset, no fraction, no leap second; the letters in upper case. Source: RFC 3339 §5.6.
    public init?(rfc3339 text: some Collection<UInt8>) {
        let text = Array(text)
        let shape = Array("0000-00-00T00:00:00Z".utf8)
        guard text.count == shape.count else { return nil }
        for (byte, form) in zip(text, shape) {
            let isDigit = byte >= 0x30 && byte <= 0x39
            guard form == UInt8(ascii: "0") ? isDigit : byte == form else { return nil }
        }
        func number(_ range: Range<Int>) -> Int64 { text[range].reduce(0) { $0 * 10 + Int64($1 - 0x30) } }
        let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard hour < 24, minute < 60, second < 60 else { return nil }
        let days = UnixTime.days(year: year, month: month, day: day)
        self.init(seconds: days * 86400 + hour * 3600 + minute * 60 + second)
        // The 31st of February counts on into March: only a real date comes back as itself.
        let civil = civil
        guard (civil.year, civil.month, civil.day) == (year, month, day) else { return nil }
    }
}
