public import Encodings

/// What a host says of itself: its heartbeat in etcd, one JSON object.
public struct HostReport: Sendable, Equatable {
    /// The host's name: 1 to 253 letters, digits, `.`, `-` and `_`.
    public var host: String
    /// The Space that it is.
    public var space: String
    /// The serial of the policy that it applied; `nil` where it has applied none.
    public var serial: UInt64?
    /// When it applied that.
    public var applied: UnixTime?
    /// Why logins are not decided by that: it has expired, or is damaged; `nil` where they are.
    public var fault: String?
    /// Why the policy that came last was not applied; `nil` where it was.
    public var problem: String?
    /// What `pair host doctor` found last; `nil` where it was not asked.
    public var doctor: Doctor?
    /// Since when all of this holds.
    public var since: UnixTime

    /// What `pair host doctor` found.
    public struct Doctor: Sendable, Equatable {
        /// How many checks found what breaks logins.
        public var failures: Int
        /// How many found what should be looked at.
        public var warnings: Int
        /// The first of them, in a few words; `nil` where all is well.
        public var first: String?

        /// What was found.
        public init(failures: Int, warnings: Int, first: String? = nil) {
            self.failures = failures
            self.warnings = warnings
            self.first = first
        }
    }

    /// What a host says that has applied nothing yet.
    public init(host: String, space: String, since: UnixTime) {
        self.host = host
        self.space = space
        self.since = since
    }

    /// Whether `name` can be that of a host: a part of a key, and of a line of a table.
    public static func isName(_ name: String) -> Bool {
        (1...253).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || ".-_".utf8.contains($0)
            }
    }

    /// The most bytes of words that a report takes.
    private static let maximumWords = 300

    /// What stands in etcd.
    public var json: JSON.Object {
        var object = JSON.Object([
            "version": .integer(1), "host": .string(Text(host)), "space": .string(Text(HostReport.shortened(space))),
        ])
        if let serial { object.add("serial", .integer(Int64(clamping: serial))) }
        object.add("applied", applied?.rfc3339)
        object.add("fault", fault.map(HostReport.shortened))
        object.add("problem", problem.map(HostReport.shortened))
        if let doctor {
            var found = JSON.Object([
                "failures": .integer(Int64(doctor.failures)), "warnings": .integer(Int64(doctor.warnings)),
            ])
            found.add("first", doctor.first.map(HostReport.shortened))
            object.add("doctor", .object(found))
        }
        object.add("since", since.rfc3339)
        return object
    }

    /// The report that `bytes` are; whoever wrote them may have written anything.
    /// - Throws: `HostReportError`.
    public init(parsing bytes: [UInt8], host: String) throws(HostReportError) {
        guard HostReport.isName(host) else { throw .host }
        guard bytes.count <= 8192, let object = (try? JSON(parsing: bytes))?.object else { throw .notAReport }
        guard object["version"] == .integer(1) else { throw .notAReport }
        guard object["host"]?.text == Text(host) else { throw .host }
        guard let space = object["space"]?.text, let since = HostReport.time(object["since"]) else { throw .notAReport }
        self.init(host: host, space: HostReport.shortened(space.string), since: since)
        if case .integer(let number) = object["serial"] {
            guard let serial = UInt64(exactly: number) else { throw .notAReport }
            self.serial = serial
        }
        applied = HostReport.time(object["applied"])
        fault = object["fault"]?.text.map { HostReport.shortened($0.string) }
        problem = object["problem"]?.text.map { HostReport.shortened($0.string) }
        if let found = object["doctor"]?.object {
            guard case .integer(let failures) = found["failures"], case .integer(let warnings) = found["warnings"],
                let failures = Int(exactly: failures), let warnings = Int(exactly: warnings)
            else { throw .notAReport }
            doctor = Doctor(
                failures: failures, warnings: warnings,
                first: found["first"]?.text.map { HostReport.shortened($0.string) })
        }
    }

    private static func time(_ value: JSON?) -> UnixTime? {
        value?.text.flatMap { UnixTime(rfc3339: Array($0.utf8)) }
    }

    /// At most so many bytes, cut between two scalars: a character of a text may have any number of these.
    private static func shortened(_ words: String) -> String {
        guard words.utf8.count > maximumWords else { return words }
        var shown = ""
        for scalar in words.unicodeScalars {
            guard shown.utf8.count + scalar.utf8.count <= maximumWords - "…".utf8.count else { break }
            shown.unicodeScalars.append(scalar)
        }
        return shown + "…"
    }
}

/// Why some bytes are no report of a host's.
public enum HostReportError: Error, Equatable, Sendable {
    case notAReport
    /// It is another host's, or the name is none.
    case host
}

extension HostReportError: CustomStringConvertible {
    /// What was expected, without a full stop.
    public var description: String {
        switch self {
        case .notAReport: "a heartbeat expected, as this version of pair or an older one writes it"
        case .host: "a heartbeat of the host whose key it is expected"
        }
    }
}
