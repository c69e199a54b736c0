import Encodings
import Signatures
import Testing

@Suite("Digest")
struct DigestTests {
    struct Known: Sendable, CustomTestStringConvertible {
        let digest: Digest
        let name: String
        let message: [UInt8]
        let hash: String
        var testDescription: String { "\(digest) of \(name)" }

        init(_ digest: Digest, of name: String, _ message: [UInt8], _ hash: String) {
            self.digest = digest
            self.name = name
            self.message = message
            self.hash = hash
        }
    }

    private static let abc = Array("abc".utf8)
    private static let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)

    /// FIPS 180-4's and FIPS 202's examples as NIST publishes them ("abc", a million of a, 1600 bits of 0xA3).
    static let known = [
        Known(.sha256, of: "nothing", [], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        Known(.sha256, of: "abc", abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        Known(.sha256, of: "a million", million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        Known(
            .sha384, of: "abc", abc,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
        Known(
            .sha384, of: "nothing", [],
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"),
        Known(
            .sha512, of: "abc", abc,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
        Known(
            .sha512, of: "nothing", [],
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"),
        Known(.sha3x256, of: "nothing", [], "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"),
        Known(.sha3x256, of: "abc", abc, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        Known(
            .sha3x256, of: "200 of 0xA3", [UInt8](repeating: 0xA3, count: 200),
            "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787"),
        Known(.sha3x256, of: "a million", million, "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1"),
    ]

    @Test("the hash is the one that NIST publishes", arguments: known)
    func agreesWithNIST(_ row: Known) throws {
        #expect(hex(try row.digest(row.message)) == row.hash)
    }

    @Test("SHA3-256 is neither Keccak-256 nor SHA-256")
    func isNotKeccak() throws {
        let hash = hex(try Digest.sha3x256([]))
        #expect(hash != "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")  // Keccak's padding
        #expect(hash != hex(try Digest.sha256([])))
    }

    @Test("each hash is as long as its name says", arguments: zip(Digest.allCases, [32, 48, 64, 32]))
    func hasItsLength(digest: Digest, count: Int) throws {
        #expect(try digest([1, 2, 3]).count == count)
    }
}
