public import Encodings

/// A fleet's policy at one time: what stands in each host's `members`, `accounts` and `revoked`, in one text.
///
/// A header of lines, an empty line, and then the three files, one behind the other:
///
///     pair-policy 1
///     serial 42
///     created 2026-11-22T12:00:00Z
///     expires 2026-12-22T12:00:00Z
///     members 1234
///     accounts 0
///     revoked 56
///
/// The numbers behind the files' names are their lengths in bytes. There is one way to write a bundle, so that what is
/// signed is what is read. Source: docs/fleet.md "The bundle".
public struct PolicyBundle: Hashable, Sendable {
    /// One of its files; the raw value is its name on a host.
    public enum File: String, CaseIterable, Sendable {
        case members, accounts, revoked
    }

    /// Which policy it is, from 1 to 2^53.
    ///
    /// A host applies none that is lower than what it has.
    public let serial: UInt64

    /// When it was made.
    public let created: UnixTime

    /// From when on no host applies it.
    public let expires: UnixTime

    private let files: [[UInt8]]

    /// The most bytes of a bundle.
    public static let maximumCount = 256 << 20

    /// The largest serial: what a number of JSON can say (RFC 7493 §2.2).
    public static let maximumSerial: UInt64 = 1 << 53

    /// A bundle of these files; each is empty, or ends with a line feed.
    /// - Parameters:
    ///   - serial: From 1 to 2^53.
    ///   - created: When it was made.
    ///   - expires: Later than that.
    ///   - contents: The bytes of a file.
    /// - Throws: `PolicyBundleError.serial`, `.times`, `.unfinishedLine`, `.tooLarge`.
    public init(
        serial: UInt64, created: UnixTime, expires: UnixTime, contents: (File) -> [UInt8]
    ) throws(PolicyBundleError) {
        guard (1...Self.maximumSerial).contains(serial) else { throw .serial(serial) }
        guard created < expires, expires <= .lastPrintable, created.seconds >= 0 else { throw .times }
        self.serial = serial
        self.created = created
        self.expires = expires
        files = File.allCases.map(contents)
        var count = 0
        for (file, bytes) in zip(File.allCases, files) {
            guard bytes.isEmpty || bytes.last == 0x0A else { throw .unfinishedLine(file) }
            count = bytes.count > Self.maximumCount - count ? Self.maximumCount + 1 : count + bytes.count
            guard count <= Self.maximumCount else { throw .tooLarge }
        }
    }

    /// The bundle that `text` is, whole.
    /// - Throws: Each case of `PolicyBundleError`.
    public init(parsing text: [UInt8]) throws(PolicyBundleError) {
        guard text.count <= Self.maximumCount + 1024 else { throw .tooLarge }
        var header = HeaderLines(rest: text[...])
        guard let version = header.value(of: "pair-policy") else { throw .notABundle }
        guard version.elementsEqual("1".utf8) else { throw .version(String(decoding: version, as: UTF8.self)) }
        guard let serial = header.value(of: "serial").flatMap(number) else { throw .header("serial") }
        guard let created = header.value(of: "created").flatMap({ UnixTime(rfc3339: $0) }) else {
            throw .header("created")
        }
        guard let expires = header.value(of: "expires").flatMap({ UnixTime(rfc3339: $0) }) else {
            throw .header("expires")
        }
        var counts: [Int] = []
        for file in File.allCases {
            guard let count = header.value(of: file.rawValue).flatMap(number).flatMap({ Int(exactly: $0) }) else {
                throw .header(file.rawValue)
            }
            counts.append(count)
        }
        guard header.takesEmptyLine() else { throw .header("an empty line") }
        var rest = header.rest
        var parts: [[UInt8]] = []
        for (file, count) in zip(File.allCases, counts) {
            guard count <= rest.count else { throw .truncated(file) }
            parts.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        guard rest.isEmpty else { throw .trailing(rest.count) }
        try self.init(serial: serial, created: created, expires: expires) { file in
            zip(File.allCases, parts).first { $0.0 == file }?.1 ?? []
        }
    }

    /// The bytes of one of its files; empty where the fleet has none such.
    public subscript(file: File) -> [UInt8] { zip(File.allCases, files).first { $0.0 == file }?.1 ?? [] }

    /// What is signed and published.
    public var text: [UInt8] { Array(header.utf8) + files.joined() }

    /// The lines in front of the files, the empty one included.
    public var header: String {
        let start = [
            "pair-policy 1", "serial \(serial)", "created \(created.rfc3339)", "expires \(expires.rfc3339)",
        ]
        let sizes = zip(File.allCases, files).map { "\($0.rawValue) \($1.count)" }
        return (start + sizes + [""]).map { $0 + "\n" }.joined()
    }
}

/// Why some bytes are no bundle, or a bundle cannot be made.
public enum PolicyBundleError: Error, Equatable, Sendable {
    case notABundle
    case version(String)
    case header(String)
    case truncated(PolicyBundle.File)
    case trailing(Int)
    case serial(UInt64)
    case times
    case unfinishedLine(PolicyBundle.File)
    case tooLarge
}

extension PolicyBundleError: CustomStringConvertible {
    /// Where, what was expected and what was found.
    public var description: String {
        switch self {
        case .notABundle: "bundle: the line pair-policy 1 expected first"
        case .version(let version): "bundle: version 1 expected, \(quoted(version)) found; a newer pair may read it"
        case .header(let what): "bundle: header: \(what) expected"
        case .truncated(let file): "bundle: \(file.rawValue): cut short"
        case .trailing(let count): "bundle: \(count) bytes behind its end"
        case .serial(let serial): "bundle: serial: 1 to 2^53 expected, \(serial) found"
        case .times: "bundle: it must expire after it was created, before the year 10000"
        case .unfinishedLine(let file): "bundle: \(file.rawValue): a line feed expected at its end"
        case .tooLarge: "bundle: at most \(PolicyBundle.maximumCount >> 20) MiB expected"
        }
    }
}

/// Digits without a leading zero, below 2^63.
private func number(_ text: ArraySlice<UInt8>) -> UInt64? {
    guard (1...18).contains(text.count), text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    guard text.count == 1 || text.first != 0x30 else { return nil }
    return text.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
}

private struct HeaderLines {
    var rest: ArraySlice<UInt8>

    /// What follows `name` and a space in the next line, `nil` where that is another.
    mutating func value(of name: String) -> ArraySlice<UInt8>? {
        // Long enough for any; a bundle is not searched to its end for the end of a line.
        guard let end = rest.prefix(100).firstIndex(of: 0x0A) else { return nil }
        let line = rest[..<end]
        guard line.starts(with: "\(name) ".utf8) else { return nil }
        rest = rest[(end + 1)...]
        return line.dropFirst(name.utf8.count + 1)
    }

    mutating func takesEmptyLine() -> Bool {
        guard rest.first == 0x0A else { return false }
        rest.removeFirst()
        return true
    }
}
