import Encodings
import Foundation
import IdentityToken
import Policy
import Signatures

/// The token in Keys verified a second time, by docs/token.md alone.
struct SlowToken {
    /// The newest claims.
    let claims: SlowClaims
    let provider: Provider
    /// Unix seconds.
    let end: Int64

    /// Throws unless all of it holds.
    init(_ text: [UInt8], certified: SlowKey, keySets: [String: [UInt8]], host: Configuration, now: Int64) throws {
        try require(text.count <= 32 << 10, "a token of \(text.count) bytes")
        var segments = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { Array($0) }
        var parts = (segments.last ?? []).split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false
        ).map { Array($0) }
        segments[segments.count - 1] = parts.removeFirst()
        try require(segments.count == 5 && (parts.isEmpty || parts.count == 3), "segments")
        let token = try SlowJWS(header: segments[1], payload: segments[0], signature: segments[2])
        let client = try SlowJWS(header: segments[3], payload: segments[0], signature: segments[4])
        let commitment = try SlowToken.commitment(client, certified)
        let original = try SlowClaims(token.payload)
        let issuers = host.providers.filter { Array($0.issuer.utf8) == original.issuer }
        guard let provider = issuers.first(where: original.isFor) else { throw Doubt("nobody's token") }
        guard let file = keySets[provider.name] else { throw Doubt("no key set") }
        let keys = try SlowKeySet(file, of: provider, skew: host.clockSkew.count, now: now)
        try keys.verify(token, of: provider)
        try require(original.object.text("nonce") == commitment, "a nonce that commits to nothing")

        try original.checkStart(now + host.clockSkew.count)
        var newest = original
        if !parts.isEmpty {
            let refreshed = try SlowJWS(header: parts[0], payload: parts[1], signature: parts[2])
            newest = try SlowClaims(refreshed.payload)
            try keys.verify(refreshed, of: provider)
            try newest.checkStart(now + host.clockSkew.count)
            try newest.checkRenews(original, of: provider, now: now)
        }
        let lifetime = newest.issuedAt + provider.keysLifetime.count
        try require(now < lifetime, "Keys that are over")
        try require(provider.beyondTokenExpiry || now < newest.expires, "a token that is over")
        claims = newest
        end = provider.beyondTokenExpiry ? lifetime : min(lifetime, newest.expires)
        self.provider = provider
    }

    /// What the nonce must be, once the client's signature is known to be by the certified key.
    private static func commitment(_ client: SlowJWS, _ certified: SlowKey) throws -> [UInt8] {
        let header = client.header
        try require(header.text("typ") == Array("CIC".utf8), "no CIC")
        let salt = header.text("rz") ?? []
        try require(salt.count == 64 && salt.allSatisfy("0123456789abcdef".utf8.contains), "rz")
        guard let key = header.object("upk") else { throw Doubt("no upk") }
        let names = ["ES256": "alg crv kty x y", "EdDSA": "alg crv kty x", "RS256": "alg e kty n"]
        let algorithm = String(decoding: header.text("alg") ?? [], as: UTF8.self)
        guard let wanted = names[algorithm] else { throw Doubt("a client's alg") }
        try require(key.names == Set(wanted.split(separator: " ").map { Array($0.utf8) }), "members of upk")
        try require(key.text("alg") == header.text("alg"), "upk.alg")
        func bytes(_ name: String) throws -> [UInt8] { try slowBase64URL(key.text(name) ?? []) }
        let fields: [[UInt8]]
        switch algorithm {
        case "ES256": fields = [Array("nistp256".utf8), [4] + (try bytes("x")) + (try bytes("y"))]
        case "EdDSA": fields = [try bytes("x")]
        default: fields = [try bytes("e"), try bytes("n")]
        }
        let types = ["ES256": "ecdsa-sha2-nistp256", "EdDSA": "ssh-ed25519", "RS256": "ssh-rsa"]
        try require(certified.type == types[algorithm] && certified.fields == fields, "upk is another key")
        try require(canonical(header) == client.headerBytes, "a CIC header that is not canonical")
        try client.verify(byJWK: key)
        let hash = Data(try Digest.sha3x256(client.headerBytes)).base64EncodedString()
        return Array(hash.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "").utf8)
    }

    /// Members sorted, nothing between them; strings, and objects of strings, are all that a client header holds.
    private static func canonical(_ object: SlowObject) throws -> [UInt8] {
        func literal(_ text: [UInt8]) -> [UInt8] {
            let escapes: [UInt8: String] = [
                0x22: "\\\"", 0x5C: "\\\\", 8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r",
            ]
            let quote = Array("\"".utf8)
            return quote
                + text.flatMap { byte -> [UInt8] in
                    if let escape = escapes[byte] { return Array(escape.utf8) }
                    return byte < 0x20
                        ? Array("\\u00\(byte < 16 ? "0" : "1")\(String(byte % 16, radix: 16))".utf8) : [byte]
                } + quote
        }
        let members = try object.names.sorted { $0.lexicographicallyPrecedes($1) }.map { name -> [UInt8] in
            let value: [UInt8]
            if let text = SlowObject.text(object.value(name)) {
                value = literal(text)
            } else if name == Array("upk".utf8), let inner = object.object("upk") {
                value = try canonical(inner)
            } else {
                throw Doubt("a client header with something else than strings")
            }
            return literal(name) + Array(":".utf8) + value
        }
        return Array("{".utf8) + Array(members.joined(separator: ",".utf8)) + Array("}".utf8)
    }
}

