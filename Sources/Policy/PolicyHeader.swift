public import Encodings

/// One of the files of a fleet's policy; the raw value is its name on a host.
public enum PolicyPart: String, CaseIterable, Sendable {
    case members, accounts, revoked
}

/// What stands in front of the files of a fleet's policy: which policy it is, for how long, and where in it each file is.
///
///     pair-policy 1
///     serial 42
///     created 2026-11-22T12:00:00Z
///     expires 2026-12-22T12:00:00Z
///     members 1234
///     accounts 0
///     revoked 56
///
/// and an empty line. The numbers behind the files' names are their lengths in bytes; the files follow one behind the other.
/// There is one way to write it. Source: docs/fleet.md "The bundle".
public struct PolicyHeader: Hashable, Sendable {
    /// Which policy it is, from 1 to 2^53.
    ///
    /// A host applies none that is lower than what it has.
    public let serial: UInt64

    /// When it was made.
    public let created: UnixTime

    /// From when on no host applies it, nor goes by it but for its grace.
    public let expires: UnixTime

    /// How long each file is, in the order of `PolicyPart.allCases`.
    private let counts: [Int]

    /// How long the header itself is.
    private let count: Int

    /// More bytes than any header has.
    public static let maximumHeader = 1024

    /// The most bytes of the files together.
    public static let maximumCount = 256 << 20

    /// The largest serial: what a number of JSON can say (RFC 7493 §2.2).
    public static let maximumSerial: UInt64 = 1 << 53

    /// The header of a policy with files of these lengths.
    /// - Parameters:
    ///   - serial: From 1 to 2^53.
    ///   - created: When it was made.
    ///   - expires: Later than that.
    ///   - length: Of a file, in bytes; not negative.
    /// - Throws: `PolicyHeaderError.serial`, `.times`, `.tooLarge`.
    public init(
        serial: UInt64, created: UnixTime, expires: UnixTime, length: (PolicyPart) -> Int
    ) throws(PolicyHeaderError) {
        let counts = [length(.members), length(.accounts), length(.revoked)]
        try self.init(serial: serial, created: created, expires: expires, counts: counts, count: 0)
    }

    /// The header that `text` begins with.
    /// - Parameter text: The first bytes of a policy, `maximumHeader` of them or all; what follows is not looked at.
    /// - Throws: Each case of `PolicyHeaderError`.
    public init(parsing text: ArraySlice<UInt8>) throws(PolicyHeaderError) {
        var lines = HeaderLines(rest: text)
        guard let version = lines.value(of: "pair-policy") else { throw .notAPolicy }
        guard version.elementsEqual("1".utf8) else { throw .version(String(decoding: version, as: UTF8.self)) }
        guard let serial = lines.number(of: "serial") else { throw .line("serial") }
        guard let created = lines.time(of: "created") else { throw .line("created") }
        guard let expires = lines.time(of: "expires") else { throw .line("expires") }
        var counts: [Int] = []
        for part in PolicyPart.allCases {
            guard let number = lines.number(of: part.rawValue), let count = Int(exactly: number) else {
                throw .line(part.rawValue)
            }
            counts.append(count)
        }
        guard lines.takesEmptyLine() else { throw .line("an empty line") }
        try self.init(
            serial: serial, created: created, expires: expires, counts: counts,
            count: lines.rest.startIndex - text.startIndex)
    }

    /// `count` is 0 where it is still to be found out.
    private init(
        serial: UInt64, created: UnixTime, expires: UnixTime, counts: [Int], count: Int
    ) throws(PolicyHeaderError) {
        guard serial >= 1, serial <= Self.maximumSerial else { throw .serial(serial) }
        guard created < expires, expires <= .lastPrintable, created.seconds >= 0 else { throw .times }
        var total = 0
        for count in counts {
            guard count <= Self.maximumCount - total else { throw .tooLarge }
            total += count
        }
        self.serial = serial
        self.created = created
        self.expires = expires
        self.counts = counts
        self.count = count > 0 ? count : Self.text(serial, created, expires, counts).utf8.count
    }

    /// The header, its empty line included.
    public var text: String { Self.text(serial, created, expires, counts) }

    /// How long the policy is, header and files.
    public var length: Int { range(of: .revoked).upperBound }

    /// Where in the policy a file is, from the policy's first byte.
    public func range(of part: PolicyPart) -> Range<Int> {
        let members = count + counts[0]
        let accounts = members + counts[1]
        return switch part {
        case .members: count..<members
        case .accounts: members..<accounts
        case .revoked: accounts..<accounts + counts[2]
        }
    }

    private static func text(_ serial: UInt64, _ created: UnixTime, _ expires: UnixTime, _ counts: [Int]) -> String {
        var text = "pair-policy 1\nserial \(serial)\ncreated \(created.rfc3339)\nexpires \(expires.rfc3339)\n"
        for (part, count) in zip(PolicyPart.allCases, counts) { text += "\(part.rawValue) \(count)\n" }
        return text + "\n"
    }
}

/// Why some bytes are no header of a policy, or none can be made.
public enum PolicyHeaderError: Error, Equatable, Sendable {
    case notAPolicy
    case version(String)
    /// The line that was expected.
    case line(String)
    case serial(UInt64)
    case times
    case tooLarge
}

extension PolicyHeaderError: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .notAPolicy: "the line pair-policy 1 expected first"
        case .version(let version): "version 1 expected, \(quoted(version)) found; a newer pair may read it"
        case .line(let what): "header: \(what) expected"
        case .serial(let serial): "serial: 1 to 2^53 expected, \(serial) found"
        case .times: "it must expire after it was created, before the year 10000"
        case .tooLarge: "at most \(PolicyHeader.maximumCount >> 20) MiB expected"
        }
    }
}

private struct HeaderLines {
    var rest: ArraySlice<UInt8>

    /// What follows `name` and a space in the next line, `nil` where that is another.
    mutating func value(of name: String) -> ArraySlice<UInt8>? {
        // Long enough for any; a policy is not searched to its end for the end of a line.
        guard let end = rest.prefix(100).firstIndex(of: 0x0A) else { return nil }
        let line = rest[..<end]
        guard line.starts(with: name.utf8), line.dropFirst(name.utf8.count).first == 0x20 else { return nil }
        rest = rest[(end + 1)...]
        return line.dropFirst(name.utf8.count + 1)
    }

    /// The same as a number: digits without a leading zero, below 10^18.
    mutating func number(of name: String) -> UInt64? {
        guard let text = value(of: name), text.count >= 1, text.count <= 18, text.allSatisfy(isDigit) else {
            return nil
        }
        guard text.count == 1 || text.first != UInt8(ascii: "0") else { return nil }
        var number: UInt64 = 0
        for digit in text { number = number * 10 + UInt64(digit - UInt8(ascii: "0")) }
        return number
    }

    /// The same as a moment.
    mutating func time(of name: String) -> UnixTime? {
        guard let text = value(of: name) else { return nil }
        return UnixTime(rfc3339: text)
    }

    mutating func takesEmptyLine() -> Bool {
        guard rest.first == 0x0A else { return false }
        rest.removeFirst()
        return true
    }
}
