import Glibc
import HostFiles
import Testing

@Suite("Files held open", .enabled(if: Scratch.obstacle == nil, "\(Scratch.obstacle ?? "")"))
struct HeldFileTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    struct Stop: Error, Equatable {}

    private func lines(_ file: HeldFile, in range: Range<Int>) throws(LineFault<Never>) -> [String] {
        try file.foldLines(in: range, into: []) {
            (lines: inout [String], line: Span<UInt8>, number: Int) throws(Never) in
            lines.append("\(number):" + String(decoding: Array(copying: line), as: UTF8.self))
        }
    }

    @Test("a part has the lines within it, each once, counted from its start; in any order and twice")
    func parts() throws {
        try scratch.write("f", "head\na\n\nbc\nlast\n")
        let file = try HeldFile(scratch.file("f"))
        #expect(try lines(file, in: 5..<11) == ["1:a", "2:", "3:bc"])
        #expect(try lines(file, in: 0..<5) == ["1:head"])
        #expect(try lines(file, in: 5..<11) == ["1:a", "2:", "3:bc"])
        #expect(try lines(file, in: 11..<16) == ["1:last"])
        #expect(try lines(file, in: 16..<16).isEmpty)
        #expect(try file.start(count: 6) == Array("head\na".utf8))
        #expect(try file.start(count: 100).count == 16)
    }

    @Test("lines across the borders of chunks come whole", arguments: [1, 61, 4095, 65_536])
    func crossesChunks(length: Int) throws {
        let count = 700_000 / (length + 1) + 2
        let expected = (0..<count).map { String(repeating: String($0 % 10), count: length) }
        let part = expected.map { $0 + "\n" }.joined()
        try scratch.write("f", "front\n" + part + "behind")
        let file = try HeldFile(scratch.file("f"))
        let found = try lines(file, in: 6..<6 + part.utf8.count)
        #expect(found == expected.enumerated().map { "\($0.offset + 1):\($0.element)" })
    }

    @Test("a part that ends within a line is torn, though the file goes on")
    func torn() throws {
        let path = try scratch.write("f", "a\nbc\nd\n")
        let file = try HeldFile(scratch.file("f"))
        #expect(throws: LineFault<Never>.file(.tornLine(path, line: 2))) { try lines(file, in: 0..<4) }
    }

    @Test("a line over 64 KiB is refused")
    func long() throws {
        let path = try scratch.write("f", "a\n" + String(repeating: "x", count: HostFile.maximumLine + 1) + "\n")
        let file = try HeldFile(scratch.file("f"))
        #expect(throws: LineFault<Never>.file(.lineTooLong(path, line: 2, limit: 65_536))) {
            try lines(file, in: 0..<HostFile.maximumLine + 4)
        }
    }

    @Test("another file that takes its place, or none, changes nothing")
    func replaced() throws {
        let path = try scratch.write("f", "old\n")
        let file = try HeldFile(scratch.file("f"))
        try scratch.write("g", "new and longer\n")
        try unsafe made(rename(scratch.at("g"), path))
        #expect(try lines(file, in: 0..<4) == ["1:old"])
        try unsafe made(unlink(path))
        #expect(try lines(file, in: 0..<4) == ["1:old"])
    }

    @Test("written in place it is a fault, before what its lines say")
    func written() throws {
        let path = try scratch.write("f", "old\n")
        let file = try HeldFile(scratch.file("f"))
        try scratch.write("f", "newer\n")
        #expect(throws: LineFault<Never>.file(.changed(path))) { try lines(file, in: 0..<4) }
        #expect(throws: FileFault.changed(path)) { try file.start(count: 4) }
        #expect(throws: LineFault<Stop>.file(.changed(path))) {
            try file.foldLines(in: 0..<4, into: 0) { (_, _, _) throws(Stop) in throw Stop() }
        }
    }

    @Test("a file that has become shorter than the part is a fault")
    func cut() throws {
        let path = try scratch.write("f", "old\nold\n")
        let file = try HeldFile(scratch.file("f"))
        try unsafe made(truncate(path, 4))
        #expect(throws: LineFault<Never>.file(.changed(path))) { try lines(file, in: 0..<8) }
    }

    @Test("what stops the reading, and what a line's reader throws, comes out")
    func stopped() throws {
        let path = try scratch.write("f", "a\n")
        let file = try HeldFile(scratch.file("f"))
        #expect(throws: LineFault<Stop>.line(Stop())) {
            try file.foldLines(in: 0..<2, into: 0) { (_, _, _) throws(Stop) in throw Stop() }
        }
        #expect(throws: LineFault<Never>.file(.stopped(path))) {
            try file.foldLines(in: 0..<2, into: 0, shouldStop: { true }, { (_, _, _) throws(Never) in })
        }
    }

    @Test("it is opened under the rule of its kind: no link, nobody else's")
    func judged() throws {
        let path = try scratch.write("f", "a\n")
        try unsafe made(symlink(path, scratch.at("link")))
        #expect(throws: FileFault.notRegular(scratch.at("link"), .symbolicLink)) {
            try HeldFile(scratch.file("link"))
        }
        try unsafe made(chmod(path, 0o666))
        #expect(throws: FileFault.writableByOthers(path, mode: 0o666)) { try HeldFile(scratch.file("f")) }
        #expect(throws: FileFault.missing(scratch.at("none"))) { try HeldFile(scratch.file("none")) }
    }
}
