public import Encodings

/// Entries that count as one: what sshd's two or three questions about one login left.
public struct FoldedEntry: Sendable, Equatable {
    /// Which one in the order of first entries, from 0.
    public let number: Int
    /// The first of them.
    public let first: AccessEntry
    /// How many they are.
    public fileprivate(set) var count = 1
}

/// Folds entries with the same members but `time`, no further than ten seconds from the first of them.
///
/// sshd asks when a client offers a key, and again when the client has signed with it: between the two a person may
/// have to touch a hardware key. The records of two connections differ by `sshd`.
/// Entries of others may stand in between. At most `maximumOpen` wait for more of their kind; the oldest gives way.
/// Source: docs/access-log.md "Folding".
public struct Folding: Sendable {
    /// How far from the first entry a further one may be, either way: two processes may record in the wrong order.
    public static let window = Seconds(10)

    /// How many folded entries are open at most, so that memory stays flat whatever the log holds.
    public static let maximumOpen = 4096

    private let isOn: Bool
    /// Open in the order of their first entries; those before `head` are gone.
    private var open: [FoldedEntry] = []
    private var head = 0
    /// How many folded entries there have been.
    private var begun = 0
    /// The number of the open one of a kind.
    private var numbers: [Kind: Int] = [:]
    private var latest: UnixTime?

    /// Nothing yet.
    /// - Parameter isOn: Whether entries are folded at all; each counts for itself otherwise.
    public init(isOn: Bool = true) {
        self.isOn = isOn
    }

    /// Takes the next entry of the log.
    /// - Returns: What it belongs to, as it is now; it is the first of it where the count is 1.
    public mutating func take(_ entry: AccessEntry) -> FoldedEntry {
        latest = entry.time
        if isOn {
            let kind = Kind(of: entry)
            if let number = numbers[kind] {
                let place = open.count - (begun - number)
                if Folding.isNear(entry.time, open[place].first.time) {
                    open[place].count += 1
                    return open[place]
                }
            }
            numbers[kind] = begun
        }
        let folded = FoldedEntry(number: begun, first: entry)
        open.append(folded)
        begun += 1
        return folded
    }

    /// Hands out what no further entry can belong to, in the order of first entries.
    public mutating func takeComplete() -> [FoldedEntry] {
        guard let latest else { return [] }
        var complete: [FoldedEntry] = []
        while head < open.count,
            !isOn || !Folding.isNear(latest, open[head].first.time) || open.count - head > Folding.maximumOpen
        {
            complete.append(open[head])
            if isOn {
                let kind = Kind(of: open[head].first)
                // Another one of the kind may be open, begun when this one's time was over.
                if numbers[kind] == open[head].number { numbers[kind] = nil }
            }
            head += 1
        }
        if head > 64, head > open.count / 2 {
            open.removeFirst(head)
            head = 0
        }
        return complete
    }

    /// What is open in the order of first entries; further entries may belong to it.
    public var stillOpen: ArraySlice<FoldedEntry> { open[head...] }

    private static func isNear(_ time: UnixTime, _ first: UnixTime) -> Bool {
        max(time, first).since(min(time, first)) <= window
    }
}

/// What entries that are folded have in common: all members but `time`.
private struct Kind: Hashable {
    private let members: [JSON.Object.Member]
    private let reason: Text
    private let login: Text?
    private let key: Text?

    init(of entry: AccessEntry) {
        members = entry.members.members.filter { $0.name != "time" }
        reason = entry.reason
        login = entry.login
        key = entry.key
    }

    static func == (left: Kind, right: Kind) -> Bool { left.members == right.members }

    /// Three members tell nearly all apart; to hash every one would take longer than all the rest.
    func hash(into hasher: inout Hasher) {
        hasher.combine(reason)
        hasher.combine(login)
        hasher.combine(key)
    }
}
