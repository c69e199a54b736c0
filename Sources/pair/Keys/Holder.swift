import Encodings
import Foundation
import KeyStore
import SSHKeys

/// What takes Keys once they are made: files, an agent with files beside it, or nothing but the standard output.
struct Holder {
    /// Where the private key goes.
    enum Place {
        case files, agent, nowhere
    }

    let name: String
    let place: Place
    let store: KeyStore
    private let agent: Agent?

    init(name: String, surroundings: Surroundings, place: Place) throws {
        guard KeyStore.isName(name) else { throw KeyStoreError.name(name) }
        self.name = name
        self.place = place
        store = try surroundings.store()
        agent = place == .agent ? try Agent(environment: surroundings.environment) : nil
    }

    /// How long another pair that is at work on the same Keys is waited for.
    static let patience = Duration.seconds(10)

    /// Fails where the Keys could not be taken for a reason that is known beforehand.
    func checkReady() throws {
        guard place != .nowhere else { return }
        try store.checkWritable(name)
        _ = try agent?.identities()
    }

    /// Takes the Keys.
    func take(_ minted: MintedKeys, key: borrowing PrivateKey) throws {
        guard place != .nowhere else { return }
        let lock = try store.lock(name, waitingFor: Holder.patience)
        try agent?.add(
            key, certificate: minted.certificate, comment: minted.comment, lifetime: minted.state.expires.since(now()))
        try store.save(
            minted.state, privateKeyFile: place == .files ? try key.file(comment: minted.comment) : nil,
            publicKeyLine: minted.publicKeyLine, certificateLine: minted.certificateLine, under: lock)
    }

    /// The private key's path, as ssh takes it.
    var path: String { "\(store.folder)/\(name)" }

    /// How to log in with the Keys; ssh finds those in its agent by itself, and misses a file for `-i`.
    private var command: String { place == .agent ? "ssh LOGIN@HOST" : "ssh -i \(path) LOGIN@HOST" }

    /// What the person is told in the end.
    func announcement(of minted: MintedKeys, style: Style) -> String {
        let state = minted.state
        let whose = state.email == nil ? "sub \(quoted(state.subject))" : quoted(minted.identity)
        return """
            \(style.green("Your Keys were created successfully."))

              identity  \(whose) at \(state.provider.issuer.string)
              until     \(state.expires.localTime), for \(state.expires.since(now()))
              \(place == .agent ? "in agent " : "file     ") \(place == .agent ? minted.comment : path)

            \(style.bold("Next:"))  \(command)
            Or once, so that plain ssh finds and renews them:  pair ssh-config --install --name \(name) --host HOST
            """
    }

    /// The same for programs.
    func json(of minted: MintedKeys) -> String {
        var object = JSON.Object()
        object.add("name", name)
        object.add("issuer", .string(minted.state.provider.issuer))
        object.add("sub", .string(minted.state.subject))
        object.add("email", minted.state.email?.string)
        object.add("expires", minted.state.expires.rfc3339)
        object.add("in_agent", .bool(place == .agent))
        object.add("file", path)
        object.add("certificate", path + "-cert.pub")
        return String(decoding: JSON.object(object).encoded, as: UTF8.self)
    }
}
