import AccessLog
import Testing

/// A log and its past.
@Suite struct LogFamilyTests {
    struct Row: Sendable, CustomStringConvertible {
        let description: String
        let names: [String]
        let read: [String]
        var unread: [String] = []
    }

    private static let rows = [
        Row(description: "an empty folder", names: [], read: ["log"]),
        Row(description: "the log alone", names: ["log"], read: ["log"]),
        Row(
            description: "numbers in the order of numbers", names: ["log", "log.1", "log.10", "log.2"],
            read: ["log.10", "log.2", "log.1", "log"]),
        Row(
            description: "compressed ones", names: ["log", "log.1", "log.2.gz", "log.3.zst"], read: ["log.1", "log"],
            unread: ["log.2.gz", "log.3.zst"]),
        Row(
            description: "named by a date", names: ["log", "log-20261122", "log-20261115.gz"], read: ["log"],
            unread: ["log-20261122", "log-20261115.gz"]),
        Row(
            description: "a zero before the number, and a number too large",
            names: ["log.01", "log.0", "log.99999999999999999999"], read: ["log"],
            unread: ["log.01", "log.0", "log.99999999999999999999"]),
        Row(
            description: "others' files",
            names: ["log.swp", "log~", "logs.1", "other.1", "lo", "log.", "log-", "log.old"],
            read: ["log"]),
    ]

    @Test("the oldest is first, and what is not read is known", arguments: rows)
    func family(_ row: Row) {
        let family = LogFamily(of: "log", among: row.names)
        #expect(family.names == row.read)
        #expect(family.unread == row.unread)
    }
}
