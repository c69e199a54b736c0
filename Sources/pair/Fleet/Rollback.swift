import ArgumentParser
import Encodings
import Fleet
import Foundation
import HostFiles
import Policy

extension FleetCommand {
    /// `pair fleet rollback`: what an older policy said, as a new one.
    struct Rollback: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a bundle with the content of an older policy and a new serial.",
            discussion: """
                Hosts take no lower serial than they have, so an older policy comes back as a new one: with a serial after that \
                of the bundle in place and of the older policy, and at least the seconds since 1970, and with an end of its own. \
                It is to be signed and published as any other. What was granted, denied or revoked since is undone by it: look \
                at the difference first.
                """)

        @Argument(help: ArgumentHelp("The older policy, signed or not.", valueName: "older"))
        var older: String

        @Option(help: ArgumentHelp("How long hosts may apply it: a number and m, h or d.", valueName: "time"))
        var expires = "30d"

        @Option(help: "The serial, from 1 to 2^53.")
        var serial: UInt64?

        @Option(help: ArgumentHelp("Where the bundle goes.", valueName: "file"))
        var out = "policy"

        @Flag(help: "One JSON object with what the bundle holds.")
        var json = false

        func run() throws {
            try reporting {
                let now = now()
                let bytes = try PolicyFile(path: older).read()
                let text = (try? SignedPolicy(parsing: bytes))?.text ?? bytes
                let old = try PolicyBundle(parsing: text)
                let bundle = try PolicyBundle(
                    serial: try serial ?? PolicyFile(path: out).nextSerial(at: now, after: old.serial), created: now,
                    expires: now + (try policyLifetime(expires))
                ) { old[$0] }
                try PolicyFile(path: out).replace(with: bundle.text)
                let object = JSON.object(FleetText.json(of: bundle)).encoded
                print(
                    json
                        ? String(decoding: object, as: UTF8.self)
                        : "\(shown(out)): \(FleetText.summary(of: bundle)); the content of \(old.serial)")
            }
        }
    }
}

extension PolicyFile {
    /// The serial after that of the bundle that is there and after `last`, and at least the seconds since 1970.
    func nextSerial(at now: UnixTime, after last: UInt64 = 0) throws -> UInt64 {
        let present = try readIfThere().map { try PolicyBundle(parsing: $0).serial } ?? 0
        return max(present + 1, last + 1, UInt64(clamping: now.seconds))
    }
}

/// What `--expires` says.
func policyLifetime(_ text: String) throws -> Seconds {
    let units: [Character: Int64] = ["m": 60, "h": 3600, "d": 86400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), (1...100_000).contains(count)
    else { throw ValidationError("--expires: a number and m, h or d expected, such as 30d") }
    return Seconds(count * unit)
}
