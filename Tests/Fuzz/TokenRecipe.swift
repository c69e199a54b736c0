import Encodings
import Signatures

/// A token to be made, good as it is, and what a recipe may make of it.
struct TokenRecipe {
    /// A JSON object whose values are given as text, so that they may be of any shape; names may stand twice.
    struct Members {
        var all: [(name: String, json: String)]

        mutating func set(_ name: String, _ json: String?) {
            let index = all.firstIndex { $0.name == name }
            if let index { all.remove(at: index) }
            if let json { all.insert((name, json), at: index ?? all.count) }
        }

        mutating func set(_ member: (name: String, json: String?)) { set(member.name, member.json) }

        var text: [UInt8] {
            let members = all.map { quotedJSON($0.name) + ":" + $0.json }
            return Array("{\(members.joined(separator: ","))}".utf8)
        }

        private func quotedJSON(_ name: String) -> String {
            String(decoding: JSON.string(Text(name)).encoded, as: UTF8.self)
        }
    }

    /// Who signs for the provider, and under what names.
    var provider = Signer.provider[0]
    var header: Members = ["alg": "\"EdDSA\"", "kid": "\"key-0\"", "typ": "\"JWT\""]
    var claims = TokenRecipe.goodClaims
    /// Whether the nonce is what the client's header comes to.
    var isCommitted = true

    var client: Signer
    /// Whose key the client's header names.
    var named: Signer
    var clientHeader: Members = ["rz": "\"\(String(repeating: "0a", count: 32))\"", "typ": "\"CIC\""]
    var clientKey: Members = [:]
    var isCanonical = true

    /// Behind the token: another one, as it is or with these changes.
    var refreshed: [(name: String, json: String?)]?
    var refreshedHeader: Members?
    var refresher = Signer.provider[0]

    /// How many times it stands in lengths, and what is turned in the text.
    var wraps = 1
    var turns: [(Int, UInt8)] = []

    static let now = CertificateRecipe.now

    static var goodClaims: Members {
        [
            "iss": "\"https://login.example.com\"", "sub": "\"248289761001\"", "aud": "\"pair-ssh\"",
            "iat": "\(now)", "exp": "\(now + 3600)", "email": "\"alice@example.com\"", "email_verified": "true",
            "groups": "[\"sre\",\"dev\"]",
        ]
    }

    init(client: Signer) {
        self.client = client
        named = client
    }

    private static let times: [String?] =
        CertificateRecipe.times.prefix(18).map { "\($0)" } + [nil, "1.5", "\"1\"", "-1"]

    /// The claims, each with what is worth a try there.
    private static let claimValues: [(name: String, values: [String?])] = [
        (
            "email",
            [
                "\"ALICE@EXAMPLE.COM\"", nil, "\"alice@evil.example\"", "\"bob@example.com\"", "1", "\"alice\"",
                "\"alice@example.com@evil.example\"", "\"\\u212Aalice@example.com\"", "\"@example.com\"",
                "\"root@example.com\"", "\"deploy@EXAMPLE.com\"", "\"a\\nb@example.com\"", "[\"alice@example.com\"]",
            ]
        ),
        ("email_verified", ["false", nil, "\"true\"", "1", "null", "[true]"]),
        ("iat", times), ("exp", times), ("nbf", times), ("auth_time", times),
        (
            "aud",
            [
                "[\"pair-ssh\",\"other\"]", "[\"other\",\"pair-ssh\"]", "[\"pair-ssh\"]", "[]", "\"other\"",
                "\"pair-other\"", "\"pair-google\"", "[\"pair-ssh\",\"pair-other\"]", "[\"pair-ssh\",1]", nil,
            ]
        ),
        ("azp", ["\"pair-ssh\"", "\"other\"", "\"pair-other\"", "1", "null"]),
        ("iss", ["\"https://accounts.google.com\"", "\"https://login.example.com\"", "\"https://x.example\"", nil]),
        ("sub", ["\"1\"", "\"\"", "1", nil, "\"a\\u0000b\"", "\"deploy\""]),
        (
            "groups",
            [
                "\"sre\"", "\"sre,dev\"", "[\"sre\",1]", "[\"dev\"]", nil, "{}", "[]", "[\"SRE\"]", "[[\"sre\"]]",
                "\"ops\"",
            ]
        ),
        ("hd", ["\"evil.example\"", nil, "\"EXAMPLE.com\"", "[\"example.com\"]", "true", "\"\""]),
        ("department", ["\"ops\"", "\"alice\"", "\"root\"", "[\"ops\"]", "1"]),
        ("nonce", ["\"AA\"", nil, "1"]), ("sid", ["\"1\"", "\"2\"", "null"]),
        ("Email", ["\"bob@example.com\""]), ("é", ["1"]), ("typ", ["\"CIC\""]),
    ]

    /// What any member may be tried with.
    static let values: [String?] =
        claimValues.flatMap(\.values) + ["\"https://login.example.com/\"", "true", "{}", "null", "0", "1e400"]

    private static func claim(_ choices: inout Recipe) -> (name: String, json: String?) {
        let claim = choices.one(of: claimValues, or: ("sub", []))
        let isFitting = choices.byte() & 3 != 3
        return (claim.name, choices.one(of: isFitting ? claim.values : values, or: nil))
    }

    typealias Step = @Sendable (inout TokenRecipe, inout Recipe) -> Void

