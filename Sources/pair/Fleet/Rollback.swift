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

        @OptionGroup var bundle: BundleOptions

        @Option(
            help: ArgumentHelp("Who may have signed it, as ssh-keygen(1) has it (default: anybody).", valueName: "file")
        )
        var allowedSigners: String?

        func run() throws {
            try reporting {
                let now = now()
                let old = try PolicyBundle(parsing: try text(at: now))
                try bundle.write(at: now, after: old.serial, saying: "; the content of \(old.serial)") { old[$0] }
            }
        }

        /// The older policy's; where there is a signature it must be one.
        private func text(at now: UnixTime) throws -> [UInt8] {
            let bytes = try PolicyFile(path: older).read()
            let allowed = try allowedSigners.map { path in
                try AllowedSigners(parsing: try PolicyFile(path: path).read(), secondsFromUTC: secondsFromUTC)
            }
            let signed: SignedPolicy
            do throws(SignedPolicyError) {
                signed = try SignedPolicy(parsing: bytes)
            } catch {
                guard allowed == nil, error == .unsigned else { throw error }
                return bytes
            }
            guard signed.signature.namespace == SignedPolicy.namespace else {
                throw SignedPolicyError.namespace(signed.signature.namespace)
            }
            try signed.signature.verify(over: signed.text)
            _ = try allowed?.principals(of: signed.signature, at: now)
            return signed.text
        }
    }
}
