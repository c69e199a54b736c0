// A person at a machine of their own: a home directory, a browser, and pair.

import Foundation
import Testing

/// Somebody with a home directory of their own, who types `pair`.
///
/// Nothing of the tests' own environment is in theirs.
struct Person: Sendable {
    let lab: Lab
    let home: String
    private(set) var environment: [String: String]
    /// Where the browser is, and what it leaves.
    private let desk: String
    /// What runs something as their local account; empty for people who have none.
    private var account: [String] = []

    /// Who is `name` at the provider and has that browser of `Tests/Lab/lab browser`.
    ///
    /// Their home is new, or `home`, in which there is nothing of pair's.
    init(_ name: String = "alice", browser: String = "light", home: String? = nil, in lab: Lab) throws {
        self.lab = lab
        // A name that is short enough for a socket's path, and for no secret.
        desk = "\(lab.folder)/people/\(UInt32.random(in: 0x1000_0000...UInt32.max))"
        self.home = home ?? "\(desk)/home"
        try FileManager.default.createDirectory(atPath: "\(desk)/home", withIntermediateDirectories: true)
        environment = [
            "HOME": self.home, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "PAIR_LAB_CACHE": Lab.cache,
            "BROWSER": "\(desk)/browser", "OIDC_USER": name, "OIDC_PAGE": "\(desk)/page.html", "OIDC_VERBOSE": "1",
        ]
        environment["TZ"] = Lab.environment["TZ"]
        // Keeps a record of when it was opened and how it ended.
        let script = """
            #!/bin/sh
            echo "opened $1" >>\(desk)/browser.log
            \(Lab.tool) browser \(browser) "$1" 2>>\(desk)/browser.err
            echo "ended $?" >>\(desk)/browser.log
            """
        try lab.write(script, to: "\(desk)/browser")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(desk)/browser")
        try configure()
    }

    /// The person who has the local account `login`, with a home that is empty but for a configuration of ssh.
    init(at login: String, in lab: Lab) async throws {
        let home = "\(lab.folder)/home/\(login)"
        for folder in [".ssh", ".config"] { try? FileManager.default.removeItem(atPath: "\(home)/\(folder)") }
        try self.init(home: home, in: lab)
        environment.merge(["USER": login, "SHELL": "/bin/sh"]) { $1 }
        let group = try await Command.output(of: "id", "-g", login)
        account = ["setpriv", "--reuid=\(login)", "--regid=\(group)", "--clear-groups"]
        try FileManager.default.createDirectory(
            atPath: "\(home)/.ssh", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try lab.write(try lab.contents(of: "\(lab.folder)/ssh_config"), to: "\(home)/.ssh/config")
        _ = try await Command.output(of: "chown", "-R", "\(login):\(group)", home)
    }

    /// The same person with other variables; an empty one is taken away.
    func with(_ variables: [String: String]) -> Person {
        var other = self
        other.environment.merge(variables) { $1 }
        other.environment = other.environment.filter { !$0.value.isEmpty }
        return other
    }

    /// The command line of something that they run.
    func command(_ arguments: [String]) -> [String] {
        account + ["env", "-i"] + environment.map { "\($0.key)=\($0.value)" }.sorted() + arguments
    }

    /// Runs something.
    func run(_ arguments: String...) async throws -> Command { try await Command.run(command(arguments)) }

    /// Runs `pair`, and waits for the browsers that it opened.
    func pair(_ arguments: String...) async throws -> Command {
        try forgetBrowser()
        let command = try await Command.run(command([lab.pair] + arguments))
        try await browserEnded()
        return command
    }

    /// The same while the test goes on, with somebody who types; whoever uses it waits for the browsers.
    func startPair(_ arguments: String...) throws -> Running { try startPair(arguments) }

    func startPair(_ arguments: [String]) throws -> Running {
        try forgetBrowser()
        return try Running(command([lab.pair] + arguments), isTypedTo: true)
    }
}

// MARK: Files

extension Person {
    /// Where `pair` keeps Keys.
    var folder: String { "\(home)/.ssh/pair" }

    var configFile: String { "\(home)/.config/pair/config.toml" }

    /// The Keys called `name`.
    func keys(_ name: String = "lab") -> Keys {
        Keys(path: "\(folder)/\(name)", publicPath: "\(folder)/\(name)-cert.pub")
    }

    /// Writes config.toml with the lab's provider, and `more` lines about it.
    func configure(_ more: String = "") throws {
        try configure(
            whole: """
                [[provider]]
                name = "lab"
                issuer = "\(lab.issuer)"
                client_id = "pair-cli"
                \(more)
                """)
    }

    func configure(whole text: String) throws {
        try FileManager.default.createDirectory(
            atPath: "\(home)/.config/pair", withIntermediateDirectories: true)
        try lab.write(text, to: configFile)
    }

    /// What is in `~/.ssh`: each file's path in there, with its mode and its bytes; folders without bytes.
    func files() throws -> [String: File] {
        let manager = FileManager.default
        var files: [String: File] = [:]
        for path in (try? manager.subpathsOfDirectory(atPath: "\(home)/.ssh")) ?? [] {
            let attributes = try manager.attributesOfItem(atPath: "\(home)/.ssh/\(path)")
            files[path] = File(
                mode: (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0,
                bytes: manager.contents(atPath: "\(home)/.ssh/\(path)") ?? Data())
        }
        return files
    }

    struct File: Equatable, Sendable {
        let mode: Int
        let bytes: Data
    }

    /// A member of the state of Keys, as it is on the disk.
    func state(_ name: String = "lab") throws -> [String: any Sendable] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name).json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: any Sendable])
    }
}

