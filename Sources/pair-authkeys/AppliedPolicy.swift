import Decision
import Encodings
import HostFiles
import Policy

/// A fleet's policy as `pair host refresh` has applied it: one file, opened when a decision first asks for it, and once.
///
/// Whatever takes its place meanwhile, all that a decision reads is of one policy. Its signature was verified before it was
/// put there, where root alone may write.
final class AppliedPolicy {
    private let source: PolicySource
    private let file: HostFile
    private let now: UnixTime
    private var opened: Result<(file: HeldFile, header: PolicyHeader), Stop>?
    /// Which policy it is, whether it counts or not; `nil` where none was opened that has a header.
    private(set) var serial: UInt64?

    /// The policy of `source`; nothing is opened yet.
    /// - Parameters:
    ///   - source: Of pair.toml.
    ///   - path: Where it is.
    ///   - ownership: Whom it must belong to.
    ///   - now: The moment to judge it at.
    init(_ source: PolicySource, at path: String, ownership: Ownership, now: UnixTime) {
        self.source = source
        file = HostFile(path, ownedBy: ownership)
        self.now = now
    }

    /// Hands every line of a part to `body`.
    func fold<Value>(
        _ part: PolicyPart, into empty: Value, shouldStop: () -> Bool,
        _ body: (inout Value, Span<UInt8>, Int) throws(PolicyError) -> Void
    ) throws(Stop) -> Value {
        let (file, header) = try open()
        do throws(LineFault<PolicyError>) {
            return try file.foldLines(in: header.range(of: part), into: empty, shouldStop: shouldStop, body)
        } catch {
            switch error {
            case .line(let error): throw .fault(error.fault)
            case .file(let fault): throw fault.stop
            }
        }
    }

    private func open() throws(Stop) -> (file: HeldFile, header: PolicyHeader) {
        let result = opened ?? Result { () throws(Stop) in try opening() }
        opened = result
        return try result.get()
    }

    private func opening() throws(Stop) -> (file: HeldFile, header: PolicyHeader) {
        let held: HeldFile
        let start: [UInt8]
        do throws(FileFault) {
            held = try HeldFile(file)
            start = try held.start(count: PolicyHeader.maximumHeader)
        } catch .missing {
            throw .refusal(Refusal(.policyMissing, "\(shown(file.path)): no policy has been applied yet"))
        } catch {
            throw error.stop
        }
        let header: PolicyHeader
        do throws(PolicyHeaderError) {
            header = try PolicyHeader(parsing: start[...])
        } catch {
            throw .refusal(Refusal(.policyMalformed, "\(shown(file.path)): \(error)"))
        }
        serial = header.serial
        guard Int64(header.length) <= held.size else {
            let detail = "\(header.length) bytes expected, \(held.size) found"
            throw .refusal(Refusal(.policyMalformed, "\(shown(file.path)): \(detail)"))
        }
        guard now < source.end(of: header) else {
            let grace = source.grace.count > 0 ? ", \(source.grace) of grace included" : ""
            let detail = "policy \(header.serial) counted until \(source.end(of: header).rfc3339)\(grace)"
            throw .refusal(Refusal(.policyExpired, detail))
        }
        return (held, header)
    }
}
