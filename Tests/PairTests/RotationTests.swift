import Foundation
import Testing

@testable import TestSupport

/// logrotate, run by root with the file that we ship, where somebody has put links in its way.
@Suite(
    .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/logrotate")
            || ProcessInfo.processInfo.environment["CI"] == "true", "needs logrotate"),
    .enabled(if: NSUserName() == "root"))
struct RotationTests {
    private let log: LogFolder

    /// A folder with the shipped file for the log in it, and a file that must stay as it is.
    init() throws {
        let shipped = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../docs/logrotate.conf")
        let text = try String(contentsOf: shipped.standardizedFileURL, encoding: .utf8)
        log = try LogFolder(["target": ["secret"]])
        let here = text.replacing("/var/log/pair/access.jsonl", with: log.at("log"))
        // _pair need not exist here.
        try log.write(here.replacing("_pair adm", with: "daemon adm"), to: "logrotate.conf")
        try log.scratch.run("chmod", "644", "logrotate.conf")
        try log.scratch.run("chmod", "600", "target")
    }

    private func rotate() throws {
        try log.scratch.run(
            "/usr/sbin/logrotate", "--force", "--state", log.at("state"), log.at("logrotate.conf"))
    }

    private func expectUntouched(at location: SourceLocation = #_sourceLocation) throws {
        let shape = String(decoding: try log.scratch.run("stat", "-c", "%F %a %U", "target"), as: UTF8.self)
        #expect(shape == "regular file 600 root\n", sourceLocation: location)
        #expect(try log.text("target") == "secret\n", sourceLocation: location)
    }

    @Test("a link in the place of the log is not rotated, and its target stays as it is")
    func linkAtLog() throws {
        try log.scratch.run("ln", "-s", "target", "log")
        try rotate()
        try expectUntouched()
        #expect(try log.scratch.run("readlink", "log") == Array("target\n".utf8))
    }

    @Test("links in the place of former logs are moved on, not written through", arguments: ["-s", "-P"])
    func linkAtFormerLog(_ flag: String) throws {
        try log.write("a\n", to: "log")
        for name in ["log.1", "log.2", "log.12", "log.13"] { try log.scratch.run("ln", flag, "target", name) }
        try rotate()
        try expectUntouched()
        #expect(try log.text("log.1") == "a\n")
        let shape = String(decoding: try log.scratch.run("stat", "-c", "%F %a %U %G %s", "log"), as: UTF8.self)
        #expect(shape == "regular empty file 640 daemon adm 0\n")
    }

    @Test("whoever owns the log can put no link beside it, in a folder such as it has")
    func folder() throws {
        try log.write("a\n", to: "log")
        try log.scratch.run("chown", "daemon:adm", "log")
        try log.scratch.run("chmod", "755", ".")
        let script = """
            exec 2>/dev/null
            echo b >>log && echo written
            ln -s target log.1 || mv log log.2 || rm log || echo refused
            """
        let output = try log.scratch.run(
            "setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "sh", "-c", script)
        #expect(String(decoding: output, as: UTF8.self) == "written\nrefused\n")
    }
}
