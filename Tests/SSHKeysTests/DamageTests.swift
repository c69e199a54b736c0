import SSHKeys
import SSHWire
import Testing

@testable import TestSupport

/// Certificates that were right until something happened to them.
@Suite("Damaged certificates and keys")
struct DamageTests {
    /// A certificate with something in every field.
    private func certificate(_ kind: OpenSSLKey.Kind, in scratch: Scratch) throws -> [UInt8] {
        let key = try OpenSSLKey(.ed25519, in: scratch, name: "certified")
        let made = try HandmadeCertificate(for: key, by: try OpenSSLKey(kind, in: scratch)) {
            $0.principals += Pack.string("bob")
            $0.criticalOptions = Pack.options([("force-command", Pack.string("ls"))])
            $0.extensions = Pack.options([("a@b", Pack.string("x")), ("permit-pty", [])])
            $0.reserved = [1, 2, 3]
        }
        try Certificate(blob: made.blob[...]).verifySignature()
        return made.blob
    }

    private func isBelieved(_ blob: [UInt8]) -> Bool {
        (try? Certificate(blob: blob[...]).verifySignature()) != nil
    }

    @Test("every truncation is refused", arguments: OpenSSLKey.Kind.allCases)
    func refusesTruncations(kind: OpenSSLKey.Kind) throws {
        let blob = try certificate(kind, in: Scratch())
        for count in blob.indices {
            #expect(throws: KeyError.self, "\(count) bytes") { try Certificate(blob: blob[..<count]) }
        }
    }

    @Test("every flipped bit is refused: it breaks the form or the signature", arguments: OpenSSLKey.Kind.allCases)
    func refusesFlips(kind: OpenSSLKey.Kind) throws {
        let blob = try certificate(kind, in: Scratch())
        for bit in 0..<blob.count * 8 {
            var flipped = blob
            flipped[bit / 8] ^= 0x80 >> (bit % 8)
            #expect(!isBelieved(flipped), "bit \(bit)")
        }
    }

    @Test("a byte more is refused, wherever it stands", arguments: [OpenSSLKey.Kind.ed25519, .p256])
    func refusesInsertions(kind: OpenSSLKey.Kind) throws {
        let blob = try certificate(kind, in: Scratch())
        for index in 0...blob.count {
            for byte: UInt8 in [0, 0xFF] {
                #expect(!isBelieved(blob[..<index] + [byte] + blob[index...]), "at \(index)")
            }
        }
    }

    @Test("every truncation of a plain key is refused, and a byte behind it", arguments: OpenSSLKey.Kind.allCases)
    func refusesTruncatedKeys(kind: OpenSSLKey.Kind) throws {
        let blob = try OpenSSLKey(kind, in: Scratch()).blob
        #expect(try PublicKey(blob: blob[...]).blob == blob)
        for count in blob.indices {
            #expect(throws: KeyError.self, "\(count) bytes") { try PublicKey(blob: blob[..<count]) }
        }
        #expect(throws: KeyError.wire(.trailing(count: 1, at: blob.count), in: .publicKey)) {
            try PublicKey(blob: (blob + [0])[...])
        }
    }

    @Test("a key that is read is written as it stood, after whatever flipped bit", arguments: OpenSSLKey.Kind.allCases)
    func keepsFlippedKeys(kind: OpenSSLKey.Kind) throws {
        let blob = try OpenSSLKey(kind, in: Scratch()).blob
        for bit in 0..<blob.count * 8 {
            var flipped = blob
            flipped[bit / 8] ^= 0x80 >> (bit % 8)
            guard let key = try? PublicKey(blob: flipped[...]) else { continue }
            #expect(key.blob == flipped, "bit \(bit)")
        }
    }

    @Test("10,000 mutations of certificates and keys trap nowhere, and none is believed")
    func survivesMutations() throws {
        var random = SplitMix64(state: 4253)
        let scratch = try Scratch()
        let originals = try OpenSSLKey.Kind.allCases.flatMap { kind in
            [try certificate(kind, in: scratch), try OpenSSLKey(kind, in: scratch, name: "plain").blob]
        }
        var read = 0
        for round in 0..<10_000 {
            let original = originals[round % originals.count]
            let blob = random.mutation(of: original)
            if let key = try? PublicKey(blob: blob[...]) {
                read += 1
                _ = try? key.verificationKey()
                _ = try key.fingerprint()
            }
            guard let certificate = try? Certificate(blob: blob[...]) else { continue }
            read += 1
            _ = try? certificate.contents.typedCriticalOptions()
            _ = try? certificate.contents.permits()
            _ = (certificate.contents.encoded, certificate.contents.start, certificate.contents.end)
            let isBelieved = (try? certificate.verifySignature()) != nil
            #expect(!isBelieved || blob == original)
        }
        #expect(read > 100)
    }
}

extension SplitMix64 {
    /// `bytes` with a few of them changed, gone, doubled, or set to what lengths are often wrong by.
    mutating func mutation(of bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &self)
            switch Int.random(in: 0..<7, using: &self) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: bytes[index] = UInt8.random(in: .min ... .max, using: &self)
            case 2: bytes[index] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &self) ?? 0
            case 3: bytes.remove(at: index)
            case 4: bytes.insert(bytes[Int.random(in: bytes.indices, using: &self)], at: index)
            case 5: bytes.removeLast(min(bytes.count, Int.random(in: 0..<64, using: &self)))
            default:
                let source = Int.random(in: bytes.indices, using: &self)
                let piece = bytes[source...].prefix(Int.random(in: 0..<40, using: &self))
                bytes.replaceSubrange(index..<min(bytes.count, index + piece.count), with: piece)
            }
        }
        return bytes
    }
}
