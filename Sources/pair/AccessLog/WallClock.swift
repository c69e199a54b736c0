import Encodings
import Foundation

/// Times as people here read and write them.
struct WallClock: Sendable {
    /// How far local time is ahead of UTC at a moment.
    let offset: @Sendable (UnixTime) -> Seconds

    /// By the zone of TZ or of this machine.
    static let local = WallClock { moment in
        let date = Date(timeIntervalSince1970: TimeInterval(moment.seconds))
        return Seconds(Int64(TimeZone.current.secondsFromGMT(for: date)))
    }

    /// `2026-11-22 04:00:48`; `never` after the year 9999.
    func shown(_ moment: UnixTime) -> String {
        let (date, time) = parts(moment)
        return time.isEmpty ? date : "\(date) \(time)"
    }

    /// `04:00:48` where it is the day of `start`, else as `shown(_:)`.
    func shown(_ moment: UnixTime, after start: UnixTime) -> String {
        let (date, time) = parts(moment)
        return time.isEmpty || date != parts(start).date ? shown(moment) : time
    }

    private func parts(_ moment: UnixTime) -> (date: String, time: String) {
        guard moment <= .lastPrintable else { return ("never", "") }
        let text = (moment + offset(moment)).rfc3339
        return (String(text.prefix(10)), String(text.dropFirst(11).dropLast()))
    }

    /// The moment that `text` names, `nil` where it is none.
    ///
    /// `30d`, `12h`, `45m` or `90s` before `now`; a date or a date and a time of day, local (`2026-11-01`,
    /// `2026-11-01T08:30`); RFC 3339 (`2026-11-01T08:30:00Z`, `…+01:00`).
    func moment(_ text: String, before now: UnixTime) -> UnixTime? {
        let bytes = Array(text.utf8)
        if let span = Self.span(bytes) { return now - span }
        var civil = bytes
        switch civil.count {
        case 10: civil += Array("T00:00:00".utf8)
        case 16: civil += Array(":00".utf8)
        default: break
        }
        guard let shown = UnixTime(rfc3339: civil.prefix(19) + [UInt8(ascii: "Z")]) else { return nil }
        let zone = civil.dropFirst(19)
        if zone.isEmpty { return moment(shown: shown) }
        if zone.elementsEqual([UInt8(ascii: "Z")]) { return shown }
        return Self.zoneOffset(Array(zone)).map { shown - $0 }
    }

    /// The moment at which clocks here show `shown`; of the hour that a change skips, one beside it.
    private func moment(shown: UnixTime) -> UnixTime {
        let guess = shown - offset(shown)
        return shown - offset(guess)
    }

    /// `30d`: a whole number with its unit.
    private static func span(_ text: [UInt8]) -> Seconds? {
        guard let last = text.last, let number = number(text.dropLast()) else { return nil }
        let unit: Int64
        switch last {
        case UInt8(ascii: "s"): unit = 1
        case UInt8(ascii: "m"): unit = 60
        case UInt8(ascii: "h"): unit = 3600
        case UInt8(ascii: "d"): unit = 86400
        default: return nil
        }
        return Seconds(number * unit)
    }

    /// `+01:00`, of RFC 3339 §5.6.
    private static func zoneOffset(_ text: [UInt8]) -> Seconds? {
        guard text.count == 6, text[3] == UInt8(ascii: ":"), let hours = number(text[1...2]),
            let minutes = number(text[4...5]), hours < 24, minutes < 60
        else { return nil }
        let ahead = hours * 3600 + minutes * 60
        switch text[0] {
        case UInt8(ascii: "+"): return Seconds(ahead)
        case UInt8(ascii: "-"): return Seconds(-ahead)
        default: return nil
        }
    }

    /// Up to nine digits: no product of it overflows.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard (1...9).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}
