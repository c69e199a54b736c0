import Encodings
import Signatures

@testable import IdentityToken
@testable import TestSupport

/// A PK token of one person at one provider; without changes it is good at `now`.
struct HandmadeToken {
    static let now = UnixTime(seconds: 1_795_348_800)
    static let issuedAt: Int64 = 1_795_348_740
    static let issuer: Text = "https://login.example.com"
    static let salt = String(repeating: "0123456789abcdef", count: 4)

    static let rules = VerificationRules(
        clientIDs: ["pair-ssh"], algorithms: SigningAlgorithm.allCases, tokenTypes: ["JWT"], clockSkew: Seconds(30),
        keysLifetime: Seconds(300), renewableFor: Seconds(12 * 3600), beyondTokenExpiry: false)

    /// The claims' values as JSON, by name; `nonce` is added where it is absent.
    var claims = [
        "iss": "\"\(issuer.string)\"", "sub": #""248289761001""#, "aud": #""pair-ssh""#,
        "iat": "\(issuedAt)", "exp": "\(issuedAt + 3600)", "email": #""alice@example.com""#, "email_verified": "true",
    ]
    var providerHeader: String
    var clientHeader: String
    let provider: JOSEKey
    let client: JOSEKey

    init(provider: JOSEKey, client: JOSEKey) {
        self.provider = provider
        self.client = client
        providerHeader = #"{"alg":"\#(provider.kind.rawValue)","kid":"key-1","typ":"JWT"}"#
        clientHeader =
            #"{"alg":"\#(client.kind.rawValue)","rz":"\#(Self.salt)","typ":"CIC","upk":{\#(client.members)}}"#
    }

    /// With a provider and a client of ES256.
    init(in scratch: Scratch) throws {
        self.init(
            provider: try JOSEKey(.es256, in: scratch, name: "provider"),
            client: try JOSEKey(.es256, in: scratch, name: "client"))
    }

    var commitment: String {
        get throws { Base64.url.encode(try Digest.sha3x256(Array(clientHeader.utf8))) }
    }

    var payload: String {
        get throws { Self.object(try claims.merging(["nonce": "\"\(commitment)\""]) { own, _ in own }) }
    }

    /// The token's compact form, honestly signed.
    var compact: String {
        get throws {
            let payload = try payload
            let signatures = try [(provider, providerHeader), (client, clientHeader)].map { key, header in
                try key.compact(header: header, payload: payload).split(separator: ".")
            }
            let (op, cic) = (signatures[0], signatures[1])
            return [op[1], op[0], op[2], cic[0], cic[2]].joined(separator: ":")
        }
    }

    /// The token with a refreshed one behind it: the same claims without a nonce, changed.
    func compact(
        refreshedBy key: JOSEKey? = nil, header: String? = nil, change: (inout [String: String]) -> Void = { _ in }
    ) throws -> String {
        var claims = claims
        claims["iat"] = "\(Self.now.seconds - 30)"
        claims["exp"] = "\(Self.now.seconds + 3600)"
        change(&claims)
        let refreshed = try (key ?? provider).compact(
            header: header ?? providerHeader, payload: Self.object(claims))
        return try compact + "." + refreshed
    }

    private static func object(_ members: [String: String]) -> String {
        "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    /// The provider's key set, with other keys beside its own.
    func keys(and others: String...) throws -> KeySet {
        try KeySet(testing: [provider.jwk("key-1")] + others)
    }

    /// All steps in their order.
    func verify(
        _ compact: String, keys: KeySet, rules: VerificationRules = rules, at now: UnixTime = now
    ) throws(TokenError) -> VerifiedToken {
        try CompactToken(parsing: Array(compact.utf8)[...]).bound(to: client.publicKey)
            .signed(by: keys, under: rules).committed().verified(at: now)
    }
}

extension KeySet {
    /// A set of these keys, each a JSON object, of the handmade tokens' issuer.
    init(testing keys: [String]) throws {
        let jwks = "{\"keys\":[\(keys.joined(separator: ","))]}"
        try self.init(jwks: Array(jwks.utf8), issuer: HandmadeToken.issuer, fetchedAt: HandmadeToken.now)
    }
}
