import Encodings
import Foundation
import HTTP
import Testing

@testable import SignIn

@Suite(.timeLimit(.minutes(1))) struct BrowserTests {
    static let text = "https://idp.example/authorize?client_id=a&state=$(x);'%22&scope=a%20b"

    var address: WebAddress { get throws { try WebAddress(Text(BrowserTests.text)) } }

    // MARK: - What there is

    struct Chance: Sendable, CustomTestStringConvertible {
        let environment: [String: String]
        let isThere: Bool
        var testDescription: String { "\(environment)" }
    }

    static let chances = [
        Chance(environment: [:], isThere: false),
        Chance(environment: ["DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": ""], isThere: false),
        Chance(environment: ["BROWSER": " : : & "], isThere: false),
        Chance(environment: ["DISPLAY": ":0"], isThere: true),
        Chance(environment: ["WAYLAND_DISPLAY": "wayland-0"], isThere: true),
        Chance(environment: ["BROWSER": "w3m"], isThere: true),
    ]

    @Test("a browser is worth a try where there is a screen, or one of the person's choice", arguments: chances)
    func canOpen(_ row: Chance) {
        #expect(Browser(environment: row.environment).canOpen == row.isThere)
    }

    struct Words: Sendable, CustomTestStringConvertible {
        let browser: String
        let commands: [[String]]
        var testDescription: String { quoted(browser) }
    }

    static let words = [
        Words(browser: "firefox", commands: [["firefox"]]),
        Words(browser: ":w3m::links2 -g:", commands: [["w3m"], ["links2", "-g"]]),
        Words(browser: "  firefox \t -new-tab  %s &", commands: [["firefox", "-new-tab", "%s"]]),
        Words(browser: "sh -c 'x %s'", commands: [["sh", "-c", "'x", "%s'"]]),
    ]

    @Test("BROWSER is a list of commands, split at blanks and by no shell", arguments: words)
    func chosen(_ row: Words) {
        #expect(Browser(environment: ["BROWSER": row.browser]).chosen == row.commands)
    }

    struct Filled: Sendable, CustomTestStringConvertible {
        let words: [String]
        let arguments: [String]
        var testDescription: String { "\(words)" }
    }

    static let filled = [
        Filled(words: [], arguments: [text]),
        Filled(words: ["-new-tab"], arguments: ["-new-tab", text]),
        Filled(words: ["-u", "%s", "-q"], arguments: ["-u", text, "-q"]),
        Filled(words: ["--url=%s", "%s%s"], arguments: ["--url=" + text, text + text]),
    ]

    @Test("the address stands in place of each %s, or behind the words where there is none", arguments: filled)
    func arguments(_ row: Filled) throws {
        #expect(Browser.arguments(row.words[...], try address) == row.arguments)
    }

    // MARK: - Starting one

    @Test("the browser gets the address as one argument, whatever it holds, and nothing of ours")
    func starts() async throws {
        try await withFolder { folder in
            let report = try folder.browser(
                "chosen",
                """
                printf '%s\\n' "$#" "$1" "$2" "$COLOUR"
                readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2
                """)
            try await report.browser("chosen --new").open(address)
            let lines = await report.lines()
            #expect(lines == ["2", "--new", BrowserTests.text, "blue", "/dev/null", report.path, "/dev/null"])
        }
    }

    @Test("the browser starts with no signal blocked or ignored, in a process group of its own")
    func signals() async throws {
        try await withFolder { folder in
            let report = try folder.report()
            // Not a shell script: a shell unblocks signals. To sed the address is a comment.
            let browser = report.browser("sed -n -e w\(report.path) -e #%s /proc/self/status /proc/self/stat")
            // A task runs where all signals are blocked.
            try await Task.detached { try await browser.open(WebAddress("https://idp.example/")) }.value
            let lines = await report.lines()
            #expect(lines.contains("SigBlk:\t0000000000000000"))
            // Those of 32 and 33 are glibc's own.
            #expect(lines.contains("SigIgn:\t0000000180000000"))
            let numbers = try #require(lines.last).split(separator: " ")
            #expect(numbers[0] == numbers[4], "the process's number and its group's")
        }
    }

    @Test("the first command of BROWSER that is there is taken, before the desktop's own")
    func inTurn() async throws {
        try await withFolder { folder in
            _ = try folder.browser("xdg-open", "echo wrong")
            try FileManager.default.createDirectory(atPath: folder.path + "/folder", withIntermediateDirectories: true)
            let report = try folder.browser("second", "echo second")
            try await report.browser("nowhere:folder:\(folder.path)/folder:second:xdg-open").open(address)
            #expect(await report.lines() == ["second"])
        }
    }

    @Test("without BROWSER the desktop's own is started")
    func desktop() async throws {
        try await withFolder { folder in
            let report = try folder.browser("xdg-open", "echo \"$1\"")
            try await report.browser(nil).open(address)
            #expect(await report.lines() == [BrowserTests.text])
        }
    }

    // MARK: - Where there is none

    struct Failure: Sendable, CustomTestStringConvertible {
        let environment: [String: String]
        let error: BrowserError
        let description: String
        var testDescription: String { description }
    }

    static let failures = [
        Failure(
            environment: ["PATH": "/usr/bin"], error: .noScreen,
            description: "no browser: neither BROWSER nor DISPLAY nor WAYLAND_DISPLAY is set"),
        Failure(
            environment: ["DISPLAY": ":0", "PATH": "/nowhere"], error: .noProgram(["xdg-open"]),
            description: "no browser: \"xdg-open\" not found in PATH"),
        // To many programs that means: none.
        Failure(
            environment: ["DISPLAY": ":0", "PATH": "/usr/bin:/bin", "BROWSER": "none:/etc/passwd x"],
            error: .noProgram(["none", "/etc/passwd"]),
            description: "no browser: \"none\" and \"/etc/passwd\" not found in PATH"),
    ]

    @Test("where there is no browser, what was looked for is said", arguments: failures)
    func fails(_ row: Failure) async throws {
        await #expect(throws: row.error) { try await Browser(environment: row.environment).open(address) }
        #expect(row.error.description == row.description)
        #expect(row.error.advice?.hasSuffix(".") == true)
    }

    private func withFolder(_ body: (BrowserFolder) async throws -> Void) async throws {
        let folder = BrowserFolder(path: FileManager.default.temporaryDirectory.path + "/pair-browser-\(UUID())")
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        try await body(folder)
    }
}

