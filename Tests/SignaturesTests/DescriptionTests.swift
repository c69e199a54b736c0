import Testing

@testable import Signatures

@Suite("What Signatures says of failures")
struct DescriptionTests {
    @Test("each defect of a key says what was expected")
    func describesDefects() {
        #expect(
            "\(KeyDefect.rsaModulus(bits: 1024))" == "an RSA modulus of 2048 to 16384 bits expected, 1024 found")
        #expect("\(KeyDefect.rsaExponent)" == "an odd RSA exponent of 3 to 2^64 expected")
        #expect("\(KeyDefect.notOnCurve(.p256))" == "a point of p256 expected")
        #expect("\(KeyDefect.length(31))" == "32 bytes of Ed25519 key expected, 31 found")
        #expect("\(SigningKeyDefect.length(31))" == "32 bytes of private key expected, 31 found")
        #expect("\(SigningKeyDefect.scalar)" == "a P-256 scalar above zero and below the curve's order expected")
        #expect("\(SigningKeyDefect.libcrypto(LibcryptoError(call: "f")))" == "libcrypto: f failed (error 0)")
        #expect("\(KeyDefect.libcrypto(LibcryptoError(call: "f")))" == "libcrypto: f failed (error 0)")
    }

    @Test("a refused point leaves nothing behind that a later failure would report")
    func clearsErrors() {
        #expect(throws: KeyDefect.notOnCurve(.p256)) {
            _ = try VerificationKey(curve: .p256, point: [4] + [UInt8](repeating: 1, count: 64))
        }
        #expect(LibcryptoError(call: "f").code == 0)
    }

    @Test("a curve's coordinates and hash are those of FIPS 186-5")
    func knowsCurves() {
        #expect(Curve.allCases.map(\.coordinateCount) == [32, 48, 66])
        #expect(Curve.allCases.map(\.digest) == [.sha256, .sha384, .sha512])
    }
}