// MARK: The browser

extension Person {
    /// The addresses that the browser was opened with since `pair` was last run.
    var visits: [String] { browserLog.filter { $0.first == "opened" }.map { String($0[1]) } }

    /// What the listener answered since then: the statuses of its pages.
    var answers: [Int] {
        lines(of: "browser.err").compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
    }

    /// The last page that the browser showed, and the first where there were several.
    var page: Page { page("page.html") }
    var firstPage: Page { page("page.html.first") }

    private func page(_ file: String) -> Page { Page(html: (try? lab.contents(of: "\(desk)/\(file)")) ?? "") }

    /// Goes through the provider's pages from `address`, and to whoever listens in the end.
    func browse(_ address: String) async throws { _ = try await lightBrowser(address) }

    /// Where the browser would be sent to in the end, without going there.
    func redirect(from address: String) async throws -> String {
        try await with(["OIDC_STOP_AT_REDIRECT": "1"]).lightBrowser(address)
    }

    private func lightBrowser(_ address: String) async throws -> String {
        var here = self
        here.account = []  // who may not run the lab's browser
        return try await Command.output(of: here.command([Lab.tool, "browser", "light", address]))
    }

    /// Waits for all browsers to have ended: they outlive `pair`.
    func browserEnded() async throws {
        let isOver = try await awaited { () -> Bool? in
            let log = browserLog
            return log.count { $0.first == "opened" } == log.count { $0.first == "ended" } ? true : nil
        }
        if isOver == nil { throw Unavailable(description: "a browser of \(desk) does not end") }
    }

    private var browserLog: [[Substring]] { lines(of: "browser.log").map { $0.split(separator: " ") } }

    private func lines(of file: String) -> [Substring] {
        ((try? lab.contents(of: "\(desk)/\(file)")) ?? "").split(separator: "\n")
    }

    private func forgetBrowser() throws {
        for file in ["browser.log", "browser.err", "page.html", "page.html.first"] {
            try? FileManager.default.removeItem(atPath: "\(desk)/\(file)")
        }
    }
}

extension Person {
    /// Has the state of Keys say that they were made earlier, so that what is left of their life is its end.
    func pretendMadeEarlier(_ name: String = "lab") throws {
        var state = try state(name)
        state["issued"] = (state["issued"] as? Int ?? 0) - 1000
        let data = try JSONSerialization.data(withJSONObject: state)
        try data.write(to: URL(fileURLWithPath: "\(folder)/\(name).json"))
    }
}

/// A page of the listener's; without anything in it where there was none.
struct Page: Sendable, CustomStringConvertible {
    let html: String

    /// How it says that the sign-in ended; nil where it says nothing of that.
    var outcome: String? { html.firstMatch(of: /id="done"[^>]*data-outcome="([^"]*)"/).map { String($0.1) } }

    /// What it says to people.
    var description: String {
        let main = html.components(separatedBy: "<main>").last ?? ""
        return main.replacing(/<[^>]*>/, with: " ").replacing("&quot;", with: "\"").replacing("&#39;", with: "'")
    }
}

// MARK: Expectations

extension Command {
    /// What of the output could be a secret: a private key, and long random text outside of the addresses to open.
    var secrets: [Substring] {
        let text = (output + "\n" + error).split(separator: "\n").filter { !$0.contains("response_type=code") }
            .joined(separator: "\n")
        // Fingerprints are long, too, and known to everybody.
        return text.matches(of: /PRIVATE KEY|(?:SHA256:)?[A-Za-z0-9_\-]{25,}/).map { $0.0 }
            .filter { !$0.starts(with: "SHA256:") }
    }

}

extension Running {
    /// Waits until it says `text`.
    func says(_ text: String) async throws {
        let isSaid = try await awaited { said.contains(text) ? true : nil }
        if isSaid == nil { throw Unavailable(description: "it never says '\(text)' but:\n\(said)") }
    }

    /// Waits for an address to open in a browser, another one than `previous`, and for what is said behind it.
    func address(after previous: String? = nil) async throws -> String {
        let address = try await awaited { () -> String? in
            let parts = said.components(separatedBy: "paste it here").dropLast()
            let words = parts.last?.split(whereSeparator: \.isWhitespace) ?? []
            let address = words.last { $0.contains("response_type=code") }.map(String.init)
            return address == previous ? nil : address
        }
        return try #require(address, "\(said)")
    }
}

/// Expects success without a secret in what was said.
func expectSuccess(_ command: Command, at location: SourceLocation = #_sourceLocation) {
    #expect(command.status == 0, "\(command)", sourceLocation: location)
    #expect(command.secrets.isEmpty, "\(command)", sourceLocation: location)
}

/// Expects a failure that says `texts`, and no secret.
func expectFailure(
    _ command: Command, status: Int32 = 1, saying texts: String..., at location: SourceLocation = #_sourceLocation
) {
    #expect(command.status == status, "\(command)", sourceLocation: location)
    #expect(command.output.isEmpty, "\(command)", sourceLocation: location)
    for text in texts { #expect(command.error.contains(text), "\(command)", sourceLocation: location) }
    #expect(command.secrets.isEmpty, "\(command)", sourceLocation: location)
}
