import Encodings
import Signatures
import Testing

@Suite("VerificationKey")
struct VerificationKeyTests {
    // MARK: - RSA keys

    struct RSAKey: Sendable, CustomTestStringConvertible {
        let name: String
        let modulus: [UInt8]
        let exponent: [UInt8]
        let defect: KeyDefect
        var testDescription: String { name }
    }

    /// An odd number of so many bits.
    private static func modulus(bits: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (bits + 7) / 8)
        bytes[0] = 1 << ((bits - 1) % 8)
        bytes[bytes.count - 1] |= 1
        return bytes
    }

    private static let good = modulus(bits: 2048)

    static let weak = [
        RSAKey(name: "no modulus", modulus: [], exponent: [3], defect: .rsaModulus(bits: 0)),
        RSAKey(name: "modulus zero", modulus: [0, 0], exponent: [3], defect: .rsaModulus(bits: 0)),
        RSAKey(name: "1024 bits", modulus: modulus(bits: 1024), exponent: [3], defect: .rsaModulus(bits: 1024)),
        RSAKey(name: "2047 bits", modulus: modulus(bits: 2047), exponent: [3], defect: .rsaModulus(bits: 2047)),
        RSAKey(
            name: "2047 bits behind zeros", modulus: [0, 0, 0] + modulus(bits: 2047), exponent: [3],
            defect: .rsaModulus(bits: 2047)),
        RSAKey(name: "16385 bits", modulus: modulus(bits: 16385), exponent: [3], defect: .rsaModulus(bits: 16385)),
        RSAKey(
            name: "a megabyte", modulus: [UInt8](repeating: 255, count: 1 << 20), exponent: [3],
            defect: .rsaModulus(bits: 8 << 20)),
        RSAKey(name: "no exponent", modulus: good, exponent: [], defect: .rsaExponent),
        RSAKey(name: "exponent zero", modulus: good, exponent: [0], defect: .rsaExponent),
        RSAKey(name: "exponent one", modulus: good, exponent: [1], defect: .rsaExponent),
        RSAKey(name: "exponent one behind zeros", modulus: good, exponent: [0, 0, 1], defect: .rsaExponent),
        RSAKey(name: "exponent two", modulus: good, exponent: [2], defect: .rsaExponent),
        RSAKey(name: "exponent 65536", modulus: good, exponent: [1, 0, 0], defect: .rsaExponent),
        RSAKey(
            name: "exponent of 65 bits", modulus: good, exponent: [1, 0, 0, 0, 0, 0, 0, 0, 1], defect: .rsaExponent),
        RSAKey(name: "both wrong", modulus: modulus(bits: 512), exponent: [1], defect: .rsaModulus(bits: 512)),
    ]

    @Test("an RSA key that is weak or unwieldy is refused", arguments: weak)
    func refusesRSA(_ row: RSAKey) {
        #expect(throws: row.defect) {
            try VerificationKey.checkRSA(modulus: row.modulus, exponent: row.exponent)
        }
        #expect(throws: row.defect) { _ = try VerificationKey(modulus: row.modulus, exponent: row.exponent) }
    }

    @Test(
        "an RSA key at the edge of what is allowed is taken",
        arguments: [
            (2048, [3]), (2048, [1, 0, 1]), (16384, [3]), (3072, [0, 0, 3]),
            (2048, [255, 255, 255, 255, 255, 255, 255, 255]), (2048, [0, 255, 255, 255, 255, 255, 255, 255, 255]),
            (16384, [255, 255, 255, 255, 255, 255, 255, 255]), (2049, [5]),
        ] as [(Int, [UInt8])])
    func takesRSA(bits: Int, exponent: [UInt8]) throws {
        let modulus = [0] + Self.modulus(bits: bits)
        try VerificationKey.checkRSA(modulus: modulus, exponent: exponent)
        let key = try VerificationKey(modulus: modulus, exponent: exponent)
        let matches = try key.verifies(
            [UInt8](repeating: 1, count: (bits + 7) / 8), over: [], scheme: .rsaPKCS1(.sha256))
        #expect(!matches)
    }

    @Test("an even modulus verifies nothing")
    func survivesEvenModulus() throws {
        var modulus = RSASamples.modulus
        modulus[255] &= 0xFE
        let key = try VerificationKey(modulus: modulus, exponent: RSASamples.exponent)
        let matches = try key.verifies(
            RSASamples.leadingZeroSHA256, over: RSASamples.sha256Message, scheme: .rsaPKCS1(.sha256))
        #expect(!matches)
    }

    // MARK: - Elliptic curves

    /// SEC 2: the generators.
    static let generators: [(Curve, String)] = [
        (
            .p256,
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                + "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        ),
        (
            .p384,
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
                + "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
        ),
        (
            .p521,
            "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d"
                + "3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66"
                + "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e"
                + "662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"
        ),
    ]

    @Test("a point of the curve is a key, and any other bytes are not", arguments: generators)
    func refusesOtherPoints(curve: Curve, coordinates: String) throws {
        let xy = bytes(hex: coordinates)
        #expect(xy.count == 2 * curve.coordinateCount)
        _ = try VerificationKey(curve: curve, point: [4] + xy)

        let parity: UInt8 = (xy.last ?? 0) & 1
        let x = Array(xy.prefix(curve.coordinateCount))
        let wrong: [[UInt8]] = [
            [], [0], [4], xy, [4] + xy.dropLast(), [4] + xy + [0], [4, 0] + xy,
            [0] + xy, [2] + xy, [3] + xy, [5] + xy, [6 | parity] + xy, [7] + xy, [2 | parity] + x,
            [4] + [UInt8](repeating: 0, count: xy.count), [4] + [UInt8](repeating: 255, count: xy.count),
            [4] + xy.suffix(curve.coordinateCount) + x, [4] + x + x,
        ]
        for point in wrong {
            #expect(throws: KeyDefect.notOnCurve(curve), "\(hex(point.prefix(8))), \(point.count) bytes") {
                _ = try VerificationKey(curve: curve, point: point)
            }
        }
        for other in Curve.allCases where other != curve {
            #expect(throws: KeyDefect.notOnCurve(other)) { _ = try VerificationKey(curve: other, point: [4] + xy) }
        }
        for bit in 0..<xy.count * 8 {
            var point = [4] + xy
            point[1 + bit / 8] ^= 0x80 >> (bit % 8)
            #expect(throws: KeyDefect.notOnCurve(curve), "bit \(bit)") {
                _ = try VerificationKey(curve: curve, point: point)
            }
        }
    }

    @Test("a coordinate past the field's prime is refused, though it is on the curve modulo the prime")
    func refusesUnreducedCoordinates() throws {
        // A point of P-256 with a small x (Wycheproof's): p + 5 still has 256 bits.
        let x = String(repeating: "0", count: 63) + "5"
        let y = "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc"
        _ = try VerificationKey(curve: .p256, point: [4] + bytes(hex: x + y))
        let unreduced = "ffffffff00000001000000000000000000000001000000000000000000000004"
        #expect(throws: KeyDefect.notOnCurve(.p256)) {
            _ = try VerificationKey(curve: .p256, point: [4] + bytes(hex: unreduced + y))
        }
    }

    // MARK: - Ed25519

    @Test("a key of another length than 32 bytes is refused", arguments: [0, 1, 31, 33, 64])
    func refusesLengths(count: Int) {
        #expect(throws: KeyDefect.length(count)) {
            _ = try VerificationKey(ed25519: [UInt8](repeating: 1, count: count))
        }
    }

    /// The encodings of points whose order divides 8, and those of the same that are not reduced.
    static let smallOrder = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]

    @Test("a key of small order verifies nothing, whatever the message", arguments: smallOrder)
    func refusesSmallOrder(digits: String) throws {
        let key = try VerificationKey(ed25519: bytes(hex: digits))
        let zero = [UInt8](repeating: 0, count: 32)
        for message in UInt8(0)..<16 {
            for point in Self.smallOrder {
                let matches = try key.verifies(bytes(hex: point) + zero, over: [message], scheme: .ed25519)
                #expect(!matches, "R = \(point)")
            }
        }
    }
}
