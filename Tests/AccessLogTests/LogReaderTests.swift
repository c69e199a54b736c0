import AccessLog
import Encodings
import Testing

/// Bytes in pieces, entries out.
@Suite struct LogReaderTests {
    private static func line(_ login: String, at seconds: Int64 = 0) -> String {
        #"{"time":"\#((noon + Seconds(seconds)).rfc3339)","decision":"accept","reason":"accepted","login":"\#(login)"}"#
    }

    /// What `pieces` come to: logins, and lines that are no records.
    private func read(
        _ pieces: [[UInt8]], since: UnixTime? = nil
    ) -> (found: [String], reader: LogReader) {
        var reader = LogReader(file: "log", since: since)
        var found: [String] = []
        for piece in pieces {
            reader.take(piece) { line in
                switch line {
                case .success(let entry): found.append(entry.login?.string ?? "-")
                case .failure(let line): found.append("\(line)")
                }
            }
        }
        return (found, reader)
    }

    @Test("the same is read whatever the pieces", arguments: [1, 2, 3, 7, 64, 100, 1000])
    func pieces(_ count: Int) {
        let text = Array((Self.line("a") + "\ngarbage\n" + Self.line("b") + "\n\n" + Self.line("c") + "\n").utf8)
        let pieces = stride(from: 0, to: text.count, by: count).map {
            Array(text[$0..<min($0 + count, text.count)])
        }
        var (found, reader) = read(pieces)
        #expect(found == ["a", "log:2: byte 0: not JSON here", "b", "log:4: byte 0: not JSON here", "c"])
        #expect(reader.end() == nil)
    }

    @Test("a line without its LF waits for it, and is torn where the file ends")
    func torn() {
        let line = Array(Self.line("a").utf8)
        var (found, reader) = read([line])
        #expect(found.isEmpty)
        var copy = reader
        copy.take([0x0A]) { found.append((try? $0.get())?.login?.string ?? "-") }
        #expect(found == ["a"])
        #expect(copy.end() == nil)
        #expect(reader.end() == MalformedLine(file: "log", line: 1, defect: .torn))
        #expect(reader.end() == nil)
    }

    @Test("a line that a short write left is named, with what was written on it, and the next is read")
    func shortWrite() {
        let text = Self.line("a").prefix(20) + Self.line("b") + "\n" + Self.line("c") + "\n"
        #expect(read([Array(text.utf8)]).found == ["log:1: byte 22: not JSON here", "c"])
    }

    @Test(
        "a line longer than any of ours is passed over and not kept",
        arguments: [
            (LogReader.maximumLine, "log:1: byte 0: not JSON here"),
            (LogReader.maximumLine + 1, "log:1: longer than 65536 bytes"),
        ])
    func long(_ count: Int, _ words: String) {
        let text = [UInt8](repeating: 0x78, count: count) + [0x0A] + Array((Self.line("b") + "\n").utf8)
        let pieces = stride(from: 0, to: text.count, by: 10_000).map {
            Array(text[$0..<min($0 + 10_000, text.count)])
        }
        #expect(read([text]).found == [words, "b"])
        #expect(read(pieces).found == [words, "b"])
    }

    @Test("what is earlier than asked for is passed over unread, damaged or not, and the rest is read")
    func since() {
        let text =
            [
                Self.line("a", at: -1), #"{"time":"2026-11-22T11:59:59Z","#, Self.line("b"), Self.line("c", at: 1),
                #"{"time":"2026-11-22T12:00:00Z","#,
            ].joined(separator: "\n") + "\n"
        let (found, reader) = read([Array(text.utf8)], since: noon)
        #expect(found == ["b", "c", "log:5: byte 31: not JSON here"])
        #expect(reader.hasPassedOver)
        #expect(!read([Array(text.utf8)]).reader.hasPassedOver)
    }

    private static let unlike = [
        #"{"time":"1"}"#, #"{"time":"2026-11-22T11:59:59+00:00"}"#, #"{ "time":"2026-11-22T11:59:59Z"}"#,
        #"{"time":"                   Z"}"#,
    ]

    @Test("a line whose time is not where ours have it is never passed over", arguments: unlike)
    func unlikeOurs(_ line: String) {
        let (found, reader) = read([Array((line + "\n").utf8)], since: noon)
        #expect(found.count == 1)
        #expect(!reader.hasPassedOver)
    }

    @Test("what the reader's caller throws comes through")
    func throwing() {
        struct Stop: Error {}
        var reader = LogReader(file: "log")
        #expect(throws: Stop.self) {
            try reader.take(Array((Self.line("a") + "\n").utf8)) { _ throws(Stop) in throw Stop() }
        }
    }

    @Test("a file's name is quoted where it is not plain")
    func hostileName() {
        let line = MalformedLine(file: "a\nb", line: 3, defect: .notObject)
        #expect("\(line)" == #""a\x0ab":3: not a JSON object"#)
    }
}
