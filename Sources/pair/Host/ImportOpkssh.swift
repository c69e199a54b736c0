import ArgumentParser
import Encodings
import Foundation
import HostFiles
import Upkeep

extension Host {
    /// `pair host import-opkssh`: what opkssh goes by on this host, as pair.toml and members.
    struct ImportOpkssh: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import-opkssh", abstract: "Make pair.toml and members of opkssh's files.",
            discussion: """
                Reads providers, auth_id, config.yml and the names in policy.d, and says of each line what became of it: \
                equal, stricter, looser, no equal, no effect (in opkssh itself), or a note. What is not taken over stands \
                in the new files as a comment. Nothing of opkssh's is changed.

                Without --out both files are printed, and what became of the lines on standard error. The status is 1 \
                where something that has effect in opkssh has no equal here; all else is taken over all the same.
                """)

        @Option(help: ArgumentHelp("Where opkssh's files are.", valueName: "dir"))
        var from = "/etc/opk"

        @Flag(help: "Take over users' own ~/.opk/auth_id too, each for its own login; for root.")
        var homes = false

        @Option(
            help: ArgumentHelp(
                "Where to put pair.toml and members; a file that is there is left alone.", valueName: "dir"))
        var out: String?

        @Option(help: ArgumentHelp("The name of the Space; the host's name otherwise.", valueName: "name"))
        var space: String?

        @Flag(help: "Both files and what became of the lines, as one JSON object on standard output.")
        var json = false

        @Flag(help: "Write nothing, whatever --out says.")
        var dryRun = false

        func run() throws {
            let terminal = Terminal()
            var isComplete = true
            do {
                isComplete = try run(terminal)
            } catch {
                terminal.complain(about: error)
                throw ExitCode.failure
            }
            if !isComplete { throw ExitCode.failure }
        }

        /// Whether everything that has effect in opkssh was taken over.
        private func run(_ terminal: Terminal) throws -> Bool {
            let reading = try OpksshReading(folder: from, withHomes: homes)
            let made = try OpksshImport(of: reading.files, space: try space ?? hostName())
            let report = OpksshReport(findings: made.findings + reading.findings)
            let destination = try out.map { try Destination(folder: $0) }
            let isWritten = destination != nil && !dryRun
            if isWritten { try destination?.write(made) }
            if json {
                print(String(decoding: JSON.object(object(of: made, report, destination)).encoded, as: UTF8.self))
            } else if let destination {
                print(report.text(style: Style(for: STDOUT_FILENO)))
                let paths = destination.paths.map { shown($0) }.joined(separator: " and ")
                print(dryRun ? "Nothing is written; it would be \(paths)." : "Written: \(paths).")
            } else {
                print("# pair.toml\n\(made.configuration)\n# members\n\(made.members)", terminator: "")
                terminal.complain(report.text(style: terminal.style))
            }
            return report.isComplete
        }

        private func object(of made: OpksshImport, _ report: OpksshReport, _ destination: Destination?) -> JSON.Object {
            var files = JSON.Object()
            files.add("pair.toml", made.configuration)
            files.add("members", made.members)
            var object = JSON.Object()
            object.add("files", .object(files))
            let written = dryRun ? [] : destination?.paths ?? []
            object.add("written", .array(written.map { .string(Text($0)) }))
            object.add("findings", .array(report.findings.map { .object($0.json) }))
            return object
        }

        /// The machine's own name, without its domain.
        private func hostName() throws -> String {
            let path = "/proc/sys/kernel/hostname"
            guard let name = FileManager.default.contents(atPath: path).flatMap({ String(data: $0, encoding: .utf8) })
            else {
                throw Failure(description: "\(path): cannot be read", advice: "Name the Space with --space.")
            }
            return String(name.prefix { $0 != "." && !$0.isNewline })
        }
    }
}

/// Where the two files go.
private struct Destination {
    let folder: String

    private static let names = ["members", "pair.toml"]

    var paths: [String] { Self.names.map { path(of: $0) } }

    /// - Throws: A `Failure` where one of the files is there already.
    init(folder: String) throws {
        self.folder = folder
        for name in Self.names where (try? FileManager.default.attributesOfItem(atPath: path(of: name))) != nil {
            throw Failure(
                description: "\(shown(path(of: name))): there already, and never written over; nothing was written",
                advice: "Name another folder with --out, and put the two together by hand.")
        }
    }

    func write(_ made: OpksshImport) throws(FileFault) {
        try makeFolder(folder, mode: 0o755)
        let open = try OpenFolder(folder, ownedBy: .rootOrSelf)
        // pair.toml last: as soon as it is there the rest is.
        try open.replace("members", with: Array(made.members.utf8), mode: 0o644)
        do {
            try open.replace("pair.toml", with: Array(made.configuration.utf8), mode: 0o644)
        } catch {
            _ = try? open.remove("members")
            throw error
        }
    }

    private func path(of name: String) -> String {
        folder.utf8.last == UInt8(ascii: "/") ? folder + name : "\(folder)/\(name)"
    }
}

extension OpksshImportError: Advising {}
