import Encodings
import SSHKeys
import Testing

@testable import TestSupport

@Suite("Certificate")
struct CertificateTests {
    @Test("as many principals as OpenSSH takes are taken, with any bytes in them")
    func keepsPrincipals() throws {
        let certificate = HandmadeCertificate {
            $0.principals = (0..<256).flatMap { Pack.string([UInt8($0), 0, 0x22]) }
        }
        let principals = try Certificate(blob: certificate.blob[...]).contents.principals
        #expect(principals == (0..<256).map { [UInt8($0), 0, 0x22] })  // the decision refuses names like these
        let none = HandmadeCertificate { $0.principals = [] }
        #expect(try Certificate(blob: none.blob[...]).contents.principals.isEmpty)
        let empty = HandmadeCertificate { $0.principals = Pack.string("") }
        #expect(try Certificate(blob: empty.blob[...]).contents.principals == [[]])
    }

    @Test("validity is unsigned, and its far end is for ever")
    func readsValidity() throws {
        for (before, end) in [
            (0, UnixTime(seconds: 0)), (UInt64(Int64.max) - 1, UnixTime(seconds: .max - 1)), (1 << 63, .never),
            (.max, .never),
        ] as [(UInt64, UnixTime)] {
            let certificate = HandmadeCertificate {
                $0.validAfter = before
                $0.validBefore = before
            }
            let contents = try Certificate(blob: certificate.blob[...]).contents
            #expect((contents.validAfter, contents.validBefore) == (before, before))
            #expect((contents.start, contents.end) == (end, end))
        }
    }

    @Test("what is reserved is covered by the signature and otherwise ignored")
    func ignoresReserved() throws {
        let scratch = try Scratch()
        let key = try OpenSSLKey(.ed25519, in: scratch)
        let certificate = try HandmadeCertificate(for: key, by: key) { $0.reserved = Array("later".utf8) }
        let read = try Certificate(blob: certificate.blob[...])
        try read.verifySignature()
        #expect(read.contents.encoded != Array(read.signed))
    }

    @Test("a certificate is read wherever it stands in an array")
    func readsSlices() throws {
        let blob = HandmadeCertificate().blob
        let certificate = try Certificate(blob: ([9, 9, 9] + blob + [9])[3..<3 + blob.count])
        #expect(certificate.signed.startIndex == 3)
        #expect(Array(certificate.signed) == HandmadeCertificate().signed)
        #expect(Array(certificate.signature) == HandmadeCertificate().signature)
    }

    @Test("a key of every type can be certified by a key of every type", arguments: OpenSSLKey.Kind.allCases)
    func verifiesEveryType(signer: OpenSSLKey.Kind) throws {
        let scratch = try Scratch()
        let signer = try OpenSSLKey(signer, in: scratch, name: "signer")
        for kind in OpenSSLKey.Kind.allCases {
            let key = kind == signer.kind ? signer : try OpenSSLKey(kind, in: scratch, name: kind.rawValue)
            let made = try HandmadeCertificate(for: key, by: signer)
            let certificate = try Certificate(blob: made.blob[...])
            try certificate.verifySignature()
            #expect(certificate.contents.key.blob == key.blob)
            #expect(certificate.contents.signatureKey.blob == signer.blob)
            #expect(certificate.isSelfSigned == (kind == signer.kind))
            #expect(certificate.contents.encoded == made.signed)
            #expect(certificate.contents.blob(signedBy: made.signature) == made.blob)
        }
    }

