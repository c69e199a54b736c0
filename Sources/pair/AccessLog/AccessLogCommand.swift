import AccessLog
import ArgumentParser
import Encodings
import Foundation

/// `pair access-log`: what was decided on this host.
struct AccessLogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access-log", abstract: "Show who was accepted, who was refused, and why.",
        discussion: """
            Reads the access log and what rotation has made of its past: FILE.1, FILE.2 and so on; compressed files \
            are named and not read. On a terminal there is a table, with times of this machine's zone; in a pipe one \
            JSON object a line, as recorded. An option that is given several times takes any of its values; different \
            options must all hold.

            sshd asks two or three times about one login. Records with the same members but time, at most ten seconds \
            from the first, are one row, with ×2 or ×3 behind it, or one object with a count; two logins by one key \
            in that time are one row, too. With -f a row comes with its first record, and an object has no count.

            accept means that the key may enter, and not that anybody did: the client has still to prove that it \
            holds the key. sshd's own log says who entered.

            Lines that are no records are left out, and named on standard error. The status is 1 where a file could \
            not be read; the others are shown all the same.
            """)

    @OptionGroup(title: "Which records")
    var which: FilterOptions

    @Option(
        name: [.customShort("n"), .customLong("lines")],
        help: ArgumentHelp("The last of them only, so many; with -f 10, unless --since is given.", valueName: "count"))
    var lines: Int?

    @Flag(name: [.customShort("f"), .long], help: "Go on with what is recorded from now on, through every rotation.")
    var follow = false

    @Flag(help: "Count instead: accepted by identity, refused by reason.")
    var summary = false

    @Flag(help: "Each record for itself.")
    var raw = false

    @Flag(help: "JSON on a terminal, too.")
    var json = false

    @Option(help: ArgumentHelp("The log to read instead of pair.toml's; - is the standard input.", valueName: "path"))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "The pair.toml that says where the log is; /etc/pair/pair.toml otherwise.", valueName: "path"))
    var config: String?

    func validate() throws {
        guard lines.map({ $0 >= 0 }) ?? true else { throw ValidationError("-n takes a number that is not negative.") }
        guard !summary || !follow else { throw ValidationError("--summary and -f exclude each other.") }
        guard !summary || lines == nil else { throw ValidationError("--summary and -n exclude each other.") }
        guard !follow || which.until == nil else { throw ValidationError("-f and --until exclude each other.") }
        guard file == nil || config == nil else { throw ValidationError("--file and --config exclude each other.") }
    }

    func run() throws {
        let terminal = Terminal()
        do {
            for reason in which.unknownReasons {
                terminal.complain("pair: --reason \(quoted(reason)): no code that this version knows")
            }
            let filter = try which.filter(at: now(), clock: .local)
            let place = try LogPlace(file: file, configuration: config) { terminal.complain($0) }
            if summary {
                try summarise(place, filter, terminal)
            } else {
                try list(place, filter, terminal)
            }
        } catch let error where error is ExitCode || error is ValidationError {
            throw error
        } catch {
            terminal.complain(about: error)
            throw ExitCode.failure
        }
    }

    private var isForPerson: Bool { !json && isatty(STDOUT_FILENO) == 1 }

    // MARK: - A list

    private func list(_ place: LogPlace, _ filter: EntryFilter, _ terminal: Terminal) throws {
        let listing = Listing(report: report(of: filter), since: filter.since, terminal: terminal)
        switch place {
        case .standardInput where follow: return try listing.followStandardInput()
        case .standardInput, .file: break
        }
        var reading = LogReading(listing.report.take, since: filter.since) { terminal.complain($0) }
        let end = try read(place, by: &reading)
        let isPastWanted = !listing.report.isFull
        let hasFound = try listing.report.endPast()
        finish(reading, isPastWanted: isPastWanted, terminal)
        if follow, case .file(let path) = place { try listing.follow(path, from: end) }
        if !hasFound { sayThatNothingIsThere(place, terminal) }
        if reading.hasFailed { throw ExitCode.failure }
    }

    private func report(of filter: EntryFilter) -> EntryReport {
        let form: EntryReport.Form =
            isForPerson ? .table(EntryTable(clock: .local, style: Style(for: STDOUT_FILENO))) : .json
        let canRedraw = isForPerson && follow && ProcessInfo.processInfo.environment["TERM"] != "dumb"
        return EntryReport(
            form, of: filter, isFolding: !raw, limit: lines ?? (follow && which.since == nil ? 10 : nil),
            isFollowing: follow, width: canRedraw ? widthOfOutput() : nil)
    }

    /// Reads all that there is.
    private func read(
        _ place: LogPlace, by reading: inout LogReading
    ) throws -> (file: LogFile, reader: LogReader)? {
        switch place {
        case .standardInput:
            try reading.readStandardInput()
            return nil
        case .file(let path): return try reading.readFamily(of: path, isGoingOn: follow)
        }
    }

    // MARK: - A summary

    private func summarise(_ place: LogPlace, _ filter: EntryFilter, _ terminal: Terminal) throws {
        var summary = AccessSummary()
        var folding = Folding(isOn: !raw)
        func take(_ entry: AccessEntry) {
            guard filter.matches(entry) else { return }
            _ = folding.take(entry)
            for folded in folding.takeComplete() { summary.count(folded) }
        }
        var reading = LogReading(take, since: filter.since) { terminal.complain($0) }
        _ = try read(place, by: &reading)
        for folded in folding.stillOpen { summary.count(folded) }
        let stream = ResultStream()
        if isForPerson {
            let chart = summary.chart(width: widthOfOutput(), clock: .local, style: Style(for: STDOUT_FILENO))
            for line in chart { try stream.write(line) }
        } else {
            try stream.write(JSON.object(summary.json).encoded)
        }
        try stream.flush()
        finish(reading, isPastWanted: true, terminal)
        if summary.period == nil { sayThatNothingIsThere(place, terminal) }
        if reading.hasFailed { throw ExitCode.failure }
    }

    // MARK: - What is said beside it

    private func finish(_ reading: LogReading, isPastWanted: Bool, _ terminal: Terminal) {
        if let text = reading.malformed.text { terminal.complain(text) }
        guard isPastWanted, !reading.isComplete, let first = reading.unread.first else { return }
        let others = reading.unread.count > 1 ? " and \(reading.unread.count - 1) more" : ""
        terminal.complain(
            "pair: not read: \(Text(first).word)\(others); `gzip -dc FILE | pair access-log --file -` reads one")
    }

    private func sayThatNothingIsThere(_ place: LogPlace, _ terminal: Terminal) {
        guard isForPerson else { return }
        switch place {
        case .standardInput: terminal.say("No record on standard input is like that.")
        case .file(let path): terminal.say("No record in \(Text(path).word) is like that.")
        }
    }
}
