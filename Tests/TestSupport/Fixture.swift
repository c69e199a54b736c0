// The replayable logins of Fixtures, made by other tools than ours, as material for the tests of Decision.

import Decision
import Encodings
import Foundation
import Policy
import SSHKeys

/// A folder of Fixtures.
struct Fixture: Sendable, CustomStringConvertible {
    let name: String
    /// The line, `refused: CODE` or `fault: CODE`.
    let expected: String

    var description: String { name }

    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures")

    /// Every fixture but those about the command line or files that cannot be read, which no decision comes to.
    static let all: [Fixture] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().compactMap { try? Fixture($0) }.filter { fixture in
            fixture.expected != "fault: usage" && fixture.bytes("pair.toml") != nil
        }
    }()

    init(_ name: String) throws {
        let text = try String(contentsOf: Fixture.folder.appendingPathComponent("\(name)/expect"), encoding: .utf8)
        self.name = name
        expected = String(text.dropLast())
    }

    /// The plain key of the accepted line.
    var acceptedKey: AuthorizedKey {
        get throws { try AuthorizedKey(line: expected.utf8) }
    }

    private func bytes(_ file: String) -> [UInt8]? {
        let url = Fixture.folder.appendingPathComponent("\(name)/\(file)")
        return (try? Data(contentsOf: url)).map { Array($0) }
    }

    /// What the folder holds.
    func load() throws -> Case {
        let now = String(decoding: try require("now").dropLast(), as: UTF8.self)
        let time = UnixTime(rfc3339: now.utf8) ?? Int64(now).map(UnixTime.init(seconds:))
        guard let time else { throw Unusable(description: "\(name): now is no time") }
        var loaded = Case(
            toml: try require("pair.toml"), members: bytes("members"), accounts: bytes("accounts"),
            revoked: bytes("revoked"), now: time)
        loaded.policy = bytes("policy")
        let sets = Fixture.folder.appendingPathComponent("\(name)/keysets")
        for file in (try? FileManager.default.contentsOfDirectory(atPath: sets.path)) ?? [] {
            loaded.keySets[String(file.dropLast(".json".count))] = bytes("keysets/\(file)")
        }
        try loadArguments(into: &loaded)
        return loaded
    }

    private func loadArguments(into loaded: inout Case) throws {
        let arguments = try JSON(parsing: try require("argv")).elements?.compactMap(\.text) ?? []
        var flags: [String: Text] = [:]
        for index in stride(from: 0, to: arguments.count - 1, by: 2) {
            flags[arguments[index].string] = arguments[index + 1]
        }
        loaded.login = flags["--user"] ?? ""
        // The one group that a fixture can rely on wherever it is replayed.
        loaded.groups = loaded.login == "root" ? ["root": .success(.member)] : [:]
        loaded.uid = flags["--uid"].flatMap { UInt32($0.string) }
        loaded.keyType = flags["--type"]
        var key = Array((flags["--key"] ?? "").utf8)
        if key.first == UInt8(ascii: "@") {
            key = try require(String(decoding: key.dropFirst(), as: UTF8.self))
            if key.last == 0x0A { key.removeLast() }
        }
        if AuthorizedKey.startsWithType(key) {
            key = Array(key.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }).dropFirst().first ?? [])
        }
        loaded.key = key
    }

    private func require(_ file: String) throws -> [UInt8] {
        guard let bytes = bytes(file) else { throw Unusable(description: "\(name): no \(file)") }
        return bytes
    }
}

/// A fixture as it was decided, which many tests look at.
struct Decided: Sendable, CustomStringConvertible {
    let fixture: Fixture
    let decision: Decision
    /// The same with the checks kept.
    let explained: Decision

    var description: String { fixture.name }

    static let all = Fixture.all.compactMap { fixture -> Decided? in
        guard let login = try? fixture.load() else { return nil }
        return Decided(fixture: fixture, decision: login.decided(), explained: login.decided(isExplained: true))
    }
}

struct Unusable: Error, CustomStringConvertible {
    let description: String
}