/// A folder of programs that stand in for browsers.
private struct BrowserFolder {
    let path: String

    /// A pipe for the report.
    func report() throws -> BrowserReport {
        let report = BrowserReport(folder: path)
        if !FileManager.default.fileExists(atPath: report.path) {
            let make = try Process.run(URL(fileURLWithPath: "/usr/bin/mkfifo"), arguments: [report.path])
            make.waitUntilExit()
        }
        return report
    }

    /// Writes the shell script `script` as the program `name`; what it prints goes to the report.
    func browser(_ name: String, _ script: String) throws -> BrowserReport {
        let report = try report()
        try Data("#!/bin/sh\nexec > '\(report.path)'\n\(script)\n".utf8).write(
            to: URL(fileURLWithPath: "\(path)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(path)/\(name)")
        return report
    }
}

/// What a program of the folder prints, which it can only do while somebody reads.
private struct BrowserReport {
    let folder: String
    var path: String { folder + "/report" }

    /// A browser as BROWSER, in a place with nothing but the folder's programs and the system's small ones.
    func browser(_ command: String?) -> Browser {
        var environment = ["PATH": "\(folder):/usr/bin:/bin", "DISPLAY": ":0", "COLOUR": "blue"]
        environment["BROWSER"] = command
        return Browser(environment: environment)
    }

    /// All of it, once the program has ended.
    func lines() async -> [String] {
        let path = path
        let bytes = await withCheckedContinuation { continuation in
            // A thread of its own: opening waits for the other end.
            Thread { continuation.resume(returning: try? FileHandle(forReadingAtPath: path)?.readToEnd()) }.start()
        }
        return String(decoding: bytes ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
