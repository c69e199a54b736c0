import Foundation
import SSHKeys
import SSHWire

/// A certificate to be made, good as it is, and what a recipe may make of it before and after it is signed.
struct CertificateRecipe {
    /// One entry of a list of options, with its data as it stands.
    struct Option {
        var name: [UInt8]
        var data: [UInt8] = []

        init(_ name: [UInt8], string: [UInt8]? = nil) {
            self.name = name
            guard let string else { return }
            var writer = WireWriter()
            writer.string(string)
            data = writer.bytes
        }

        init(_ name: String) { self.init(Array(name.utf8)) }
    }

    var certified: Signer
    var signer: Signer
    var nonce = [UInt8](repeating: 7, count: 32)
    var serial: UInt64 = 0
    var kind: UInt32 = 1
    var keyID = Array("alice@example.com".utf8)
    var principals = [Array("opkssh-wildcard".utf8)]
    var validAfter: UInt64 = 0
    var validBefore = UInt64.max
    var critical: [Option] = []
    var extensions = ["permit-X11-forwarding", "permit-port-forwarding", "permit-pty"].map { Option($0) }
    var reserved: [UInt8] = []
    /// What stands as the signature key instead of the signer's.
    var signatureKey: [UInt8]?
    /// What the signature says it is made by.
    var signatureName: String?
    /// What comes of the bytes once they are signed.
    var damage: [Damage] = []

    enum Damage {
        case signedBit(Int)
        case signatureBit(Int)
        case tail([UInt8])
        case cut(Int)
    }

    /// Seconds around which everything turns, as Unix time.
    static let now: Int64 = 1_795_348_800

    static let times: [UInt64] =
        [-86_401, -43_201, -301, -300, -31, -30, -29, -1, 0, 1, 29, 30, 31, 299, 300, 301, 3600, 86_400].map {
            UInt64(now + $0)
        } + [0, 1, 253_402_300_799, 253_402_300_800, UInt64(Int64.max), UInt64(Int64.max) + 1, .max - 1, .max]

    typealias Step = @Sendable (inout CertificateRecipe, inout Recipe) -> Void

    /// What leaves the format whole and the signature good.
    static let steps: [Step] = [
        { $0.nonce = $1.text() },
        { $0.serial = UInt64($1.byte()) << UInt64($1.byte() & 63) | UInt64($1.byte()) },
        { $0.kind = [1, 2, 0, 3, .max][$1.index(below: 5)] },
        { $0.keyID = $1.text() },
        { $0.principals.append($1.text()) },
        { $0.principals.insert($1.text(), at: 0) },
        { $0.principals = [$1.text()] },
        { $0.principals = Array(repeating: $1.text(), count: [0, 2, 255, 256, 257][$1.index(below: 5)]) },
        { $0.validAfter = $1.one(of: times, or: 0) },
        { $0.validBefore = $1.one(of: times, or: .max) },
        { $0.add(Option($1.text()), to: \.critical, sorted: true) },
        { $0.add(Option($1.text(), string: $1.text()), to: \.critical, sorted: true) },
        { $0.add(Option($1.text()), to: \.extensions, sorted: true) },
        { $0.add(Option($1.text(), string: $1.text()), to: \.extensions, sorted: true) },
        { $0.reserved = $1.text() },
        { $0.extensions = Array($0.extensions.prefix($1.index(below: 4))) },
        { recipe, _ in recipe.add(Option("force-command"), to: \.critical, sorted: true) },
        { $0.add(Option(Array("source-address".utf8), string: $1.text()), to: \.critical, sorted: true) },
        { recipe, _ in recipe.add(Option("verify-required"), to: \.critical, sorted: true) },
    ]

    /// What breaks it, or somebody's else.
    static let breaks: [Step] = [
        { $0.add(Option($1.text()), to: \.critical, sorted: false) },
        { $0.add(Option($1.text(), string: $1.text()), to: \.extensions, sorted: false) },
        { recipe, choices in
            let data = choices.text()
            if !recipe.extensions.isEmpty {
                recipe.extensions[choices.index(below: recipe.extensions.count)].data = data
            }
        },
        { $0.signatureKey = $1.one(of: Signer.all, or: $0.signer).publicKey.blob },
        { $0.signatureKey = $1.text() },
        { recipe, _ in recipe.signatureKey = CertificateRecipe(certified: recipe.signer, signer: recipe.signer).blob },
        { $0.signatureName = String(decoding: $1.text(), as: UTF8.self) },
        { $0.damage.append(.signedBit($1.index(below: 256) << 8 | $1.index(below: 256))) },
        { $0.damage.append(.signatureBit($1.index(below: 256) << 8 | $1.index(below: 256))) },
        { $0.damage.append(.tail($1.text())) },
        { $0.damage.append(.cut($1.index(below: 256) << 4 | $1.index(below: 16))) },
        { $0.certified = $1.one(of: Signer.all, or: $0.certified) },
        { $0.signer = $1.one(of: Signer.all, or: $0.signer) },
    ]

    init(certified: Signer, signer: Signer) {
        self.certified = certified
        self.signer = signer
    }

