import Glibc
import HostFiles
import Testing

@Suite("Files line by line", .enabled(if: Scratch.obstacle == nil, "\(Scratch.obstacle ?? "")"))
struct LinesTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    struct Stop: Error, Equatable {}

    func lines(_ name: String) throws(LineFault<Never>) -> [String] {
        try scratch.file(name).foldLines(
            into: { [] },
            { (lines: inout [String], line, number) throws(Never) in
                lines.append("\(number):" + String(decoding: Array(copying: line), as: UTF8.self))
            })
    }

    @Test("each line comes once, with its number")
    func showsLines() throws {
        try scratch.write("f", "a\n\nbc\n")
        #expect(try lines("f") == ["1:a", "2:", "3:bc"])
        try scratch.write("f", "")
        #expect(try lines("f").isEmpty)
    }

    @Test("lines across the borders of chunks come whole", arguments: [1, 59, 60, 61, 4095, 65_535, 65_536])
    func crossesChunks(length: Int) throws {
        let count = 700_000 / (length + 1) + 2
        let expected = (0..<count).map { String(repeating: String($0 % 10), count: length) }
        try scratch.write("f", expected.map { $0 + "\n" }.joined())
        #expect(try lines("f") == expected.enumerated().map { "\($0.offset + 1):\($0.element)" })
    }

    @Test("a line over 64 KiB is refused, whole or not", arguments: ["\n", "", "\nx"])
    func refusesLongLine(end: String) throws {
        let path = try scratch.write("f", "a\n" + String(repeating: "x", count: HostFile.maximumLine + 1) + end)
        #expect(throws: LineFault<Never>.file(.lineTooLong(path, line: 2, limit: 65_536))) { try lines("f") }
    }

    @Test("a line of a gigabyte is refused after its first chunk")
    func refusesSparse() throws {
        let path = try scratch.write("f", "")
        try unsafe made(truncate(path, 1 << 30))
        #expect(throws: LineFault<Never>.file(.lineTooLong(path, line: 1, limit: 65_536))) { try lines("f") }
        #expect(throws: FileFault.tooLarge(path, limit: 65_536)) { try scratch.file("f").read(limit: 65_536) }
    }

    @Test("a last line without LF is torn")
    func refusesTorn() throws {
        let path = try scratch.write("f", "a\nb")
        #expect(throws: LineFault<Never>.file(.tornLine(path, line: 2))) { try lines("f") }
    }

    @Test("what the reader throws comes out, and nothing is read on")
    func passesErrorsOn() throws {
        try scratch.write("f", "a\nb\nc\n")
        var seen = 0
        #expect(throws: LineFault<Stop>.line(Stop())) {
            try scratch.file("f").foldLines(
                into: {},
                { (_, _, number) throws(Stop) in
                    seen = number
                    if number == 2 { throw Stop() }
                })
        }
        #expect(seen == 2)
    }

    @Test("the caller can stop it")
    func stops() throws {
        let path = try scratch.write("f", "a\n")
        #expect(throws: LineFault<Never>.file(.stopped(path))) {
            try scratch.file("f").foldLines(into: {}, shouldStop: { true }, { (_, _, _) throws(Never) in })
        }
    }

    @Test("a file that is replaced while it is read is read once more, from a new start")
    func readsAgain() throws {
        try scratch.write("f", "old\nolder\n")
        try scratch.write("g", "new\n")
        let lines = try scratch.file("f").foldLines(
            into: { [] },
            { (lines: inout [String], line, _) throws(Never) in
                unsafe rename(scratch.at("g"), scratch.at("f"))
                lines.append(String(decoding: Array(copying: line), as: UTF8.self))
            })
        #expect(lines == ["new"])
    }

    @Test("an error from half a change does not count")
    func forgetsErrorsOfChanges() throws {
        try scratch.write("f", "old\nolder\n")
        try scratch.write("g", "new\n")
        let lines = try scratch.file("f").foldLines(
            into: { [] },
            { (lines: inout [String], line, _) throws(Stop) in
                let isOld = line.count == 3 && line[0] == UInt8(ascii: "o")
                unsafe rename(scratch.at("g"), scratch.at("f"))
                if isOld { throw Stop() }
                lines.append(String(decoding: Array(copying: line), as: UTF8.self))
            })
        #expect(lines == ["new"])
    }

    @Test("a file that is written twice while it is read is a fault, replaced or not", arguments: [false, true])
    func refusesChanging(isReplaced: Bool) throws {
        let path = try scratch.write("f", "a\n")
        var size = 1
        #expect(throws: LineFault<Never>.file(.changed(path))) {
            try scratch.file("f").foldLines(
                into: {},
                { (_, _, _) throws(Never) in
                    size += 1
                    _ = try? scratch.write("f", String(repeating: "b\n", count: size))
                    guard isReplaced else { return }
                    _ = try? scratch.write("g", "c\n")
                    unsafe rename(scratch.at("g"), path)
                })
        }
    }

    @Test("a file that is replaced whenever it is read counts as it was when it was opened the second time")
    func readsReplaced() throws {
        let path = try scratch.write("f", "0\n")
        var version = 0
        let lines = try scratch.file("f").foldLines(
            into: { [] },
            { (lines: inout [String], line, _) throws(Never) in
                lines.append(String(decoding: Array(copying: line), as: UTF8.self))
                version += 1
                _ = try? scratch.write("g", "\(version)\n")
                unsafe rename(scratch.at("g"), path)
            })
        #expect(lines == ["1"])
    }

    @Test("a file that grows as fast as it is read is a fault, not a long wait")
    func refusesGrowing() throws {
        let path = try scratch.write("f", "a\n")
        #expect(throws: LineFault<Never>.file(.changed(path))) {
            try scratch.file("f").foldLines(
                into: {},
                { (_, _, _) throws(Never) in
                    _ = try? RecordFile(path).append(Array("b\n".utf8))
                })
        }
    }

    @Test("a file that is gone after it was read is missing")
    func refusesRemoved() throws {
        let path = try scratch.write("f", "a\n")
        #expect(throws: LineFault<Never>.file(.missing(path))) {
            try scratch.file("f").foldLines(into: {}, { (_, _, _) throws(Never) in unsafe unlink(path) })
        }
    }
}

extension Array where Element == UInt8 {
    init(copying span: Span<UInt8>) {
        self.init()
        for index in span.indices { append(span[index]) }
    }
}
