import Encodings
import SSHKeys
import SSHWire
import Testing

@Suite("Certificate, refused")
struct CertificateErrorTests {
    struct Rejected: Sendable, CustomTestStringConvertible {
        let name: String
        let blob: [UInt8]
        let error: KeyError
        var testDescription: String { name }

        init(_ name: String, _ error: KeyError, _ change: (inout HandmadeCertificate) -> Void) {
            self.name = name
            self.error = error
            blob = HandmadeCertificate(change).blob
        }
    }

    /// Where the fields of an unchanged certificate start, their lengths in front.
    private enum Offset {
        static let principals = 126
        static let criticalOptions = 155
        static let extensions = 159
        static let signatureKey = 167
    }

    /// Two options in this order, each a flag.
    private static func flags(_ names: String...) -> [UInt8] { Pack.options(names.map { ($0, []) }) }

    private static let point = [4] + [UInt8](repeating: 7, count: 64)
    private static let p256 = "ecdsa-sha2-nistp256-cert-v01@openssh.com"
    private static func ecdsa(_ curve: String, _ point: [UInt8]) -> [UInt8] { Pack.string(curve) + Pack.string(point) }

    static let types = [
        Rejected("a plain key", .certificateExpected(found: .ed25519)) { $0.type = "ssh-ed25519" },
        Rejected("ssh-dss", .unknownAlgorithm("ssh-dss-cert-v01@openssh.com")) {
            $0.type = "ssh-dss-cert-v01@openssh.com"
        },
        Rejected("a certificate of version 00", .unknownAlgorithm("ssh-ed25519-cert-v00@openssh.com")) {
            $0.type = "ssh-ed25519-cert-v00@openssh.com"
        },
        Rejected("a signature algorithm's name", .unknownAlgorithm("rsa-sha2-256-cert-v01@openssh.com")) {
            $0.type = "rsa-sha2-256-cert-v01@openssh.com"
        },
        Rejected("another case", .unknownAlgorithm("SSH-ed25519-cert-v01@openssh.com")) {
            $0.type = "SSH-ed25519-cert-v01@openssh.com"
        },
        Rejected("no type", .unknownAlgorithm("")) { $0.type = "" },
        Rejected("a NUL in the type", .wire(.notText(at: 15), in: .type)) { $0.type = "ssh-ed25519\0-cert-v01" },
    ]

    static let keys = [
        Rejected("a key of 31 bytes", .keyLength(found: 31, expected: 32)) {
            $0.fields = Pack.string([UInt8](repeating: 1, count: 31))
        },
        Rejected("a key of 33 bytes", .keyLength(found: 33, expected: 32)) {
            $0.fields = Pack.string([UInt8](repeating: 1, count: 33))
        },
        Rejected("a curve that is not the type's", .curve(found: "nistp384", expected: "nistp256")) {
            $0.type = p256
            $0.fields = ecdsa("nistp384", point)
        },
        Rejected("a curve in capitals", .curve(found: "NISTP256", expected: "nistp256")) {
            $0.type = p256
            $0.fields = ecdsa("NISTP256", point)
        },
        Rejected("a compressed point", .keyLength(found: 33, expected: 65)) {
            $0.type = p256
            $0.fields = ecdsa("nistp256", [2] + [UInt8](repeating: 7, count: 32))
        },
        Rejected("a hybrid point", .pointForm) {
            $0.type = p256
            $0.fields = ecdsa("nistp256", [6] + point.dropFirst())
        },
        Rejected("the point at infinity", .keyLength(found: 1, expected: 65)) {
            $0.type = p256
            $0.fields = ecdsa("nistp256", [0])
        },
        Rejected("an RSA modulus with a needless zero", .wire(.nonMinimalInteger(at: 77), in: .publicKey)) {
            $0.type = "ssh-rsa-cert-v01@openssh.com"  // four letters shorter, so the fields start at 68
            $0.fields = Pack.string([3]) + Pack.string([0, 0x7F])
        },
        Rejected("a negative RSA modulus", .wire(.negativeInteger(at: 77), in: .publicKey)) {
            $0.type = "ssh-rsa-cert-v01@openssh.com"
            $0.fields = Pack.string([3]) + Pack.string([0x80])
        },
        Rejected("an RSA exponent of zero", .wire(.emptyInteger(at: 72), in: .publicKey)) {
            $0.type = "ssh-rsa-cert-v01@openssh.com"
            $0.fields = Pack.string([] as [UInt8]) + Pack.string([3])
        },
        Rejected("a NUL in the application", .nul(in: .publicKey)) {
            $0.type = "sk-ssh-ed25519-cert-v01@openssh.com"
            $0.fields = HandmadeCertificate.ed25519Fields + Pack.string("ssh:\0")
        },
    ]

