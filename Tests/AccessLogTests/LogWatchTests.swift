import AccessLog
import Testing

/// Following a log by its name.
@Suite struct LogWatchTests {
    private static func file(_ inode: UInt64, _ size: UInt64, device: UInt64 = 1) -> LogWatch.Sight {
        LogWatch.Sight(device: device, inode: inode, size: size)
    }

    /// What is seen at the name, how much of the open file has been read, and what is to be done.
    typealias Look = (sight: LogWatch.Sight?, position: UInt64, step: LogWatch.Step)

    struct Row: Sendable, CustomStringConvertible {
        let description: String
        var opened: LogWatch.Sight? = file(1, 0)
        let looks: [Look]
    }

    private static let rows = [
        Row(description: "nothing new", looks: [(file(1, 10), 10, .wait), (file(1, 10), 10, .wait)]),
        Row(description: "written on", looks: [(file(1, 11), 10, .readOn), (file(1, 11), 11, .wait)]),
        Row(
            description: "emptied in place", looks: [(file(1, 0), 10, .startOver), (file(1, 5), 0, .readOn)]),
        Row(description: "emptied and written", looks: [(file(1, 9), 10, .startOver)]),
        Row(
            description: "renamed, and a new one created after a while",
            looks: [(nil, 10, .readOn), (nil, 10, .readOn), (file(2, 0), 10, .readOn), (file(2, 5), 10, .change)]),
        Row(
            description: "renamed and created between two looks",
            looks: [(file(2, 5), 10, .readOn), (file(2, 9), 12, .change)]),
        Row(
            description: "renamed and created twice between looks",
            looks: [(file(2, 5), 10, .readOn), (file(3, 5), 10, .readOn), (file(3, 5), 10, .change)]),
        Row(
            description: "on another file system with the same number",
            looks: [(file(1, 10, device: 2), 10, .readOn), (file(1, 10, device: 2), 10, .change)]),
        Row(
            description: "another one for one look, then the old one again",
            looks: [(file(2, 0), 10, .readOn), (file(1, 10), 10, .wait), (file(2, 0), 10, .readOn)]),
        Row(
            description: "not there at first", opened: nil,
            looks: [(nil, 0, .wait), (file(1, 0), 0, .change)]),
    ]

    @Test("each look at the log's name says what to do", arguments: rows)
    func steps(_ row: Row) {
        var watch = LogWatch(opened: row.opened)
        for look in row.looks { #expect(watch.step(seeing: look.sight, at: look.position) == look.step) }
    }

    @Test("after a change the new file is watched, and after a vain one any file is new")
    func change() {
        var watch = LogWatch(opened: Self.file(1, 0))
        watch.hasOpened(Self.file(2, 0))
        #expect(watch.step(seeing: Self.file(2, 3), at: 0) == .readOn)
        watch.hasOpened(nil)
        #expect(watch.step(seeing: Self.file(2, 3), at: 0) == .change)
    }
}
