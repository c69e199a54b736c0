import ArgumentParser
import Encodings
import HTTP
import SignIn

/// Where to sign in, as the command line says it.
struct ProviderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The provider, by its name in config.toml; the default one otherwise.", valueName: "name"))
    var provider: String?

    @Option(help: ArgumentHelp("A provider that no file names; with --client-id.", valueName: "url"))
    var issuer: String?

    @Option(name: .customLong("client-id"), help: ArgumentHelp("The public client there.", valueName: "id"))
    var clientID: String?

    func validate() throws {
        guard (issuer == nil) == (clientID == nil) else {
            throw ValidationError("--issuer and --client-id go together.")
        }
        guard issuer == nil || provider == nil else {
            throw ValidationError("--provider names a provider of config.toml; --issuer needs none.")
        }
    }

    /// The registration that is meant.
    func registration(in surroundings: Surroundings) throws -> ClientRegistration {
        guard let issuer, let clientID else {
            return try surroundings.configuration().registration(named: provider)
        }
        let address = try WebAddress(Text(issuer))
        return ClientRegistration(name: address.host, issuer: Text(issuer), clientID: Text(clientID))
    }
}