    static let fields = [
        Rejected("kind 0", .certificateKind(0)) { $0.kind = 0 },
        Rejected("kind 3", .certificateKind(3)) { $0.kind = 3 },
        Rejected("the greatest kind", .certificateKind(.max)) { $0.kind = 0xFFFF_FFFF },
        Rejected("a NUL in the key id", .nul(in: .keyID)) { $0.keyID = Array("id\0".utf8) },
        Rejected(
            "a principal longer than the list",
            .wire(.truncated(needed: 6, left: 5, at: Offset.principals + 8), in: .principals)
        ) { $0.principals[3] = 6 },
        Rejected(
            "bytes behind the last principal", .wire(.truncated(needed: 4, left: 3, at: 139), in: .principals)
        ) { $0.principals += [0, 0, 0] },
        Rejected("257 principals", .tooManyPrincipals) {
            $0.principals = (0..<257).flatMap { Pack.string("p\($0)") }
        },
        Rejected("257 empty principals", .tooManyPrincipals) { $0.principals = [UInt8](repeating: 0, count: 4 * 257) },
        Rejected("a byte behind the signature", .wire(.trailing(count: 1, at: 309), in: .signature)) {
            $0.trailing = [0]
        },
        Rejected("a second signature", .wire(.trailing(count: 4, at: 309), in: .signature)) {
            $0.trailing = [0, 0, 0, 0]
        },
    ]

    static let options = [
        Rejected("critical options out of order", .optionsOutOfOrder("force-command", in: .criticalOptions)) {
            $0.criticalOptions = flags("verify-required", "force-command")
        },
        Rejected("extensions out of order", .optionsOutOfOrder("permit-pty", in: .extensions)) {
            $0.extensions = flags("permit-user-rc", "permit-pty")
        },
        Rejected("small letters before capitals", .optionsOutOfOrder("B", in: .extensions)) {
            $0.extensions = flags("a", "B")
        },
        Rejected("a name before its own start", .optionsOutOfOrder("a", in: .extensions)) {
            $0.extensions = flags("ab", "a")
        },
        Rejected("a critical option twice", .optionTwice("force-command", in: .criticalOptions)) {
            $0.criticalOptions = Pack.options([
                ("force-command", Pack.string("a")), ("force-command", Pack.string("b")),
            ])
        },
        Rejected("an extension twice", .optionTwice("permit-pty", in: .extensions)) {
            $0.extensions = flags("permit-pty", "permit-pty")
        },
        Rejected("an option twice with another between", .optionsOutOfOrder("a", in: .extensions)) {
            $0.extensions = flags("a", "b", "a")
        },
        Rejected("a blank in a name", .wire(.notText(at: Offset.extensions + 9), in: .extensions)) {
            $0.extensions = flags("a b")
        },
        Rejected(
            "a name without data", .wire(.truncated(needed: 4, left: 0, at: Offset.extensions + 9), in: .extensions)
        ) { $0.extensions = Pack.string("a") },
        Rejected(
            "data longer than the list",
            .wire(.truncated(needed: 2, left: 1, at: Offset.criticalOptions + 13), in: .criticalOptions)
        ) { $0.criticalOptions = Pack.string("a") + [0, 0, 0, 2, 9] },
    ]