/// A payload.
struct SlowClaims {
    let object: SlowObject
    let issuer: [UInt8]
    let subject: [UInt8]
    let audiences: [[UInt8]]
    let issuedAt: Int64
    let expires: Int64

    init(_ payload: [UInt8]) throws {
        object = try SlowObject(payload)
        issuer = object.text("iss") ?? []
        subject = object.text("sub") ?? []
        for text in [issuer, subject, object.text("email") ?? [0x61]] {
            try require(!text.contains { $0 < 0x20 || $0 == 0x7F }, "a control character in a name")
        }
        try require(!issuer.isEmpty && !subject.isEmpty, "no iss or sub")
        guard let audiences = object.texts(Array("aud".utf8)) else { throw Doubt("no aud") }
        self.audiences = audiences
        try require(object["azp"] == nil || object.text("azp") != nil, "azp is no text")
        issuedAt = try SlowClaims.time("iat", object)
        expires = try SlowClaims.time("exp", object)
        if object["nbf"] != nil { _ = try SlowClaims.time("nbf", object) }
    }

    private static func time(_ name: String, _ object: SlowObject) throws(Doubt) -> Int64 {
        guard let time = object.number(name), time >= 0, time <= 253_402_300_799 else { throw Doubt("no \(name)") }
        return Int64(time.rounded(.down))
    }

    func isFor(_ provider: Provider) -> Bool {
        let ours = provider.clientIDs.map { Array($0.utf8) }
        guard audiences.contains(where: ours.contains) else { return false }
        guard let party = object.text("azp") else { return audiences.count == 1 }
        return ours.contains(party)
    }

    func checkStart(_ latest: Int64) throws(Doubt) {
        try require(issuedAt <= latest, "issued in the future")
        try require(Int64(object.number("nbf") ?? 0) <= latest, "not yet valid")
    }

    func checkRenews(_ old: SlowClaims, of provider: Provider, now: Int64) throws(Doubt) {
        try require(issuer == old.issuer && subject == old.subject, "somebody else's token")
        try require(Set(audiences) == Set(old.audiences) && isFor(provider), "a token for others")
        try require(object["nonce"] == nil || object.text("nonce") == old.object.text("nonce"), "another nonce")
        try require(issuedAt >= old.issuedAt, "a token older than the original")
        try require(now - old.issuedAt <= provider.renewableFor.count, "too old to be renewed")
        for name in ["sid", "auth_time"] {
            guard let one = old.object[name] as? NSObject, let other = object[name] as? NSObject else { continue }
            try require(one == other, "another \(name)")
        }
    }
}

