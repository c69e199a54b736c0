import SSHKeys
import SSHWire
import Signatures
import Testing

@Suite("KeyAlgorithm and PublicKey")
struct KeyAlgorithmTests {
    static let names = [
        ("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"),
        ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com"),
        ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com"),
        ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com"),
        ("ssh-rsa", "ssh-rsa-cert-v01@openssh.com"),
        ("sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com"),
        ("sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"),
        ("ssh-mldsa44-ed25519@openssh.com", "ssh-mldsa44-ed25519-cert-v01@openssh.com"),
    ]

    @Test("a type and its certificates have OpenSSH's names", arguments: zip(KeyAlgorithm.allCases, names))
    func hasNames(algorithm: KeyAlgorithm, names: (plain: String, certificate: String)) {
        #expect(algorithm.rawValue == names.plain)
        #expect(algorithm.certificateName == names.certificate)
        #expect(KeyAlgorithm(certificateName: names.certificate) == algorithm)
        #expect(KeyAlgorithm(certificateName: names.plain) == nil)
        #expect(KeyAlgorithm(rawValue: names.certificate) == nil)
    }

    @Test("no other name is a type", arguments: ["ssh-dss", "", "SSH-RSA", "ssh-rsa ", "ssh-rsa\0", "rsa-sha2-256"])
    func refusesNames(name: String) {
        #expect(KeyAlgorithm(rawValue: name) == nil)
        #expect(KeyAlgorithm(certificateName: name) == nil)
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let name: String
        let blob: [UInt8]
        let error: KeyError
        var testDescription: String { name }
    }

    static let rejected = [
        Rejected(name: "nothing", blob: [], error: .wire(.truncated(needed: 4, left: 0, at: 0), in: .type)),
        Rejected(name: "ssh-dss", blob: Pack.string("ssh-dss"), error: .unknownAlgorithm("ssh-dss")),
        Rejected(
            name: "a blank behind the type", blob: Pack.string("ssh-rsa "), error: .wire(.notText(at: 11), in: .type)),
        Rejected(
            name: "a type alone", blob: Pack.string("ssh-ed25519"),
            error: .wire(.truncated(needed: 4, left: 0, at: 15), in: .publicKey)),
        Rejected(
            name: "no key", blob: Pack.string("ssh-ed25519") + Pack.string(""),
            error: .keyLength(found: 0, expected: 32)),
        Rejected(
            name: "ML-DSA too short", blob: Pack.string("ssh-mldsa44-ed25519@openssh.com") + Pack.string([1]),
            error: .keyLength(found: 1, expected: 1344)),
        Rejected(
            name: "a P-521 point under P-384's name",
            blob: Pack.string("ecdsa-sha2-nistp384") + Pack.string("nistp384")
                + Pack.string([4] + [UInt8](repeating: 1, count: 132)),
            error: .keyLength(found: 133, expected: 97)),
        Rejected(
            name: "RSA's numbers swapped into zero", blob: Pack.string("ssh-rsa") + Pack.string([3]) + Pack.string([0]),
            error: .wire(.nonMinimalInteger(at: 20), in: .publicKey)),
        Rejected(
            name: "a certificate's type", blob: Pack.string("ssh-rsa-cert-v01@openssh.com"),
            error: .plainKeyExpected(found: "ssh-rsa-cert-v01@openssh.com")),
        Rejected(
            name: "a key and a byte", blob: Pack.string("ssh-ed25519") + HandmadeCertificate.ed25519Fields + [0],
            error: .wire(.trailing(count: 1, at: 51), in: .publicKey)),
    ]

    @Test("a malformed plain key is refused for its reason, at its byte", arguments: rejected)
    func refuses(_ row: Rejected) {
        #expect(throws: row.error) { try PublicKey(blob: row.blob[...]) }
    }

    @Test("keys are equal only where everything in them is")
    func comparesAll() {
        let keys: [PublicKey] = [
            .ed25519([1]), .ed25519([2]), .skEd25519([1], application: [1]), .skEd25519([1], application: [2]),
            .ecdsa(.p256, point: [1]), .ecdsa(.p384, point: [1]), .skECDSA(point: [1], application: [1]),
            .rsa(exponent: [1], modulus: [2]), .rsa(exponent: [2], modulus: [1]), .mldsa44Ed25519([1]),
        ]
        #expect(Set(keys).count == keys.count)
    }
}