    static let steps: [Step] = [
        { $0.claims.set(claim(&$1)) },
        { $0.claims.set(claim(&$1)) },
        { $0.claims.set(claim(&$1)) },
        { recipe, choices in
            let claim = claim(&choices)
            recipe.claims.all.append((claim.name, claim.json ?? "null"))
        },
        { $0.header.set($1.one(of: headerNames), $1.one(of: headerValues, or: nil)) },
        { $0.header.set($1.one(of: headerNames), $1.one(of: headerValues, or: nil)) },
        { $0.sign(with: $1.index(below: 2)) },
        { $0.provider = $1.one(of: Signer.all, or: $0.provider) },
        { recipe, _ in recipe.isCommitted = false },
        { $0.client = $1.one(of: Signer.all, or: $0.client) },
        { $0.named = $1.one(of: Signer.all, or: $0.named) },
        { $0.clientHeader.set($1.one(of: clientNames), $1.one(of: clientValues, or: nil)) },
        { $0.clientKey.set($1.one(of: clientNames), $1.one(of: clientValues, or: nil)) },
        { recipe, _ in recipe.isCanonical = false },
        { $0.refresh(("iat", "\(now + Int64($1.index(below: 3)) - 1)")) },
        { $0.refresh(claim(&$1)) },
        { recipe, _ in recipe.refresh(("nonce", nil)) },
        { recipe, choices in
            var header = recipe.refreshedHeader ?? recipe.header
            header.set(choices.one(of: headerNames), choices.one(of: headerValues, or: nil))
            recipe.refreshedHeader = header
        },
        { $0.refresher = $1.one(of: Signer.all, or: $0.refresher) },
        { $0.wraps = $1.index(below: 4) },
        { $0.turns.append((Int($1.byte()) << 8 | Int($1.byte()), $1.byte())) },
    ]

    private static let headerNames = ["alg", "kid", "typ", "crit", "b64", "jwk", "jku"]
    private static let headerValues: [String?] = [
        "\"EdDSA\"", "\"Ed25519\"", "\"ES256\"", "\"RS256\"", "\"PS256\"", "\"HS256\"", "\"none\"", "\"JWT\"",
        "\"at+jwt\"", "\"jwt\"", "\"CIC\"", "\"COS\"", "\"key-0\"", "\"key-1\"", "\"key-9\"", "\"\"", "null", "1", "[]",
        "[\"exp\"]", "true", nil,
    ]
    private static let clientNames = ["alg", "typ", "rz", "extra", "upk", "x", "y", "crv", "kty", "d", "é", "z\\\""]
    private static let clientValues: [String?] = [
        "\"EdDSA\"", "\"Ed25519\"", "\"ES256\"", "\"PS256\"", "\"none\"", "\"CIC\"", "\"JWT\"", "\"AA\"",
        "\"\(String(repeating: "0A", count: 32))\"", "\"\(String(repeating: "f", count: 64))\"",
        "\"\(String(repeating: "0", count: 63))\"", "1", "{}", "\"a/b\"", "\"\\u001f\"", "\"é\"", nil,
    ]

    mutating func issueAtGoogle() {
        claims.set("iss", "\"https://accounts.google.com\"")
        claims.set("hd", "\"example.com\"")
    }

    private mutating func refresh(_ claim: (name: String, json: String?)) { refreshed = (refreshed ?? []) + [claim] }

    /// Has one of the provider's keys sign, as it should.
    private mutating func sign(with index: Int) {
        provider = Signer.provider[index]
        header.set("alg", "\"\(provider.algorithm)\"")
        header.set("kid", "\"key-\(index)\"")
    }

    // MARK: - Making it

    private var clientHeaderText: [UInt8] {
        var key: Members = ["alg": "\"\(named.algorithm)\""]
        for (name, json) in named.members { key.set(name, json) }
        for (name, json) in clientKey.all { key.set(name, json) }
        var header = clientHeader
        if !header.all.contains(where: { $0.name == "alg" }) {
            header.all.insert(("alg", "\"\(named.algorithm)\""), at: 0)
        }
        if !header.all.contains(where: { $0.name == "upk" }) {
            header.all.append(("upk", String(decoding: key.text, as: UTF8.self)))
        }
        guard isCanonical, let json = try? JSON(parsing: header.text) else { return header.text.withBlank }
        return json.canonical
    }

    var text: [UInt8] {
        let clientHeader = clientHeaderText
        var claims = claims
        if isCommitted, let hash = try? Digest.sha3x256(clientHeader) {
            claims.set("nonce", "\"\(base64URL(hash))\"")
        }
        let payload = base64URL(claims.text)
        func signed(_ header: [UInt8], by signer: Signer) -> String {
            let header = base64URL(header)
            return header + ":" + base64URL(signer.joseSignature(over: Array("\(header).\(payload)".utf8)))
        }
        var token = [payload, signed(header.text, by: provider), signed(clientHeader, by: client)].joined(
            separator: ":")
        if let refreshed {
            var fresh = claims
            for (name, json) in refreshed { fresh.set(name, json) }
            let text = base64URL((refreshedHeader ?? header).text) + "." + base64URL(fresh.text)
            token += "." + text + "." + base64URL(refresher.joseSignature(over: Array(text.utf8)))
        }
        var bytes = Array(token.utf8)
        for (offset, change) in turns { bytes[offset % bytes.count] ^= change }
        return bytes
    }
}

extension TokenRecipe.Members: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, String)...) { all = elements.map { ($0.0, $0.1) } }
}

extension [UInt8] {
    /// The same object with a blank in front: nothing that a canonical text has.
    fileprivate var withBlank: [UInt8] { Array("{ ".utf8) + dropFirst() }
}
