import ArgumentParser
import Encodings
import Foundation
import KeyStore
import SSHKeys
import SignIn

/// `pair keys renew`: a new lifetime for Keys that there are.
struct Renew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give Keys a new lifetime, without a page where your provider agrees.",
        discussion: """
            First by the refresh token that the provider gave; where that does not do, by signing in again, for which a \
            browser is opened: it shows nothing where you are signed in at the provider. The key pair stays the same, \
            except in ssh-agent, which hands out no keys: there it is a new one.

            The status is 0 where all Keys are good, 3 where you have to sign in and may not be asked to (--batch, or \
            neither a browser nor a terminal), 4 where the provider does not answer, 1 for anything else that failed, 64 \
            for wrong usage; for several Keys the first of 1, 4, 3 that holds for any.
            """)

    @Flag(help: "Do nothing for Keys that are good for a while yet. This is quick: ssh can run it before each login.")
    var ifExpiring = false

    @Flag(name: .shortAndLong, help: "Say only what went wrong.")
    var quiet = false

    @Flag(help: "Never ask you to sign in: open no browser, read nothing.")
    var batch = false

    @Flag(help: "Open no browser: you open the address, on any machine, and paste back the one that you were sent to.")
    var noBrowser = false

    @Option(help: ArgumentHelp("How long to wait for you to sign in.", valueName: "seconds"))
    var timeout = 300

    @Argument(help: "Which Keys; all of yours otherwise.", completion: .custom(KeyStore.completions))
    var names: [String] = []

    func validate() throws {
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout takes 1 to 86400 seconds.") }
        if batch, noBrowser { throw ValidationError("--batch asks nothing, so --no-browser has no meaning with it.") }
    }

    func run() async throws {
        let surroundings = Surroundings(isQuiet: quiet)
        try await surroundings.terminal.reporting {
            let store = try surroundings.store()
            let names = try self.names.isEmpty ? store.names() : self.names
            guard !names.isEmpty else { throw Failure.noKeys }
            var status = RenewalStatus.good
            for name in names {
                status = max(status, await renew(name, in: store, surroundings))
            }
            if status != .good { throw ExitCode(status.code) }
        }
    }

    private func renew(_ name: String, in store: KeyStore, _ surroundings: Surroundings) async -> RenewalStatus {
        let patience = Seconds(Int64(timeout))
        let renewal = Renewal(
            name: name, store: store, surroundings: surroundings, isLazy: ifExpiring, patience: patience,
            manner: batch ? .batch : noBrowser ? .pasting : .browser)
        do {
            try await renewal.run()
            return .good
        } catch {
            surroundings.terminal.wait(for: nil)
            return renewal.report(error)
        }
    }
}

/// How a renewal ended; of several the worst counts, which is the greatest.
enum RenewalStatus: Int, Comparable {
    case good, signInNeeded, providerSilent, failed

    var code: Int32 {
        switch self {
        case .good: 0
        case .failed: 1
        case .signInNeeded: 3
        case .providerSilent: 4
        }
    }

    static func < (left: RenewalStatus, right: RenewalStatus) -> Bool { left.rawValue < right.rawValue }
}

extension Failure {
    fileprivate static let noKeys = Failure(
        description: "you have no Keys", advice: "Make some with `pair keys create`.")
}
