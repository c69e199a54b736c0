import Decision
import Encodings

/// A time zone as these tests need it: seconds ahead of UTC, and when that changes.
struct Zone: Sendable, CustomStringConvertible {
    let name: String
    let standard: Int64
    var summer: Int64 = 0
    /// UTC; the clock goes forward at the first and back at the second, where there are any.
    var changes: [String] = []

    var description: String { name }

    static let utc = Zone(name: "UTC", standard: 0)
    static let kathmandu = Zone(name: "Asia/Kathmandu", standard: 20700)
    static let newYork = Zone(name: "America/New_York", standard: -18_000)
    static let berlin = Zone(
        name: "Europe/Berlin", standard: 3600, summer: 7200,
        changes: ["2027-03-28T01:00:00Z", "2027-10-31T01:00:00Z"])
    /// Half an hour of summer.
    static let lordHowe = Zone(
        name: "Australia/Lord_Howe, turned round", standard: 37_800, summer: 39_600,
        changes: ["2027-04-03T15:00:00Z", "2027-10-02T15:30:00Z"])
    /// Two hours of it.
    static let troll = Zone(
        name: "Antarctica/Troll", standard: 0, summer: 7200,
        changes: ["2027-03-28T01:00:00Z", "2027-10-31T01:00:00Z"])
    static let changing = [berlin, lordHowe, troll]

    var offset: @Sendable (UnixTime) -> Seconds {
        let times = changes.compactMap { UnixTime(rfc3339: $0.utf8) }
        guard times.count == 2 else { return { _ in Seconds(standard) } }
        return { time in Seconds(times[0] <= time && time < times[1] ? summer : standard) }
    }

    /// As sshd has local time: what it reads counts as standard time, summer or not.
    var localTime: LocalTime {
        let (offset, standard) = (offset, standard)
        return LocalTime(shown: { $0 + offset($0) }, readBySSHD: { $0 - Seconds(standard) })
    }

    /// The moment that sshd takes `printed` (`YYYYMMDDHHMMSS`) for.
    func reading(of printed: String) -> UnixTime? {
        let digits = Array(printed)
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        let text = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z"
        return UnixTime(rfc3339: text.utf8).map(localTime.readBySSHD)
    }
}
