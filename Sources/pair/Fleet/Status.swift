import ArgumentParser
import Encodings
import Etcd
import Foundation
import HostFiles
import Policy
import Upkeep

extension FleetCommand {
    /// `pair fleet status`: which host has which policy.
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show how far each host of a fleet is, and why some lag.",
            discussion: """
                Hosts say so themselves, in etcd, for as long as they are there. A host that says nothing is seen only where \
                --hosts names it.

                The status is 1 where a host lags, says nothing, or has a policy that does not count, and where it is not \
                known what is published. With --json there is one object: published; problem, where the policy there is not \
                that one; and hosts with host, state (current, behind, invalid, unknown, silent), space, serial, behind_by, \
                applied, since, fault, problem, doctor.
                """)

        @OptionGroup var etcd: EtcdOptions

        @Option(
            help: ArgumentHelp(
                "The hosts that ought to be there: a name a line; - for standard input.", valueName: "file"))
        var hosts: String?

        @Flag(help: "Only the hosts that lag or say nothing.")
        var lagging = false

        @Option(help: ArgumentHelp("For how long to try.", valueName: "seconds"))
        var timeout = 20

        @Flag(help: "One JSON object.")
        var json = false

        func validate() throws {
            guard (1...3600).contains(timeout) else { throw ValidationError("--timeout: 1 to 3600 seconds expected") }
        }

        func run() async throws {
            let terminal = Terminal(isQuiet: json)
            var isWell = true
            try await terminal.reporting {
                let place = etcd.place
                let names = try hosts.map(Self.names) ?? []
                let client = try place.client()
                terminal.wait(for: "Asking etcd")
                let status = try await FleetStatus(
                    client: client, prefix: place.prefix, expected: names, until: .now + .seconds(timeout))
                terminal.wait(for: nil)
                let report = FleetReport(status, onlyLagging: lagging, now: now())
                isWell = report.isWell
                if json {
                    print(String(decoding: JSON.object(report.json).encoded, as: UTF8.self))
                } else {
                    print(report.text(style: Style(for: STDOUT_FILENO)))
                }
            }
            if !isWell { throw ExitCode(1) }
        }

        private static func names(in path: String) throws -> [Text] {
            let bytes =
                path == "-"
                ? Array(FileHandle.standardInput.readDataToEndOfFile())
                : try HostFile(path, ownedBy: .any).read(limit: 64 << 20)
            let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            let names = lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && $0.first != "#" }
            for name in names where !HostReport.isName(name) {
                throw Failure(
                    description: "\(shown(path)): a name of a host expected, \(quoted(name)) found",
                    advice: "Write a name a line; what begins with # is passed over.")
            }
            return names.map { Text($0) }
        }
    }
}

/// What there is of a fleet, for people and for programs.
struct FleetReport {
    private let status: FleetStatus
    private let shownHosts: [FleetStatus.HostStatus]
    private let now: UnixTime

    init(_ status: FleetStatus, onlyLagging: Bool, now: UnixTime) {
        self.status = status
        self.now = now
        shownHosts = status.hosts.filter { !onlyLagging || $0.standing(to: status.published) != .current }
    }

    /// Whether it is known what is published, and each host has it.
    var isWell: Bool {
        status.published != nil && problem == nil
            && status.hosts.allSatisfy { $0.standing(to: status.published) == .current }
    }

    /// What is wrong with what is published; `nil` where that is not known either.
    ///
    /// Hosts follow the policy, and its serial beside it is for etcd: somebody may have set the one without the other.
    private var problem: String? {
        guard let policy = status.policy else { return nil }
        guard let header = try? PolicyHeader(parsing: policy.prefix(PolicyHeader.maximumHeader)) else {
            return "what is published is no policy"
        }
        return header.serial == status.published ? nil : "the policy that is published has serial \(header.serial)"
    }

    // MARK: - For programs

    var json: JSON.Object {
        var object = JSON.Object()
        if let published = status.published { object.add("published", .integer(Int64(clamping: published))) }
        object.add("problem", problem)
        object.add("hosts", .array(shownHosts.map { .object(json(of: $0)) }))
        return object
    }

