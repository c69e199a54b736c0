import Administration
import ArgumentParser
import Encodings
import Fleet
import Foundation
import HostFiles
import Policy

extension FleetCommand {
    /// `pair fleet build`: the bundle that is to be signed.
    struct Build: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a bundle of members, accounts and revoked.",
            discussion: """
                The files are those that a pair.toml names, which may be a hosts' own or lie beside them in a repository. They \
                are looked over first, for every Space, and with an error nothing is built.

                The serial is the one after that of the bundle that is there, and at least the seconds since 1970, so that two \
                who build without knowing of each other do not go back.
                """)

        @OptionGroup var host: ConfigurationOptions

        @OptionGroup var bundle: BundleOptions

        func run() throws {
            try reporting {
                let administered = try AdministeredHost(host, filesAlone: true)
                try lookOver(administered)
                let files = try HostFileKind.allCases.map { try administered.contents(of: $0) ?? [] }
                try bundle.write(at: now()) { part in
                    switch part {
                    case .members: files[0]
                    case .accounts: files[1]
                    case .revoked: files[2]
                    }
                }
            }
        }

        /// With an error, a host would let in fewer than were meant, or nobody.
        private func lookOver(_ host: AdministeredHost) throws {
            var check = HostCheck(of: host, space: "*", only: [.accounts, .revoked])
            check.checkEachLine(ofMembers: try host.contents(of: .members) ?? [], path: host.path(of: .members))
            let errors = check.findings.filter { $0.severity == .error }
            guard let first = errors.first else { return }
            let style = Style(for: STDERR_FILENO)
            for finding in errors { Terminal.write(FindingReport(finding, style).text + "\n") }
            throw Failure(
                description:
                    "\(shown(first.file)): \(errors.count) error\(errors.count == 1 ? "" : "s"); nothing is built",
                advice: "Mend what stands above; `pair spaces check` says more.")
        }
    }
}
