import Foundation
import Signatures

// JSON and JOSE read a second time, by Foundation's reader.

/// The one text that stands for the bytes, or nothing.
func slowBase64(_ text: [UInt8]) -> [UInt8]? {
    guard let data = Data(base64Encoded: Data(text)), Array(data.base64EncodedString().utf8) == text else { return nil }
    return Array(data)
}

func slowBase64URL(_ text: [UInt8]) throws(Doubt) -> [UInt8] {
    try require(!text.contains(where: { "+/=".utf8.contains($0) }), "letters of the other base64")
    let standard = text.map { byte -> UInt8 in
        byte == UInt8(ascii: "-") ? UInt8(ascii: "+") : byte == UInt8(ascii: "_") ? UInt8(ascii: "/") : byte
    }
    let padding = [UInt8](repeating: UInt8(ascii: "="), count: (4 - text.count % 4) % 4)
    guard !text.isEmpty, let bytes = slowBase64(standard + padding) else { throw Doubt("not base64url") }
    return bytes
}

/// A JSON object; names compare byte for byte, as `String`s do not.
struct SlowObject {
    private var members: [[UInt8]: Any] = [:]

    var names: Set<[UInt8]> { Set(members.keys) }

    init(_ text: [UInt8]) throws {
        let value = try JSONSerialization.jsonObject(with: Data(text))
        guard let object = value as? [String: Any] else { throw Doubt("no JSON object") }
        self.init(object)
        try SlowObject.checkNames(text)
    }

    private init(_ object: [String: Any]) {
        for (name, value) in object { members[Array(name.utf8)] = value }
    }

    subscript(_ name: String) -> Any? { members[Array(name.utf8)] }

    func value(_ name: [UInt8]) -> Any? { members[name] }

    func text(_ name: String) -> [UInt8]? { SlowObject.text(self[name]) }

    func object(_ name: String) -> SlowObject? { (self[name] as? [String: Any]).map { SlowObject($0) } }

    func objects(_ name: String) -> [SlowObject]? {
        guard let elements = self[name] as? [Any] else { return nil }
        let objects = elements.compactMap { $0 as? [String: Any] }
        return objects.count == elements.count ? objects.map { SlowObject($0) } : nil
    }

    /// A text's own, or those of a list of nothing else.
    func texts(_ name: [UInt8]) -> [[UInt8]]? {
        if let text = SlowObject.text(members[name]) { return [text] }
        guard let elements = members[name] as? [Any] else { return nil }
        let texts = elements.compactMap(SlowObject.text)
        return texts.count == elements.count ? texts : nil
    }

    func isTrue(_ name: String) -> Bool {
        SlowObject.isBool(self[name]) && (self[name] as? NSNumber)?.boolValue == true
    }

    func number(_ name: String) -> Double? {
        SlowObject.isBool(self[name]) ? nil : (self[name] as? NSNumber)?.doubleValue
    }

    static func text(_ value: Any?) -> [UInt8]? { (value as? String).map { Array($0.utf8) } }

    private static func isBool(_ value: Any?) -> Bool {
        guard let number = value as? NSNumber else { return false }
        return unsafe number.objCType.pointee == CChar(UInt8(ascii: "c"))
    }

    /// Foundation keeps the last of two members with one name; we must have refused both.
    private static func checkNames(_ text: [UInt8]) throws {
        var scopes: [Set<[UInt8]>] = []
        var index = 0
        var last: [UInt8]?
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): scopes.append([])
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = scopes.popLast()
            case UInt8(ascii: ":"):
                guard let name = last, var scope = scopes.popLast() else { throw Doubt("no JSON") }
                try require(scope.insert(name).inserted, "a member twice")
                scopes.append(scope)
            case UInt8(ascii: "\""):
                let start = index
                index += 1
                while index < text.count, text[index] != UInt8(ascii: "\"") {
                    index += text[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                let literal = Data(text[start...min(index, text.count - 1)])
                last = SlowObject.text(try JSONSerialization.jsonObject(with: literal, options: .fragmentsAllowed))
            default: break
            }
            index += 1
        }
    }
}

/// One signature over one payload.
struct SlowJWS {
    let header: SlowObject
    let headerBytes: [UInt8]
    let payload: [UInt8]
    let signature: [UInt8]
    let signed: [UInt8]

    init(header: [UInt8], payload: [UInt8], signature: [UInt8]) throws {
        headerBytes = try slowBase64URL(header)
        self.header = try SlowObject(headerBytes)
        self.payload = try slowBase64URL(payload)
        self.signature = try slowBase64URL(signature)
        signed = header + Array(".".utf8) + payload
        try require(self.header["crit"] == nil && self.header["b64"] == nil, "crit or b64")
    }

    /// The algorithm by its first name.
    var algorithm: String? {
        let name = header.text("alg").map { String(decoding: $0, as: UTF8.self) }
        return name == "Ed25519" ? "EdDSA" : name
    }

    func verify(byJWK key: SlowObject) throws {
        func bytes(_ name: String) throws -> [UInt8] { try slowBase64URL(key.text(name) ?? []) }
        let isSigned: Bool
        func type(_ type: String, _ curve: String?) throws {
            try require(key.text("kty") == Array(type.utf8), "a key of another type")
            if let curve { try require(key.text("crv") == Array(curve.utf8), "a key on another curve") }
        }
        switch algorithm {
        case "RS256", "PS256":
            try type("RSA", nil)
            let modulus = Array(try bytes("n").drop { $0 == 0 })
            try require(modulus.count * 8 - (modulus.first ?? 0).leadingZeroBitCount >= 2048, "a weak RSA key")
            let scheme = algorithm == "RS256" ? SignatureScheme.rsaPKCS1(.sha256) : .rsaPSS(.sha256)
            let verifier = try VerificationKey(modulus: modulus, exponent: try bytes("e"))
            isSigned = try verifier.verifies(signature, over: signed, scheme: scheme)
        case "ES256":
            try type("EC", "P-256")
            let verifier = try VerificationKey(curve: .p256, point: [4] + (try bytes("x")) + (try bytes("y")))
            isSigned = try verifier.verifies(signature, over: signed, scheme: .ecdsa)
        case "EdDSA":
            try type("OKP", "Ed25519")
            let verifier = try VerificationKey(ed25519: try bytes("x"))
            isSigned = try verifier.verifies(signature, over: signed, scheme: .ed25519)
        default: throw Doubt("an algorithm \(algorithm ?? "of no name")")
        }
        try require(isSigned, "a JWS that does not match")
    }
}