    private func json(of host: FleetStatus.HostStatus) -> JSON.Object {
        var object = JSON.Object()
        object.add("host", .string(host.name))
        let standing = host.standing(to: status.published)
        switch standing {
        case .current: object.add("state", "current")
        case .behind(let count):
            object.add("state", "behind")
            if let count { object.add("behind_by", .integer(Int64(clamping: count))) }
        case .invalid: object.add("state", "invalid")
        case .unknown: object.add("state", "unknown")
        case .silent(let silence):
            object.add("state", "silent")
            object.add("problem", Self.words(silence))
        }
        if case .success(let report) = host.report {
            for member in report.json.members where member.name != "host" && member.name != "version" {
                object.add(member.name, member.value)
            }
        }
        return object
    }

    // MARK: - For people

    func text(style: Style) -> String {
        let counts = Dictionary(grouping: status.hosts) { Self.kind($0.standing(to: status.published)) }
            .mapValues(\.count)
        let sentence = [
            status.published.map { "serial \($0) is published" } ?? "no serial is published",
            "\(status.hosts.count) host\(status.hosts.count == 1 ? "" : "s")",
        ]
        let rest = ["current", "behind", "invalid", "unknown", "silent"].compactMap { kind in
            counts[kind].map { "\($0) \(kind)" }
        }
        let summary = (sentence + rest).joined(separator: ", ") + (problem.map { "\n\($0)" } ?? "")
        guard !shownHosts.isEmpty else { return summary }
        var table = Table(["HOST", "SPACE", "SERIAL", "BEHIND", "APPLIED", "DOCTOR", "STATE"], style: style)
        for host in shownHosts { table.add(cells(of: host, style)) }
        return table.text + "\n\n" + summary
    }

    private static func kind(_ standing: FleetStatus.Standing) -> String {
        switch standing {
        case .current: "current"
        case .behind: "behind"
        case .invalid: "invalid"
        case .unknown: "unknown"
        case .silent: "silent"
        }
    }

    private func cells(of host: FleetStatus.HostStatus, _ style: Style) -> [Table.Cell] {
        let standing = host.standing(to: status.published)
        guard case .success(let report) = host.report else {
            let state = Table.Cell(words(standing, nil), style.red)
            return [Table.Cell(Self.plain(host.name.string))] + (0..<5).map { _ in Table.Cell("-") } + [state]
        }
        let behind =
            switch standing {
            case .behind(let count?): "\(count)"
            case .current, .behind(nil), .invalid, .unknown, .silent: "-"
            }
        let colour = standing == .current ? report.problem == nil ? style.green : style.yellow : style.red
        return [
            Table.Cell(Self.plain(host.name.string)), Table.Cell(Self.plain(report.space)),
            Table.Cell(report.serial.map { "\($0)" } ?? "-"), Table.Cell(behind),
            Table.Cell(report.applied.map(age) ?? "-"), doctor(report.doctor, style),
            Table.Cell(words(standing, report.problem), colour),
        ]
    }

    private func age(_ time: UnixTime) -> String {
        time > now ? "in \(time.since(now))" : "\(now.since(time)) ago"
    }

    private func doctor(_ found: HostReport.Doctor?, _ style: Style) -> Table.Cell {
        guard let found else { return Table.Cell("-") }
        if found.failures > 0 { return Table.Cell("\(found.failures) wrong", style.red) }
        if found.warnings > 0 {
            return Table.Cell("\(found.warnings) warning\(found.warnings == 1 ? "" : "s")", style.yellow)
        }
        return Table.Cell("ok", style.green)
    }

    private func words(_ standing: FleetStatus.Standing, _ problem: String?) -> String {
        let state =
            switch standing {
            case .current: "current"
            case .behind(nil): "has applied none"
            case .behind: "behind"
            case .invalid(let fault): "nobody enters: \(Self.plain(fault))"
            case .unknown: "unknown"
            case .silent(let silence): Self.words(silence)
            }
        return problem.map { "\(state): \(Self.plain($0))" } ?? state
    }

    private static func words(_ silence: FleetStatus.HostSilence) -> String {
        switch silence {
        case .noHeartbeat: "says nothing"
        case .malformed(let error): "\(error)"
        }
    }

    /// What a host wrote, so that no terminal obeys it.
    private static func plain(_ text: String) -> String {
        text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } ? text : quoted(text)
    }
}
