internal import Encodings
internal import Foundation
public import HTTP

/// Opens an address in the person's browser.
///
/// The address is an argument of the browser's, for every local user to see in the list of processes. In an
/// authorization request that does no harm: state, nonce and PKCE challenge are of no use without the verifier, which
/// stays here.
public struct Browser: Sendable {
    /// What is looked at: `BROWSER`, `PATH`, `DISPLAY`, `WAYLAND_DISPLAY`; the browser gets it all.
    public let environment: [String: String]

    /// A browser as `environment` tells.
    public init(environment: [String: String]) {
        self.environment = environment
    }

    /// Whether there is any use in trying: a browser of the person's choice, or a screen to show one on.
    public var canOpen: Bool { !chosen.isEmpty || hasScreen }

    /// Starts a browser, and does not wait for it: it outlives this process, and is not interrupted with it.
    ///
    /// Those that `$BROWSER` lists are tried in turn, or else the desktop's own. What became of it then is not known:
    /// the address has to be printed as well.
    /// - Parameter address: What to show.
    /// - Throws: each case of `BrowserError`.
    public func open(_ address: WebAddress) async throws(BrowserError) {
        guard canOpen else { throw .noScreen }
        let commands = chosen.isEmpty ? [Browser.opener] : chosen
        var failure = BrowserError.noProgram(commands.compactMap(\.first))
        for command in commands {
            guard let name = command.first, let program = path(of: name) else { continue }
            do throws(BrowserError) {
                return try await start(program, Browser.arguments(command.dropFirst(), address))
            } catch {
                failure = error
            }
        }
        throw failure
    }
}

/// Why no browser was started.
public enum BrowserError: Error, Equatable, Sendable {
    /// `$BROWSER` names none, and there is no screen to show one on.
    case noScreen
    /// None of these is there.
    case noProgram([String])
    /// It is there, but could not be started.
    case couldNotStart(program: String, detail: String)
}

extension BrowserError: CustomStringConvertible {
    /// What was looked for, without a full stop.
    public var description: String {
        switch self {
        case .noScreen: "no browser: neither BROWSER nor DISPLAY nor WAYLAND_DISPLAY is set"
        case .noProgram(let names):
            "no browser: \(names.map { quoted($0) }.joined(separator: " and ")) not found in PATH"
        case .couldNotStart(let program, let detail): "\(quoted(program)) could not be started: \(quoted(detail))"
        }
    }

    /// What to do about it, in a full sentence.
    public var advice: String? {
        switch self {
        case .noScreen: "Open the address in a browser on this machine, or use --no-browser for one on another."
        case .noProgram, .couldNotStart:
            "Open the address yourself, and set BROWSER to your browser's command, or install xdg-utils."
        }
    }
}

extension Browser {
    /// The commands that `$BROWSER` lists, each as its words; a `&` at the end, for a shell, is left out.
    ///
    /// Words are split at blanks and nothing is quoted, as xdg-open reads it: no shell ever sees the address.
    var chosen: [[String]] {
        (environment["BROWSER"] ?? "").split(separator: ":").map { command in
            let words = command.split { $0 == " " || $0 == "\t" }.map(String.init)
            return words.last.map { Text($0) } == "&" ? words.dropLast() : words
        }.filter { !$0.isEmpty }
    }

    /// `words` with the address in place of each `%s`, or behind them where there is none.
    static func arguments(_ words: ArraySlice<String>, _ address: WebAddress) -> [String] {
        let filled = words.map { $0.replacingOccurrences(of: "%s", with: address.description) }
        return words.contains { $0.contains("%s") } ? filled : filled + [address.description]
    }

    /// Where the program called `name` is, `nil` where it is nowhere.
    func path(of name: String) -> String? {
        if name.contains("/") { return Browser.isProgram(name) ? name : nil }
        return (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: Browser.pathSeparator)
            .map { "\($0)/\(name)" }.first(where: Browser.isProgram)
    }

    private static func isProgram(_ path: String) -> Bool {
        // A folder is executable too, but only a folder has something called `.` in it.
        let files = FileManager.default
        return files.isExecutableFile(atPath: path) && !files.fileExists(atPath: path + "/.")
    }

    private func start(_ program: String, _ arguments: [String]) async throws(BrowserError) {
        let command = await Browser.withPlainSignals([program] + arguments)
        let process = Browser.process(command)
        process.environment = environment
        do {
            // In a group of its own, so that Ctrl-C at our terminal is not for it; reaped by Foundation while we live.
            try process.run()
        } catch {
            throw .couldNotStart(program: program, detail: "\(error)")
        }
    }

    /// `command`, made to start with no signal blocked or ignored.
    ///
    /// Signals that are blocked in the thread that starts a program stay so in the program, and Foundation leaves that
    /// as it is. In Swift's own threads all are, and on Linux what runs on the main actor runs on one of those, too,
    /// after the first `await`: a browser could then not be ended but by SIGKILL, and would not hear of its own
    /// children. Calls that change a thread's mask take pointers, so GNU's env does it, where this machine has it
    /// (coreutils 8.31 or newer); it asks nothing else of the command, and becomes it.
    private static func withPlainSignals(_ command: [String]) async -> [String] {
        #if os(Linux)
            let prefix = ["/usr/bin/env", "--default-signal"]
            // Others say that they know no such option.
            return await status(of: prefix + ["--version"]) == 0 ? prefix + command : command
        #else
            return command
        #endif
    }

    private static func status(of command: [String]) async -> Int32? {
        await withCheckedContinuation { continuation in
            let process = process(command)
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(returning: nil) }
        }
    }

    /// With nothing of ours: browsers are talkative, and our standard output may be somebody's input.
    private static func process(_ command: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command.first ?? "")
        process.arguments = Array(command.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        return process
    }
}

// MARK: - What differs between systems

extension Browser {
    #if os(Windows)
        // Not `start`, which is cmd's: to a shell the `&` in an address has a meaning.
        static let opener = ["rundll32.exe", "url.dll,FileProtocolHandler"]
        private static let pathSeparator: Character = ";"
        private var hasScreen: Bool { true }
    #elseif os(macOS)
        static let opener = ["/usr/bin/open"]
        private static let pathSeparator: Character = ":"
        private var hasScreen: Bool { true }
    #else
        static let opener = ["xdg-open"]
        private static let pathSeparator: Character = ":"
        private var hasScreen: Bool {
            [environment["DISPLAY"], environment["WAYLAND_DISPLAY"]].contains { $0?.isEmpty == false }
        }
    #endif
}
