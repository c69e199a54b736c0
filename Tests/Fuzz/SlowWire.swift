import Foundation
import Signatures

// SSH's formats read a second time, by code that shares nothing with SSHWire and SSHKeys: slow, plain, for comparison.

/// Why the slow path lets nobody in, or why it cannot read something.
struct Doubt: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

func require(_ holds: Bool, _ what: @autoclosure () -> String) throws(Doubt) {
    if !holds { throw Doubt(what()) }
}

/// Bytes that are read from the front.
struct SlowBytes {
    private(set) var rest: [UInt8]

    init(_ bytes: [UInt8]) { rest = bytes }

    mutating func take(_ count: UInt64) throws(Doubt) -> [UInt8] {
        try require(count <= UInt64(rest.count), "cut short")
        let taken = Array(rest.prefix(Int(count)))
        rest = Array(rest.dropFirst(Int(count)))
        return taken
    }

    mutating func number(bytes count: UInt64) throws(Doubt) -> UInt64 {
        var number: UInt64 = 0
        for byte in try take(count) { number = number * 256 + UInt64(byte) }
        return number
    }

    mutating func string() throws(Doubt) -> [UInt8] { try take(try number(bytes: 4)) }

    mutating func name() throws(Doubt) -> String {
        let bytes = try string()
        for byte in bytes { try require(byte > 0x20 && byte < 0x7F, "a name of other letters") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// An mpint above zero, without the zero byte that its sign may need.
    mutating func magnitude() throws(Doubt) -> [UInt8] {
        let bytes = try string()
        try require(!bytes.isEmpty && bytes[0] < 0x80, "no positive number")
        guard bytes[0] == 0 else { return bytes }
        try require(bytes.count > 1 && bytes[1] >= 0x80, "a number with a zero too many")
        return Array(bytes.dropFirst())
    }

    func end() throws(Doubt) { try require(rest.isEmpty, "\(rest.count) bytes left over") }
}

/// A public key: its type and what stands behind that, field by field.
struct SlowKey: Equatable {
    let type: String
    let fields: [[UInt8]]

    private static let fieldCounts = [
        "ssh-ed25519": 1, "ssh-rsa": 2, "ecdsa-sha2-nistp256": 2, "ecdsa-sha2-nistp384": 2, "ecdsa-sha2-nistp521": 2,
        "sk-ssh-ed25519@openssh.com": 2, "sk-ecdsa-sha2-nistp256@openssh.com": 3,
        "ssh-mldsa44-ed25519@openssh.com": 1,
    ]

    init(_ blob: [UInt8]) throws(Doubt) {
        var bytes = SlowBytes(blob)
        self = try SlowKey(try bytes.name(), &bytes)
        try bytes.end()
    }

    init(_ type: String, _ bytes: inout SlowBytes) throws(Doubt) {
        guard let count = SlowKey.fieldCounts[type] else { throw Doubt("a key of type \(type)") }
        self.type = type
        var fields: [[UInt8]] = []
        for _ in 0..<count { fields.append(type == "ssh-rsa" ? try bytes.magnitude() : try bytes.string()) }
        self.fields = fields
    }

    /// The key's own number, without what an authenticator adds.
    private var key: [UInt8] { fields[type.contains("ecdsa") ? 1 : 0] }

    func blob() -> [UInt8] {
        func string(_ bytes: [UInt8]) -> [UInt8] {
            let count = UInt32(bytes.count)
            return [24, 16, 8, 0].map { UInt8(count >> $0 & 255) } + bytes
        }
        return string(Array(type.utf8))
            + fields.flatMap { field in
                string(type == "ssh-rsa" && field[0] >= 0x80 ? [0] + field : field)
            }
    }

    func fingerprint() throws -> String {
        "SHA256:" + Data(try Digest.sha256(blob())).base64EncodedString().replacing("=", with: "")
    }

    /// Throws unless the numbers are a key that may be used.
    func checkStrength() throws(Doubt) {
        guard type == "ssh-rsa" else { return }
        let bits = fields[1].count * 8 - fields[1][0].leadingZeroBitCount
        try require(bits >= 2048 && bits <= 16384, "an RSA key of \(bits) bits")
    }

    /// Throws unless `signature` is this key's over `message`.
    func verify(_ signature: [UInt8], over message: [UInt8]) throws {
        try checkStrength()
        var parts = SlowBytes(signature)
        let algorithm = try parts.name()
        let body = try parts.string()
        var raw = body
        var signed = message
        if type.contains("ecdsa") {
            var halves = SlowBytes(body)
            raw = []
            for _ in 0..<2 {
                let half = try halves.magnitude()
                let width = (key.count - 1) / 2
                try require(half.count <= width, "a half too long")
                raw += [UInt8](repeating: 0, count: width - half.count) + half
            }
            try halves.end()
        }
        if type.hasPrefix("sk-"), let application = fields.last {
            signed = try Digest.sha256(application) + parts.take(5) + Digest.sha256(message)
        }
        try parts.end()
        try require(try matches(algorithm, raw, over: signed), "a signature that does not match")
    }

    private func matches(_ algorithm: String, _ signature: [UInt8], over message: [UInt8]) throws -> Bool {
        func rsa(_ digest: Digest) throws -> Bool {
            let key = try VerificationKey(modulus: fields[1], exponent: fields[0])
            return try key.verifies(signature, over: message, scheme: .rsaPKCS1(digest))
        }
        func ecdsa(_ curve: Curve) throws -> Bool {
            let key = try VerificationKey(curve: curve, point: key)
            return try key.verifies(signature, over: message, scheme: .ecdsa)
        }
        switch (type, algorithm) {
        case ("ssh-ed25519", type), ("sk-ssh-ed25519@openssh.com", type):
            return try VerificationKey(ed25519: key).verifies(signature, over: message, scheme: .ed25519)
        case ("ecdsa-sha2-nistp256", type), ("sk-ecdsa-sha2-nistp256@openssh.com", type): return try ecdsa(.p256)
        case ("ecdsa-sha2-nistp384", type): return try ecdsa(.p384)
        case ("ecdsa-sha2-nistp521", type): return try ecdsa(.p521)
        case ("ssh-rsa", "rsa-sha2-256"): return try rsa(.sha256)
        case ("ssh-rsa", "rsa-sha2-512"): return try rsa(.sha512)
        default: throw Doubt("a signature \(algorithm) by a key \(type)")
        }
    }
}

/// A certificate, its options as they stand.
struct SlowCertificate {
    let certified: SlowKey
    let serial: UInt64
    let kind: UInt64
    let keyID: [UInt8]
    let principals: [[UInt8]]
    let validAfter: UInt64
    let validBefore: UInt64
    let critical: [(name: String, data: [UInt8])]
    let extensions: [(name: String, data: [UInt8])]
    let reserved: [UInt8]
    let signer: SlowKey
    let signed: [UInt8]
    let signature: [UInt8]

    init(_ blob: [UInt8]) throws(Doubt) {
        var bytes = SlowBytes(blob)
        let name = try bytes.name()
        let suffix = "-cert-v01@openssh.com"
        try require(name.hasSuffix(suffix), "no certificate: \(name)")
        let stem = String(name.dropLast(suffix.count))
        let isOpenSSH = stem.hasPrefix("sk-") || stem.hasPrefix("ssh-mldsa")
        _ = try bytes.string()
        certified = try SlowKey(isOpenSSH ? stem + "@openssh.com" : stem, &bytes)
        serial = try bytes.number(bytes: 8)
        kind = try bytes.number(bytes: 4)
        keyID = try bytes.string()
        var list = SlowBytes(try bytes.string())
        var names: [[UInt8]] = []
        while !list.rest.isEmpty { names.append(try list.string()) }
        principals = names
        validAfter = try bytes.number(bytes: 8)
        validBefore = try bytes.number(bytes: 8)
        critical = try SlowCertificate.options(try bytes.string())
        extensions = try SlowCertificate.options(try bytes.string())
        reserved = try bytes.string()
        signer = try SlowKey(try bytes.string())
        signed = Array(blob.dropLast(bytes.rest.count))
        signature = try bytes.string()
        try bytes.end()
    }

    private static func options(_ list: [UInt8]) throws(Doubt) -> [(name: String, data: [UInt8])] {
        var bytes = SlowBytes(list)
        var options: [(name: String, data: [UInt8])] = []
        while !bytes.rest.isEmpty { options.append((try bytes.name(), try bytes.string())) }
        return options
    }

    /// Throws unless every rule of the format and ours for any certificate holds, but revocation.
    func check(now: Int64, skew: Int64) throws {
        try require(kind == 1, "kind \(kind)")
        try require(!keyID.contains(0), "a zero in the key id")
        for list in [critical, extensions] {
            for (one, next) in zip(list, list.dropFirst()) {
                try require(Array(one.name.utf8).lexicographicallyPrecedes(Array(next.name.utf8)), "options unsorted")
            }
        }
        for option in critical {
            switch option.name {
            case "force-command", "source-address":
                var data = SlowBytes(option.data)
                _ = try data.string()
                try data.end()
            case "verify-required": try require(option.data.isEmpty, "verify-required with data")
            default: throw Doubt("a critical option \(option.name)")
            }
        }
        for option in extensions where option.name.hasPrefix("permit-") || option.name == "no-touch-required" {
            let known = ["X11-forwarding", "agent-forwarding", "port-forwarding", "pty", "user-rc"]
            guard known.contains(String(option.name.dropFirst(7))) || !option.name.hasPrefix("permit-") else {
                continue
            }
            try require(option.data.isEmpty, "\(option.name) with data")
        }
        try require(!principals.isEmpty && principals.count <= 256, "\(principals.count) principals")
        try require(principals.allSatisfy(isPrincipal), "an odd principal")
        try certified.checkStrength()
        try signer.verify(signature, over: signed)
        try require(validAfter <= UInt64(max(0, now + skew)), "not yet valid")
        try require(validBefore == .max || UInt64(max(0, now)) < min(validBefore, UInt64(Int64.max)), "expired")
    }
}

/// `[A-Za-z0-9_][A-Za-z0-9._+@-]{0,127}\$?`.
func isPrincipal(_ name: [UInt8]) -> Bool {
    let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_".utf8)
    var stem = name
    if stem.last == UInt8(ascii: "$") { stem = Array(stem.dropLast()) }
    guard let first = stem.first, letters.contains(first), stem.count <= 128 else { return false }
    return stem.allSatisfy(letters.union(".+@-".utf8).contains)
}
