import ArgumentParser
import Encodings
import Foundation
import KeyStore
import SSHKeys
import SignIn
import Signatures

/// `pair keys create`: a new key pair that the person's provider binds to who they are.
struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make Keys: a key pair, bound to you by signing in at your provider.",
        discussion: """
            Opens your provider's page in a browser; where you are signed in there already, that is all. The files are \
            NAME, NAME.pub and NAME-cert.pub in ~/.ssh/pair, which ssh takes with -i. The private key never leaves this \
            machine, and no service of anybody's but your provider's has a part in it.

            The status is 0 for Keys that were made, 1 for anything that failed, 64 for wrong usage.
            """)

    /// The types of key that there are.
    enum KeyType: String, ExpressibleByArgument, CaseIterable {
        case ed25519, ecdsa

        var kind: SigningKey.Kind {
            switch self {
            case .ed25519: .ed25519
            case .ecdsa: .p256
            }
        }
    }

    @OptionGroup var source: ProviderOptions

    @Option(help: "The type of key; ecdsa is on the curve P-256.")
    var type = KeyType.ed25519

    @Flag(help: "Open no browser: you open the address, on any machine, and paste back the one that you were sent to.")
    var noBrowser = false

    @Flag(help: "Hand the key to ssh-agent until it expires; it is never written to disk.")
    var agent = false

    @Flag(help: "Print the private key and the certificate, and keep nothing.")
    var print = false

    @Flag(help: "Say what was made as one JSON object.")
    var json = false

    @Option(help: ArgumentHelp("How long to wait for you to sign in.", valueName: "seconds"))
    var timeout = 300

    @Argument(help: "What to call the Keys; the provider's name otherwise.")
    var name: String?

    func validate() throws {
        if print, agent || json {
            throw ValidationError("--print prints the Keys themselves, and nothing goes with it.")
        }
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout takes 1 to 86400 seconds.") }
    }

    func run() async throws {
        let surroundings = Surroundings()
        try await surroundings.terminal.reporting { try await create(in: surroundings) }
    }

    private func create(in surroundings: Surroundings) async throws {
        let registration = try source.registration(in: surroundings)
        let holder = try Holder(
            name: name ?? registration.name, surroundings: surroundings,
            place: print ? .nowhere : agent ? .agent : .files)
        // Before the person is sent anywhere.
        try holder.checkReady()

        let key = try PrivateKey(generating: type.kind)
        let visit = SignInAtTerminal(
            registration: registration, surroundings: surroundings, patience: Seconds(Int64(timeout)))
        let signedIn = try await visit.signIn(for: key, opensBrowser: !noBrowser)
        let minted = try await visit.conclude(signedIn) {
            let minted = try MintedKeys(
                named: holder.name, key: key, token: signedIn.token, verified: signedIn.verified, from: registration,
                refreshToken: signedIn.refreshToken, isInAgent: agent)
            try holder.take(minted, key: key)
            return minted
        }
        surroundings.terminal.wait(for: nil)
        if print {
            try FileHandle.standardOutput.write(
                contentsOf: Data(try key.file(comment: minted.comment) + minted.certificateLine))
        } else {
            Swift.print(
                json ? holder.json(of: minted) : holder.announcement(of: minted, style: Style(for: STDOUT_FILENO)))
        }
    }
}