    static let signatureKeys = [
        Rejected("a certificate as signature key", .nestedCertificate("ssh-ed25519-cert-v01@openssh.com")) {
            $0.signatureKey = HandmadeCertificate().blob
        },
        Rejected("an RSA certificate as signature key", .nestedCertificate("ssh-rsa-cert-v01@openssh.com")) {
            $0.signatureKey = Pack.string("ssh-rsa-cert-v01@openssh.com")
        },
        Rejected("a DSA signature key", .unknownAlgorithm("ssh-dss")) { $0.signatureKey = Pack.string("ssh-dss") },
        Rejected(
            "no signature key",
            .wire(.truncated(needed: 4, left: 0, at: Offset.signatureKey + 4), in: .signatureKey)
        ) { $0.signatureKey = [] },
        Rejected(
            "a byte behind the signature key",
            .wire(.trailing(count: 1, at: Offset.signatureKey + 55), in: .signatureKey)
        ) { $0.signatureKey.append(0) },
        Rejected("a signature key too short", .keyLength(found: 3, expected: 32)) {
            $0.signatureKey = Pack.string("ssh-ed25519") + Pack.string("key")
        },
    ]

    @Test(
        "a malformed certificate is refused for its reason, at its byte",
        arguments: types + keys + fields + options + signatureKeys)
    func refuses(_ row: Rejected) {
        #expect(throws: row.error) { try Certificate(blob: row.blob[...]) }
    }

    @Test("the unchanged certificate is well-formed, so each of these is refused for its change alone")
    func takesUnchanged() throws {
        let certificate = try Certificate(blob: HandmadeCertificate().blob[...])
        #expect(certificate.contents.serial == 5)
        #expect((certificate.contents.start.seconds, certificate.contents.end.seconds) == (100, 200))
        #expect(certificate.contents.principals == [Array("alice".utf8)])
        #expect(throws: SignatureError.mismatch) { try certificate.verifySignature() }
    }

    @Test("a certificate is no plain key")
    func isNoPlainKey() {
        #expect(throws: KeyError.plainKeyExpected(found: "ssh-ed25519-cert-v01@openssh.com")) {
            try PublicKey(blob: HandmadeCertificate().blob[...])
        }
    }

    @Test("each error says where, what was expected and what was found, and quotes what came from outside")
    func describesErrors() {
        let described: [(KeyError, String)] = [
            (.wire(.trailing(count: 1, at: 3), in: .keyID), "key id: byte 3: 1 bytes after the end"),
            (.unknownAlgorithm("ssh-\"\\"), #"type: no key type that is supported: "ssh-\"\\""#),
            (.certificateExpected(found: .rsa), "type: a certificate expected, ssh-rsa found"),
            (.plainKeyExpected(found: "x"), #"type: a plain key expected, "x" found"#),
            (.curve(found: "a", expected: "b"), #"public key: curve b expected, "a" found"#),
            (.keyLength(found: 1, expected: 2), "public key: 2 bytes expected, 1 found"),
            (.pointForm, "public key: an uncompressed point expected"),
            (.nul(in: .keyID), "key id: a zero byte"),
            (.certificateKind(9), "type: 1 (user) or 2 (host) expected, 9 found"),
            (.nestedCertificate("c"), #"signature key: a plain key expected, "c" found"#),
            (.tooManyPrincipals, "valid principals: more than 256"),
            (.optionsOutOfOrder("o", in: .extensions), #"extensions: "o" is out of order"#),
            (.optionTwice("o", in: .criticalOptions), #"critical options: "o" stands twice"#),
            (.optionData("o"), #"option "o": its data is malformed"#),
        ]
        for (error, text) in described { #expect("\(error)" == text) }
    }
}
