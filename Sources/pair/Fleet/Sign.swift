import ArgumentParser
import Encodings
import Fleet
import Foundation
import HostFiles
import SSHKeys

extension FleetCommand {
    /// `pair fleet sign`: what is published.
    struct Sign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign a bundle, by a key in a file, in ssh-agent or on a security key.",
            discussion: """
                ssh-keygen signs, so that whatever key it can use will do: --key names a private key, or the public half of one \
                that ssh-agent holds; a security key wants to be touched. What comes out is the bundle with its signature \
                behind it, in one file. To look at it without pair:

                  csplit -s -f part- FILE '/^-----BEGIN SSH SIGNATURE/'
                  ssh-keygen -Y verify -f allowed_signers -I WHO -n pair-policy -s part-01 <part-00
                """)

        @Argument(help: ArgumentHelp("The bundle that `pair fleet build` made.", valueName: "file"))
        var file = "policy"

        @Option(
            help: ArgumentHelp("The key to sign with, private, or public where ssh-agent has it.", valueName: "file"))
        var key: String

        @Option(help: ArgumentHelp("Where the signed policy goes; FILE.signed otherwise.", valueName: "file"))
        var out: String?

        func run() throws {
            try reporting {
                let text = try PolicyFile(path: file).read()
                let bundle = try PolicyBundle(parsing: text)
                let policy = SignedPolicy(text: text, signature: try signature(over: text))
                let out = out ?? "\(file).signed"
                try PolicyFile(path: out).replace(with: policy.published)
                print("\(shown(out)): \(FleetText.summary(of: bundle))")
                print("signed by \(try policy.signature.signer.key.fingerprint())")
            }
        }

        /// ssh-keygen's, once it is known to be over the text: it may have been given another key than was meant.
        private func signature(over text: [UInt8]) throws -> MessageSignature {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-policy-\(UUID())")
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            defer { try? FileManager.default.removeItem(at: folder) }
            let message = folder.appendingPathComponent("policy")
            try Data(text).write(to: message)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            // On the terminal, for a passphrase, a PIN or a touch.
            process.arguments = [
                "ssh-keygen", "-q", "-Y", "sign", "-n", SignedPolicy.namespace, "-f", key, message.path,
            ]
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw Failure(
                    description: "ssh-keygen did not sign with \(shown(key))",
                    advice: "Its own words stand above. For a key in ssh-agent name the public half: --key key.pub.")
            }
            let signature = try MessageSignature(
                armoured: Array(try Data(contentsOf: URL(fileURLWithPath: message.path + ".sig"))))
            try signature.verify(over: text)
            return signature
        }
    }
}