    mutating func add(_ option: Option, to list: WritableKeyPath<CertificateRecipe, [Option]>, sorted: Bool) {
        self[keyPath: list].append(option)
        guard sorted else { return }
        self[keyPath: list].sort { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// What is to be signed.
    var signed: [UInt8] {
        var writer = WireWriter()
        writer.string(certified.publicKey.algorithm.certificateName)
        writer.string(nonce)
        let key = certified.publicKey.blob
        let fields = key.dropFirst(4 + certified.publicKey.algorithm.rawValue.utf8.count)
        var behind = WireWriter()
        behind.integer(serial)
        behind.integer(kind)
        behind.string(keyID)
        var names = WireWriter()
        for principal in principals { names.string(principal) }
        behind.string(names.bytes)
        behind.integer(validAfter)
        behind.integer(validBefore)
        for list in [critical, extensions] {
            var options = WireWriter()
            for option in list {
                options.string(option.name)
                options.string(option.data)
            }
            behind.string(options.bytes)
        }
        behind.string(reserved)
        behind.string(signatureKey ?? signer.publicKey.blob)
        return writer.bytes + fields + behind.bytes
    }

    /// The signature's blob; by its own bytes, for those of ECDSA are others each time.
    private var signature: [UInt8] {
        let signature = signer.sshSignature(over: signed)
        guard let signatureName else { return signature }
        var writer = WireWriter()
        writer.string(signatureName)
        return writer.bytes + signature.dropFirst(4 + signer.publicKey.algorithm.rawValue.utf8.count)
    }

    var blob: [UInt8] {
        var (signed, signature) = (signed, signature)
        for case .signedBit(let bit) in damage { signed[bit / 8 % signed.count] ^= 1 << UInt8(bit % 8) }
        for case .signatureBit(let bit) in damage where !signature.isEmpty {
            signature[bit / 8 % signature.count] ^= 1 << UInt8(bit % 8)
        }
        var writer = WireWriter()
        writer.string(signature)
        var blob = signed + writer.bytes
        for change in damage {
            if case .tail(let bytes) = change { blob += bytes }
            if case .cut(let count) = change { blob = Array(blob.dropLast(count)) }
        }
        return blob
    }
}

extension Target {
    /// A valid certificate, changed by a recipe and signed again.
    static let certificates = Target(
        name: "certificate-recipe", seeds: { _ in [[], [1], [3, 0, 0], [2, 13, 44, 47]] }, run: certificateRecipe)

    private static func certificateRecipe(_ bytes: [UInt8]) {
        var choices = Recipe(bytes)
        let kinds = choices.byte()
        var recipe = CertificateRecipe(
            certified: Signer.user[Int(kinds & 1)],
            signer: kinds & 4 == 0 ? Signer.authority[Int(kinds >> 1 & 1)] : Signer.user[Int(kinds & 1)])
        let steps = CertificateRecipe.steps + CertificateRecipe.breaks
        while !choices.isAtEnd { steps[choices.index(below: steps.count)](&recipe, &choices) }
        check(recipe)
    }

    private static func check(_ recipe: CertificateRecipe) {
        let blob = recipe.blob
        let certificate: Certificate
        do {
            certificate = try Certificate(blob: blob[...])
        } catch {
            expect("\(error)".isPrintable, "the error holds what it should not: \(error)")
            expect(!recipe.isWellFormed || !recipe.damage.isEmpty, "a good certificate is refused: \(error)")
            return
        }
        let contents = certificate.contents
        // Read by another reader, field by field.
        guard let slow = try? SlowCertificate(blob) else { fail("read, and by the slow path not") }
        expect(
            slow.certified.blob() == contents.key.blob && slow.signer.blob() == contents.signatureKey.blob, "the keys")
        expect(slow.serial == contents.serial && slow.kind == UInt64(contents.kind.rawValue), "serial, kind")
        expect(slow.keyID == contents.keyID && slow.principals == contents.principals, "key id, principals")
        expect(slow.validAfter == contents.validAfter && slow.validBefore == contents.validBefore, "the validity")
        for (slow, options) in [(slow.critical, contents.criticalOptions), (slow.extensions, contents.extensions)] {
            expect(slow.map(\.name) == options.map(\.name) && slow.map(\.data) == options.map(\.data), "the options")
        }
        expect(slow.signed == Array(certificate.signed) && slow.signature == Array(certificate.signature), "the parts")
        expect(!slow.reserved.isEmpty || contents.encoded == slow.signed, "written again it is another")
        checkSignature(of: certificate, slow, recipe)
        guard recipe.damage.isEmpty else { return }
        expect(recipe.isWellFormed, "a certificate is read that no reader should take")
    }

    /// Good exactly where nothing was touched behind the signer's back.
    private static func checkSignature(
        of certificate: Certificate, _ slow: SlowCertificate, _ recipe: CertificateRecipe
    ) {
        let isVerified = (try? certificate.verifySignature()) != nil
        let isSigners = certificate.contents.signatureKey == recipe.signer.publicKey
        let name = recipe.signer.publicKey.algorithm.rawValue
        let isNamed = (recipe.signatureName ?? name) == name
        if recipe.damage.isEmpty {
            expect(isVerified == (isSigners && isNamed), "verified: \(isVerified)")
        } else if slow.signed != recipe.signed {
            // ECDSA has two signatures for each message, but no message has another's.
            expect(!isVerified, "verified over bytes that nobody signed")
        }
        let isVerifiedSlowly = (try? slow.signer.verify(slow.signature, over: slow.signed)) != nil
        expect(isVerified == isVerifiedSlowly, "verified: \(isVerified), and by the slow path not so")
    }
}

extension String {
    var isPrintable: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } }
}

extension CertificateRecipe {
    /// Whether the format is kept, as far as nothing was damaged.
    fileprivate var isWellFormed: Bool {
        func isInOrder(_ list: [Option]) -> Bool {
            zip(list, list.dropFirst()).allSatisfy { $0.name.lexicographicallyPrecedes($1.name) }
                && list.allSatisfy { $0.name.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        }
        let isKeyRead = signatureKey.map { (try? PublicKey(blob: $0[...])) != nil } ?? true
        return [1, 2].contains(kind) && !keyID.contains(0) && principals.count <= 256 && isInOrder(critical)
            && isInOrder(extensions) && isKeyRead
    }
}
