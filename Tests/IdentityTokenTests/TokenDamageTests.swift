import Encodings
import SSHKeys
import Testing

@testable import IdentityToken
@testable import TestSupport

/// Tokens that were right until something happened to them.
@Suite("Damaged tokens")
struct TokenDamageTests {
    /// A token, with a refreshed one behind it.
    private func good(in scratch: Scratch) throws -> (HandmadeToken, [UInt8]) {
        var token = try HandmadeToken(in: scratch)
        token.claims["iat"] = "\(HandmadeToken.now.seconds - 3600)"
        token.claims["sid"] = #""é""#
        return (token, Array(try token.compact().utf8))
    }

    private func isVerified(_ bytes: [UInt8], of token: HandmadeToken, keys: KeySet) -> Bool {
        let steps = Result { () throws(TokenError) in
            try CompactToken(parsing: bytes[...]).bound(to: token.client.publicKey)
                .signed(by: keys, under: HandmadeToken.rules).committed().verified(at: HandmadeToken.now)
        }
        return (try? steps.get()) != nil
    }

    @Test("every flipped bit of a token is refused")
    func refusesFlips() throws {
        let (token, bytes) = try good(in: Scratch())
        let keys = try token.keys()
        #expect(isVerified(bytes, of: token, keys: keys))
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 0x80 >> (bit % 8)
            #expect(!isVerified(flipped, of: token, keys: keys), "bit \(bit)")
        }
    }

    @Test("every truncation is refused, but for the one that takes the whole refreshed token away")
    func refusesTruncations() throws {
        let (token, bytes) = try good(in: Scratch())
        let keys = try token.keys()
        let whole = try #require(bytes.firstIndex(of: UInt8(ascii: ".")))
        for count in bytes.indices {
            #expect(!isVerified(Array(bytes.prefix(count)), of: token, keys: keys), "\(count) bytes")
            guard count != whole else { continue }
            #expect(throws: TokenError.self, "\(count) bytes") {
                _ = try CompactToken(parsing: bytes[..<count]).bound(to: token.client.publicKey)
                    .signed(by: keys, under: HandmadeToken.rules).committed().verified(at: HandmadeToken.now)
            }
        }
        // What is left is the original, whose time is over.
        let original = String(decoding: bytes[..<whole], as: UTF8.self)
        let end = HandmadeToken.now - Seconds(3300)
        #expect(throws: TokenError.keysExpired(end)) { try token.verify(original, keys: keys) }
    }

    @Test("10,000 mutations of a token trap nowhere, and none is verified")
    func survivesMutations() throws {
        var random = SplitMix64(state: 7515)
        let (token, bytes) = try good(in: Scratch())
        let keys = try token.keys()
        for _ in 0..<10_000 {
            let mutated = random.mutation(of: bytes)
            #expect(mutated == bytes || !isVerified(mutated, of: token, keys: keys))
        }
    }

    @Test("10,000 mutations of a client's header and of claims trap nowhere")
    func survivesInnerMutations() throws {
        var random = SplitMix64(state: 7519)
        let (token, _) = try good(in: Scratch())
        let (header, payload) = (Array(token.clientHeader.utf8), Array(try token.payload.utf8))
        var read = 0
        for round in 0..<10_000 {
            if round.isMultiple(of: 2) {
                let text = Base64.url.encode(random.mutation(of: header))
                if let client = try? CompactToken(parsing: Array("e30:e30:AA:\(text):AA".utf8)[...]).client {
                    read += 1
                    _ = try client.commitment()
                    _ = try? client.key.verificationKey()
                }
            } else if let claims = try? ClaimSet(parsing: random.mutation(of: payload)) {
                read += 1
                _ = claims.isIssued(toOneOf: ["pair-ssh"])
            }
        }
        #expect(read > 100)
    }

    @Test("10,000 mutations of a key set trap nowhere")
    func survivesKeySetMutations() throws {
        var random = SplitMix64(state: 7517)
        let scratch = try Scratch()
        let keys = try [JOSEKey.Kind.es256, .eddsa, .rs256].map {
            try JOSEKey($0, in: scratch, name: $0.rawValue).jwk($0.rawValue)
        }
        let set = #"{"fetched_at":1000,"issuer":"i","keys":[\#(keys.joined(separator: ","))]}"#
        var read = 0
        for _ in 0..<10_000 {
            guard let set = try? KeySet(parsing: random.mutation(of: Array(set.utf8)), issuer: "i") else { continue }
            read += 1
            for algorithm in SigningAlgorithm.allCases {
                let key = try? set.key(named: Text(algorithm.rawValue), for: algorithm)
                let matches = try? key?.verifies([UInt8](repeating: 1, count: 64), over: [], algorithm: algorithm)
                #expect(matches != true)
            }
        }
        #expect(read > 100)
    }
}

extension SplitMix64 {
    /// `bytes` with a few of them changed, gone, doubled or moved.
    mutating func mutation(of bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &self)
            let other = bytes[Int.random(in: bytes.indices, using: &self)]
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: bytes[index] = UInt8.random(in: .min ... .max, using: &self)
            case 2: bytes[index] = other
            case 3: bytes.remove(at: index)
            case 4: bytes.insert(other, at: index)
            default: bytes.removeLast(min(bytes.count, Int.random(in: 0..<64, using: &self)))
            }
        }
        return bytes
    }
}
