public import Encodings
internal import Fleet
public import HostFiles
public import Policy

/// A fleet's policy as it stands on a host, judged as `pair-authkeys` will judge it.
public struct AppliedPolicy: Sendable {
    /// Whether logins are decided by it.
    public enum Condition: Sendable, Equatable {
        /// They are, until its end and grace are past.
        case counts(until: UnixTime)
        case missing
        /// Whoever reads it must not trust it, or cannot.
        case unreadable(FileFault)
        case malformed(PolicyHeaderError)
        /// Shorter than its header says.
        case cut
        case expired(UnixTime)
    }

    /// Whether logins are decided by it.
    public let condition: Condition

    /// Which policy it is; `nil` where there is none that can be read.
    public let header: PolicyHeader?

    /// When it was applied; `nil` where no file can be read.
    public let time: UnixTime?

    /// The whole file, with what stands behind the policy; empty where none can be read.
    let bytes: [UInt8]

    /// The most bytes of a policy and its signature.
    public static let maximumCount = PolicyBundle.maximumCount + (64 << 10)

    /// Reads the policy of a host.
    /// - Parameters:
    ///   - source: Of pair.toml.
    ///   - configuration: pair.toml.
    ///   - ownership: Who may have written it and the folders above it.
    ///   - now: The moment to judge it at.
    public init(
        of source: PolicySource, under configuration: Configuration, ownedBy ownership: Ownership, at now: UnixTime
    ) {
        do throws(FileFault) {
            let file = HostFile(configuration.resolve(source.file), ownedBy: ownership)
            let (bytes, modified) = try file.dated(limit: Self.maximumCount)
            (self.bytes, time) = (bytes, modified)
        } catch {
            bytes = []
            time = nil
            header = nil
            condition = error.kind == .missing ? .missing : .unreadable(error)
            return
        }
        do throws(PolicyHeaderError) {
            let header = try PolicyHeader(parsing: bytes.prefix(PolicyHeader.maximumHeader))
            guard header.length <= bytes.count else {
                (self.header, condition) = (nil, .cut)
                return
            }
            let end = source.end(of: header)
            (self.header, condition) = (header, now < end ? .counts(until: end) : .expired(end))
        } catch {
            (header, condition) = (nil, .malformed(error))
        }
    }

    /// Whether logins are decided by it.
    public var counts: Bool {
        if case .counts = condition { true } else { false }
    }

    /// What was signed; empty where there is no policy.
    var text: ArraySlice<UInt8> { header.map { bytes[..<$0.length] } ?? [] }

    /// The bytes of one of its files; `nil` where there is no policy.
    public func contents(of part: PolicyPart) -> [UInt8]? { header.map { Array(bytes[$0.range(of: part)]) } }
}

extension AppliedPolicy.Condition: CustomStringConvertible {
    /// What was found, without a full stop; nothing where it counts.
    public var description: String {
        switch self {
        case .counts: ""
        case .missing: "no policy has been applied yet"
        case .unreadable(let fault): fault.description
        case .malformed(let error): "the applied policy cannot be used: \(error)"
        case .cut: "the applied policy is cut short"
        case .expired(let end): "the applied policy counted until \(end.rfc3339)"
        }
    }
}
