import ArgumentParser
import Encodings
import Fleet
import Foundation
import HTTP
import HostFiles
import Policy

extension FleetCommand {
    /// `pair fleet publish`: a signed policy to where hosts fetch it.
    struct Publish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a signed policy where hosts fetch it.",
            discussion: """
                What is there is looked at first: a policy whose serial is not higher than that is not published, for no host \
                would take it. A file is replaced in one step. To an https address the policy is PUT, under the condition that \
                what was looked at is still there (If-Match), where the server names it by an ETag; then it is fetched again \
                and compared.

                With --to etcd it is put into etcd, with its serial, in one transaction that etcd does only where the serial \
                there is lower. Which etcd, and as whom, is said by --etcd and what begins so.

                With --allowed-signers the policy must be one that hosts would apply by them, and what is there counts only \
                where it was signed by one of them: anything else is replaced.

                What the server wants to be told besides, such as Authorization, stands in the file of --headers, a line for \
                each, and never on the command line.
                """)

        @Argument(help: ArgumentHelp("What `pair fleet sign` made.", valueName: "file"))
        var file = "policy.signed"

        @Option(help: ArgumentHelp("Where hosts fetch it: a file, an https address, or etcd.", valueName: "place"))
        var to: String

        @OptionGroup var etcd: EtcdOptions

        @Option(help: ArgumentHelp("Who may sign, as ssh-keygen(1) has it.", valueName: "file"))
        var allowedSigners: String?

        @Option(help: ArgumentHelp("Headers to send, each on a line: NAME: VALUE.", valueName: "file"))
        var headers: String?

        @Flag(help: "One JSON object: serial, created, expires, lines of each file, to, before.")
        var json = false

        /// Whether it is to go to etcd; a file of that name is `./etcd`.
        private var isForEtcd: Bool { Text(to) == "etcd" }

        func validate() throws {
            guard isForEtcd || etcd.isEmpty else {
                throw ValidationError(
                    "--etcd and what begins so say which etcd --to etcd means; leave them out, or --to be etcd.")
            }
            guard headers == nil || !isForEtcd && to.contains("://") else {
                throw ValidationError("--headers is for an https address; leave it out.")
            }
        }

        func run() async throws {
            let terminal = Terminal(isQuiet: json)
            try await terminal.reporting {
                let published = try PolicyFile(path: file).read()
                let signed = try SignedPolicy(parsing: published)
                guard signed.signature.namespace == SignedPolicy.namespace else {
                    throw SignedPolicyError.namespace(signed.signature.namespace)
                }
                try signed.signature.verify(over: signed.text)
                let bundle = try PolicyBundle(parsing: signed.text)
                guard now() < bundle.expires else { throw SignedPolicyError.expired(bundle.expires) }
                let allowed = try allowedSigners.map { path in
                    try AllowedSigners(
                        parsing: try PolicyFile(path: path).read(), secondsFromUTC: secondsFromUTC)
                }
                _ = try allowed?.principals(of: signed.signature, at: now())

                let place =
                    try isForEtcd
                    ? PublishingPlace.etcd(etcd.place) : PublishingPlace(to, headers: headerLines())
                let publication = Publication(bytes: published, serial: bundle.serial, allowed: allowed)
                terminal.wait(for: "Publishing")
                let before = try await place.publish(publication)
                terminal.wait(for: nil)
                var object = FleetText.json(of: bundle)
                object.add("to", to)
                if let before { object.add("before", .integer(Int64(clamping: before))) }
                let behind = before.map { $0 == bundle.serial ? ", which was there already" : ", after \($0)" } ?? ""
                print(
                    json
                        ? String(decoding: JSON.object(object).encoded, as: UTF8.self)
                        : "\(shown(to)): \(FleetText.summary(of: bundle))\(behind)")
            }
        }

        private func headerLines() throws -> [String: String] {
            guard let headers else { return [:] }
            var result: [String: String] = [:]
            let text = String(decoding: try HostFile(headers, ownedBy: .any).read(limit: 64 << 10), as: UTF8.self)
            for (index, line) in text.split(separator: "\n").enumerated() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else {
                    throw Failure(
                        description: "\(shown(headers)):\(index + 1): NAME: VALUE expected", advice: "Correct it there."
                    )
                }
                result[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces)
            }
            return result
        }
    }
}