    @Test("a certificate for a key of ML-DSA is read, and one signed by such a key is not believed")
    func readsMLDSA() throws {
        let fields = Pack.string([UInt8](repeating: 0x4D, count: 1344))
        let name = "ssh-mldsa44-ed25519"
        let certificate = HandmadeCertificate {
            $0.type = "\(name)-cert-v01@openssh.com"
            $0.fields = fields
            $0.signatureKey = Pack.string("\(name)@openssh.com") + fields
            $0.signature = Pack.string("\(name)@openssh.com") + Pack.string([UInt8](repeating: 1, count: 2484))
        }
        let read = try Certificate(blob: certificate.blob[...])
        #expect(read.contents.key.algorithm == .mldsa44Ed25519)
        #expect(read.contents.encoded == certificate.signed)
        #expect(throws: SignatureError.unsupported(.mldsa44Ed25519)) { try read.verifySignature() }
    }

    @Test("options are sorted where we write them")
    func sortsOptions() throws {
        var contents = try Certificate(blob: HandmadeCertificate().blob[...]).contents
        contents.extensions = ["permit-pty", "a", "B"].map { CertificateOption(flag: $0) }
        contents.criticalOptions = [
            CertificateOption(name: "source-address", string: []),
            CertificateOption(name: "force-command", string: [0x78]),
        ]
        let blob = contents.blob(signedBy: HandmadeCertificate().signature)
        let read = try Certificate(blob: blob[...]).contents
        #expect(read.extensions.map(\.name) == ["B", "a", "permit-pty"])
        #expect(try read.typedCriticalOptions() == [.forceCommand([0x78]), .sourceAddress([])])
    }

    struct Data: Sendable, CustomTestStringConvertible {
        let name: String
        let data: [UInt8]
        let isCritical: Bool
        let isTaken: Bool
        var testDescription: String { "\(name): \(hex(data))" }

        init(critical name: String, _ data: [UInt8], taken: Bool) {
            (self.name, self.data, isCritical, isTaken) = (name, data, true, taken)
        }

        init(extension name: String, _ data: [UInt8], taken: Bool) {
            (self.name, self.data, isCritical, isTaken) = (name, data, false, taken)
        }
    }

    static let data = [
        Data(critical: "force-command", Pack.string("ls"), taken: true),
        Data(critical: "force-command", Pack.string(""), taken: true),
        Data(critical: "force-command", Array("ls".utf8), taken: false),  // wrapped once
        Data(critical: "force-command", [], taken: false),
        Data(critical: "force-command", Pack.string("ls") + [0], taken: false),
        Data(critical: "force-command", Pack.string("ls") + Pack.string("ls"), taken: false),
        Data(critical: "source-address", Pack.string("10.0.0.0/8"), taken: true),
        Data(critical: "source-address", [0, 0, 0, 9, 1], taken: false),
        Data(critical: "verify-required", [], taken: true),
        Data(critical: "verify-required", Pack.string(""), taken: false),
        Data(critical: "other@example.com", [1, 2, 3], taken: true),
        Data(critical: "Force-Command", [1, 2, 3], taken: true),  // unknown, and refused as such later
        Data(extension: "permit-pty", [], taken: true),
        Data(extension: "permit-pty", Pack.string(""), taken: false),
        Data(extension: "no-touch-required", [1], taken: false),
        Data(extension: "permit-X11-forwarding", [0], taken: false),
        Data(extension: "other@example.com", [1, 2, 3], taken: true),
    ]

    @Test("data that its option does not have is refused, and only asked of options that are known", arguments: data)
    func checksData(_ row: Data) throws {
        let certificate = HandmadeCertificate {
            let list = Pack.options([(row.name, row.data)])
            if row.isCritical { $0.criticalOptions = list } else { $0.extensions = list }
        }
        let contents = try Certificate(blob: certificate.blob[...]).contents
        func read() throws {
            _ = try contents.typedCriticalOptions()
            _ = try contents.permits()
        }
        if row.isTaken {
            try read()
        } else {
            #expect(throws: KeyError.optionData(row.name)) { try read() }
        }
    }

    @Test("the permits are OpenSSH's, by their names")
    func knowsPermits() {
        #expect(
            PermitExtension.allCases.map(\.rawValue) == [
                "no-touch-required", "permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding",
                "permit-pty", "permit-user-rc",
            ])
    }
}