/// A file of the key-set cache.
struct SlowKeySet {
    private let keys: [SlowObject]

    init(_ file: [UInt8], of provider: Provider, skew: Int64, now: Int64) throws {
        try require(file.count <= 256 << 10, "a large key set")
        let object = try SlowObject(file)
        try require(object.text("issuer") == Array(provider.issuer.utf8), "the key set of another issuer")
        guard let fetched = object.number("fetched_at"), let keys = object.objects("keys") else {
            throw Doubt("no keys")
        }
        try require(Int64(fetched) <= now + skew, "a key set from the future")
        try require(now - Int64(fetched) <= provider.maximumKeySetAge.count, "a stale key set")
        try require(!keys.isEmpty && keys.count <= 100, "\(keys.count) keys")
        let secrets = ["d", "k", "p", "q", "dp", "dq", "qi", "oth", "priv"]
        for key in keys {
            try require(key.text("kty") != Array("oct".utf8), "a secret key")
            try require(!secrets.contains { key[$0] != nil }, "a private key")
        }
        self.keys = keys
    }

    /// Throws unless the one key that the header names, or the only one that could have, verifies the token.
    func verify(_ token: SlowJWS, of provider: Provider) throws {
        let type = token.header["typ"] == nil ? Array("JWT".utf8) : token.header.text("typ") ?? []
        try require(provider.tokenTypes.map { Array($0.rawValue.utf8) }.contains(type), "typ")
        guard let algorithm = token.algorithm, provider.algorithms.map(\.rawValue).contains(algorithm) else {
            throw Doubt("an algorithm that is not listed")
        }
        let id = token.header.text("kid")
        try require(id != nil || token.header["kid"] == nil, "kid is no text")
        let named = keys.filter { id == nil ? isFor(algorithm, $0) : $0.text("kid") == id }
        try require(named.count == 1, "\(named.count) keys")
        try require(isFor(algorithm, named[0]), "a key for something else")
        try token.verify(byJWK: named[0])
    }

    /// Whether its numbers are those of a key: one that is malformed is as if it were not there.
    private func isWhole(_ key: SlowObject) -> Bool {
        func bytes(_ name: String) -> [UInt8] { (try? slowBase64URL(key.text(name) ?? [])) ?? [] }
        switch key.text("kty").map({ String(decoding: $0, as: UTF8.self) }) {
        case "RSA":
            let (modulus, exponent) = (Array(bytes("n").drop { $0 == 0 }), bytes("e").drop { $0 == 0 })
            let bits = modulus.count * 8 - (modulus.first ?? 0).leadingZeroBitCount
            let isOddAboveOne = exponent.last.map { $0 % 2 == 1 && ($0 > 1 || exponent.count > 1) } ?? false
            return (2048...16384).contains(bits) && isOddAboveOne && exponent.count <= 8
        case "EC": return key.text("crv") == Array("P-256".utf8) && bytes("x").count == 32 && bytes("y").count == 32
        case "OKP": return key.text("crv") == Array("Ed25519".utf8) && bytes("x").count == 32
        default: return false
        }
    }

    private func isFor(_ algorithm: String, _ key: SlowObject) -> Bool {
        func says(_ name: String, _ values: [String]) -> Bool {
            guard key[name] != nil else { return true }
            return (key.text(name).map { value in values.contains { Array($0.utf8) == value } }) ?? false
        }
        let kinds = ["RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"]
        guard says("alg", algorithm == "EdDSA" ? ["EdDSA", "Ed25519"] : [algorithm]), says("use", ["sig"]) else {
            return false
        }
        if key["key_ops"] != nil, key.texts(Array("key_ops".utf8))?.contains(Array("verify".utf8)) != true {
            return false
        }
        guard key["kid"] == nil || key.text("kid") != nil, isWhole(key) else { return false }
        return kinds[algorithm].map { Array($0.utf8) } == key.text("kty")
    }
}
