public import Encodings
public import Policy

/// A fleet's policy at one time: what stands in each host's `members`, `accounts` and `revoked`, in one text.
///
/// A `PolicyHeader`, and then the three files, one behind the other. There is one way to write a bundle, so that what is
/// signed is what is read. Source: docs/fleet.md "The bundle".
public struct PolicyBundle: Hashable, Sendable {
    /// Which policy it is, for how long, and how long each file is.
    public let header: PolicyHeader

    private let files: [[UInt8]]

    /// Which policy it is, from 1 to 2^53.
    public var serial: UInt64 { header.serial }

    /// When it was made.
    public var created: UnixTime { header.created }

    /// From when on no host applies it.
    public var expires: UnixTime { header.expires }

    /// The most bytes of a bundle.
    public static let maximumCount = PolicyHeader.maximumCount + PolicyHeader.maximumHeader

    /// A bundle of these files; each is empty, or ends with a line feed.
    /// - Parameters:
    ///   - serial: From 1 to 2^53.
    ///   - created: When it was made.
    ///   - expires: Later than that.
    ///   - contents: The bytes of a file.
    /// - Throws: `PolicyBundleError.header`, `.unfinishedLine`.
    public init(
        serial: UInt64, created: UnixTime, expires: UnixTime, contents: (PolicyPart) -> [UInt8]
    ) throws(PolicyBundleError) {
        let files = PolicyPart.allCases.map(contents)
        do throws(PolicyHeaderError) {
            let header = try PolicyHeader(serial: serial, created: created, expires: expires) { part in
                zip(PolicyPart.allCases, files).first { $0.0 == part }?.1.count ?? 0
            }
            self.header = header
        } catch {
            throw .header(error)
        }
        self.files = files
        try checkEnds()
    }

    /// The bundle that `text` is, whole.
    /// - Throws: Each case of `PolicyBundleError`.
    public init(parsing text: [UInt8]) throws(PolicyBundleError) {
        do throws(PolicyHeaderError) {
            header = try PolicyHeader(parsing: text.prefix(PolicyHeader.maximumHeader))
        } catch {
            throw .header(error)
        }
        var files: [[UInt8]] = []
        for part in PolicyPart.allCases {
            let range = header.range(of: part)
            guard range.upperBound <= text.count else { throw .truncated(part) }
            files.append(Array(text[range]))
        }
        guard header.length == text.count else { throw .trailing(text.count - header.length) }
        self.files = files
        try checkEnds()
    }

    private func checkEnds() throws(PolicyBundleError) {
        for (part, bytes) in zip(PolicyPart.allCases, files) {
            guard bytes.isEmpty || bytes.last == 0x0A else { throw .unfinishedLine(part) }
        }
    }

    /// The bytes of one of its files; empty where the fleet has none such.
    public subscript(part: PolicyPart) -> [UInt8] { zip(PolicyPart.allCases, files).first { $0.0 == part }?.1 ?? [] }

    /// What is signed and published.
    public var text: [UInt8] { Array(header.text.utf8) + files.joined() }
}

/// Why some bytes are no bundle, or a bundle cannot be made.
public enum PolicyBundleError: Error, Equatable, Sendable {
    case header(PolicyHeaderError)
    case truncated(PolicyPart)
    case trailing(Int)
    case unfinishedLine(PolicyPart)
}

extension PolicyBundleError: CustomStringConvertible {
    /// Where, what was expected and what was found.
    public var description: String {
        switch self {
        case .header(let error): "bundle: \(error)"
        case .truncated(let part): "bundle: \(part.rawValue): cut short"
        case .trailing(let count): "bundle: \(count) bytes behind its end"
        case .unfinishedLine(let part): "bundle: \(part.rawValue): a line feed expected at its end"
        }
    }
}
