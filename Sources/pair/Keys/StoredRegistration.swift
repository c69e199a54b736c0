import Encodings
import IdentityToken
import KeyStore
import SignIn

// A provider as the configuration has it, and as it is kept beside Keys: the same but for the client's secret.

extension StoredProvider {
    init(_ registration: ClientRegistration) {
        self.init(
            name: Text(registration.name), issuer: registration.issuer, clientID: registration.clientID,
            scopes: registration.scopes, redirectURIs: registration.redirectURIs.map { Text("\($0)") },
            parameters: registration.parameters.map { Parameter(name: $0.name, value: $0.value) },
            keysLifetime: registration.keysLifetime, renewableFor: registration.renewableFor,
            beyondTokenExpiry: registration.beyondTokenExpiry,
            tokenTypes: registration.tokenTypes,
            algorithms: registration.algorithms.map { Text($0.rawValue) })
    }
}

extension ClientRegistration {
    /// The provider that Keys came from: as it is configured now, or as it was then.
    init(_ stored: StoredProvider, in configuration: ClientConfiguration) {
        let configured = configuration.registrations.first {
            Text($0.name) == stored.name && $0.issuer == stored.issuer && $0.clientID == stored.clientID
        }
        self = configured ?? ClientRegistration(stored)
    }

    private init(_ stored: StoredProvider) {
        let redirectURIs = (stored.redirectURIs ?? []).compactMap { RedirectURI($0) }
        let algorithms = (stored.algorithms ?? []).compactMap { SigningAlgorithm(name: $0.string) }
        let standard = ClientRegistration(name: "", issuer: "", clientID: "")
        self.init(
            name: stored.name.string, issuer: stored.issuer, clientID: stored.clientID, scopes: stored.scopes,
            redirectURIs: redirectURIs.isEmpty ? standard.redirectURIs : redirectURIs,
            parameters: (stored.parameters ?? []).compactMap { Parameter(name: $0.name, value: $0.value) },
            keysLifetime: stored.keysLifetime ?? standard.keysLifetime,
            renewableFor: stored.renewableFor ?? standard.renewableFor,
            beyondTokenExpiry: stored.beyondTokenExpiry ?? standard.beyondTokenExpiry,
            algorithms: algorithms.isEmpty ? standard.algorithms : algorithms,
            tokenTypes: stored.tokenTypes ?? standard.tokenTypes)
    }
}
