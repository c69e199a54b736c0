internal import Encodings
internal import HTTP
internal import IdentityToken

extension DiscoveryError {
    /// What to do about it, in a sentence or two; `nil` where there is nothing.
    public var advice: String? {
        switch self {
        case .issuer:
            "Correct the issuer: it is an address such as https://idp.example.com, as the provider's documentation has it."
        case .noAnswer(let error): error.advice
        case .status(let status, let document, let address, _): Self.advice(status, document, address)
        case .body(let defect, let document, let address): Self.advice(defect, document, address)
        case .otherIssuer(let found, let expected, _): Self.advice(found, expected)
        case .member(_, .plainHTTP, let address):
            "Tell whoever runs \(address.host) to set the public https address there: behind a proxy, a provider often does "
                + "not know it."
        case .member(let name, _, let address):
            "Tell whoever runs \(address.host) that \(name) of its discovery document cannot be used."
        case .keySet(.keySet(.secretKey), let address):
            "Tell whoever runs \(address.host) at once: everybody can read that key, and has to be expected to use it."
        case .keySet(_, let address): "Tell whoever runs \(address.host) that its key set cannot be used."
        }
    }

    private static func advice(_ status: Int, _ document: ProviderDocument, _ address: WebAddress) -> String {
        switch (status, document) {
        case (429, _), (500..., _): "Try again later: the server at \(address.host) is in trouble."
        case (401, _), (403, _), (407, _):
            "Check that what stands before \(address.host) lets everybody read that address."
        case (_, .metadata): "Check the issuer's spelling, its path included: the document has to be at that address."
        case (_, .keySet):
            "Tell whoever runs \(address.host) that its discovery document names this address as jwks_uri."
        }
    }

    private static func advice(_ defect: BodyDefect, _ document: ProviderDocument, _ address: WebAddress) -> String {
        switch (defect, document) {
        case (.webPage, _):
            "Open the address in a browser: if it shows a sign-in to your network, sign in there and try again; otherwise "
                + "check the issuer's spelling."
        case (_, .metadata): "Check the issuer's spelling, or tell whoever runs \(address.host)."
        case (_, .keySet): "Tell whoever runs \(address.host) that this address, its jwks_uri, has no key set."
        }
    }

    private static func advice(_ found: Text, _ expected: Text) -> String {
        if found == Text(expected.string + "/") || expected == Text(found.string + "/") {
            let preposition = found.utf8.count > expected.utf8.count ? "with" : "without"
            return "Configure the issuer \(preposition) the slash at its end, as the provider has it: \(quoted(found))."
        }
        if found.utf8.contains(UInt8(ascii: "{")) {
            return "Configure the issuer of your own tenant: the provider has its id in place of what stands in braces."
        }
        return "If \(quoted(found)) is the provider that you mean, configure that as its issuer, byte for byte."
    }
}
