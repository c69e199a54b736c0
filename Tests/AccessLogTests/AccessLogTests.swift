import AccessLog
import Decision
import Encodings
import Foundation
import Glibc
import HostFiles
import Testing

@testable import TestSupport

/// Keeping records in the file; syslog is always off here, for these are no logins of this machine.
@Suite struct AccessLogTests {
    private static func record(of fixture: String) throws -> AccessRecord {
        let decision = try Fixture(fixture).load().decided()
        return try #require(AccessRecord(of: decision, login: "alice", space: "build-box", at: UnixTime(seconds: 0)))
    }

    private static func log(_ file: String?, cap: Int64 = 1 << 20) -> OpenAccessLog {
        AccessLog(file: file, isSyslogOn: false, unverifiedCap: cap).opened()
    }

    @Test("a record is appended with a line feed, and what stood there stays")
    func appended() throws {
        let scratch = try Scratch()
        let path = try scratch.write("log", "{\"first\":1}\n")
        let record = try Self.record(of: "ok-opkssh-certificate")
        try Self.log(path).keep(record, process: 1)
        try Self.log(path).keep(record, process: 1)
        let line = String(decoding: record.json, as: UTF8.self) + "\n"
        #expect(try scratch.text("log") == "{\"first\":1}\n" + line + line)
    }

    @Test("a missing file is a fault and is not created")
    func missing() throws {
        let scratch = try Scratch()
        let record = try Self.record(of: "ok-opkssh-certificate")
        let path = scratch.at("log")
        #expect(throws: FileFault.missing(path)) { try Self.log(path).keep(record, process: 1) }
        #expect(throws: FileFault.missing(scratch.at("no/log"))) {
            try Self.log(scratch.at("no/log")).keep(record, process: 1)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("without a file there is nothing to fail")
    func none() throws {
        try Self.log(nil).keep(try Self.record(of: "ok-opkssh-certificate"), process: 1)
    }

    struct Capped: Sendable, CustomStringConvertible {
        let fixture: String
        let size: Int
        let cap: Int64
        let isKept: Bool

        var description: String { "\(fixture), \(size) of \(cap)" }
    }

    private static let capped = [
        Capped(fixture: "a03-es256-all-zero", size: 0, cap: 1, isKept: true),
        Capped(fixture: "a03-es256-all-zero", size: 99, cap: 100, isKept: true),
        Capped(fixture: "a03-es256-all-zero", size: 100, cap: 100, isKept: false),
        Capped(fixture: "a03-es256-all-zero", size: 101, cap: 100, isKept: false),
        Capped(fixture: "a03-es256-all-zero", size: 0, cap: 0, isKept: false),
        Capped(fixture: "a16-host-certificate", size: 100, cap: 100, isKept: false),
        Capped(fixture: "fault-members-unknown-option", size: 100, cap: 100, isKept: false),
        Capped(fixture: "a20-denied-by-claim", size: 100, cap: 100, isKept: true),
        Capped(fixture: "ok-opkssh-certificate", size: 101, cap: 100, isKept: true),
        Capped(fixture: "ok-opkssh-certificate", size: 100, cap: 0, isKept: true),
    ]

    @Test("the cap keeps out what anyone can cause, and nothing else", arguments: capped)
    func cap(_ row: Capped) throws {
        let scratch = try Scratch()
        let before = String(repeating: "x", count: max(0, row.size - 1)) + (row.size > 0 ? "\n" : "")
        let path = try scratch.write("log", before)
        let record = try Self.record(of: row.fixture)
        try Self.log(path, cap: row.cap).keep(record, process: 1)
        let after = before + (row.isKept ? String(decoding: record.json, as: UTF8.self) + "\n" : "")
        #expect(try scratch.text("log") == after)
    }

    @Test("a symbolic link is refused, and its target stays as it is")
    func link() throws {
        let scratch = try Scratch()
        let target = try scratch.write("target", "")
        let path = scratch.at("log")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        let record = try Self.record(of: "ok-opkssh-certificate")
        #expect(throws: FileFault.notRegular(path, .symbolicLink)) { try Self.log(path).keep(record, process: 1) }
        #expect(try scratch.text("target").isEmpty)
    }

    @Test("a dangling link is refused, and no target is made")
    func danglingLink() throws {
        let scratch = try Scratch()
        let path = scratch.at("log")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: scratch.at("target"))
        let record = try Self.record(of: "ok-opkssh-certificate")
        #expect(throws: FileFault.notRegular(path, .symbolicLink)) { try Self.log(path).keep(record, process: 1) }
        #expect(!FileManager.default.fileExists(atPath: scratch.at("target")))
    }

    @Test("a FIFO is refused without waiting, whether or not somebody reads it")
    func fifo() throws {
        let scratch = try Scratch()
        let path = scratch.at("log")
        #expect(unsafe mkfifo(path, 0o600) == 0)
        let record = try Self.record(of: "ok-opkssh-certificate")
        #expect(throws: FileFault.notRegular(path, .fifo)) { try Self.log(path).keep(record, process: 1) }
        let reader = unsafe open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try #require(reader >= 0)
        #expect(throws: FileFault.notRegular(path, .fifo)) { try Self.log(path).keep(record, process: 1) }
        var byte: UInt8 = 0
        #expect(unsafe read(reader, &byte, 1) <= 0)
    }

    @Test("a folder is refused")
    func folder() throws {
        let scratch = try Scratch()
        let record = try Self.record(of: "ok-opkssh-certificate")
        #expect(throws: FileFault.notRegular(scratch.path, .directory)) {
            try Self.log(scratch.path).keep(record, process: 1)
        }
    }

    @Test("a path with a NUL is refused, and so is an empty one", arguments: ["", "/tmp/a\0b"])
    func malformed(_ path: String) throws {
        let record = try Self.record(of: "ok-opkssh-certificate")
        #expect(throws: FileFault.pathMalformed(path)) { try Self.log(path).keep(record, process: 1) }
    }

    @Test("records kept at the same time stand whole, each on a line of its own")
    func concurrent() async throws {
        let scratch = try Scratch()
        let path = try scratch.write("log", "")
        let records = try ["ok-all-options", "a20-denied-by-claim", "a03-es256-all-zero", "a16-host-certificate"]
            .map(Self.record)
        let rounds = 250
        try await withThrowingTaskGroup(of: Void.self) { group in
            for record in records {
                group.addTask { for _ in 0..<rounds { try Self.log(path).keep(record, process: 1) } }
            }
            try await group.waitForAll()
        }
        let text = try scratch.text("log")
        #expect(text.hasSuffix("\n"))
        let found = Dictionary(grouping: text.split(separator: "\n"), by: \.self).mapValues(\.count)
        #expect(
            found
                == Dictionary(
                    uniqueKeysWithValues: records.map { (Substring(decoding: $0.json, as: UTF8.self), rounds) }))
    }
}

/// A folder of one test's own, removed with the value.
private final class Scratch: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("pair-log-\(UUID())").path

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func at(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: at(name)))
        return at(name)
    }

    func text(_ name: String) throws -> String { try String(contentsOfFile: at(name), encoding: .utf8) }
}
