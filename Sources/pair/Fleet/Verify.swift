import ArgumentParser
import Encodings
import Fleet
import Foundation
import HostFiles
import Policy

extension FleetCommand {
    /// `pair fleet verify`: whether a host would apply a policy.
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a host would apply a signed policy, and what is in it.",
            discussion: """
                The status is 1 where it would not. With --show one of its files is printed, once it is verified.
                """)

        @Argument(help: ArgumentHelp("What `pair fleet sign` made.", valueName: "file"))
        var file = "policy.signed"

        @Option(help: ArgumentHelp("Who may sign, as ssh-keygen(1) has it.", valueName: "file"))
        var allowedSigners = "/etc/pair/allowed_signers"

        @Option(help: "The lowest serial that will do.")
        var minSerial: UInt64 = 1

        @Option(help: "Print this file of it: members, accounts or revoked.")
        var show: String?

        @Flag(help: "One JSON object: serial, created, expires, lines of each file, signer.")
        var json = false

        func validate() throws {
            if let show, PolicyPart(rawValue: show) == nil {
                throw ValidationError("--show: members, accounts or revoked expected, \(quoted(show)) found")
            }
        }

        func run() throws {
            try reporting {
                let allowed = try AllowedSigners(
                    parsing: try PolicyFile(path: allowedSigners).read(), secondsFromUTC: secondsFromUTC)
                let signed = try SignedPolicy(parsing: try PolicyFile(path: file).read())
                let policy = try VerifiedPolicy(signed, allowed: allowed, minimumSerial: minSerial, at: now())
                if let part = show.flatMap(PolicyPart.init(rawValue:)) {
                    return FileHandle.standardOutput.write(Data(policy.bundle[part]))
                }
                var object = FleetText.json(of: policy.bundle)
                object.add("signer", policy.signer)
                let text = "\(shown(file)): signed by \(policy.signer); \(FleetText.summary(of: policy.bundle))"
                print(json ? String(decoding: JSON.object(object).encoded, as: UTF8.self) : text)
            }
        }
    }
}
