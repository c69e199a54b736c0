/// A log and what rotation has made of its past.
public struct LogFamily: Sendable, Equatable {
    /// The names to read, the oldest first and the log itself last: `log.2`, `log.1`, `log`.
    public let names: [String]

    /// What rotation has left that is not read: compressed, or named by a date.
    public let unread: [String]

    /// The family of the log `name` among `names`, the names in its folder.
    public init(of name: String, among names: [String]) {
        var numbered: [(number: Int, name: String)] = []
        var unread: [String] = []
        for other in names where other.utf8.starts(with: name.utf8) {
            let suffix = other.utf8.dropFirst(name.utf8.count)
            let digits = suffix.dropFirst().prefix { $0 >= 0x30 && $0 <= 0x39 }
            guard let mark = suffix.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: "-"), !digits.isEmpty
            else { continue }
            // No name twice: `log.01` is none of logrotate's.
            if mark == UInt8(ascii: "."), digits.count == suffix.count - 1, digits.first != UInt8(ascii: "0"),
                let number = Int(String(decoding: digits, as: UTF8.self))
            {
                numbered.append((number, other))
            } else {
                unread.append(other)
            }
        }
        self.names = numbered.sorted { $0.number > $1.number }.map { $0.name } + [name]
        self.unread = unread
    }
}
