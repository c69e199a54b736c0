import Encodings
import Fleet
import Foundation
import Policy
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

@Suite("Policies")
struct PolicyBundleTests {
    static let now = UnixTime(seconds: 1_795_348_800)  // 2026-11-22T12:00:00Z
    static let members = Array("build-box alice@example.com example alice\n".utf8)

    static func bundle(serial: UInt64 = 42, expires: UnixTime = now + Seconds(3600)) throws -> PolicyBundle {
        try PolicyBundle(serial: serial, created: now, expires: expires) { $0 == .members ? members : [] }
    }

    static let text = """
        pair-policy 1
        serial 42
        created 2026-11-22T12:00:00Z
        expires 2026-11-22T13:00:00Z
        members 42
        accounts 0
        revoked 0

        build-box alice@example.com example alice

        """

    @Test("a bundle is written as documented, and read as it was written")
    func round() throws {
        let bundle = try Self.bundle()
        #expect(String(decoding: bundle.text, as: UTF8.self) == Self.text)
        let read = try PolicyBundle(parsing: Array(Self.text.utf8))
        #expect(read == bundle)
        #expect(read[.members] == Self.members)
        #expect(read[.revoked].isEmpty)
    }

    @Test(
        "what is not the one way to write it is refused",
        arguments: [
            ("pair-policy 1", "pair-policy 2", PolicyBundleError.header(.version("2"))),
            ("pair-policy 1", "pair-policies", .header(.notAPolicy)),
            ("serial 42", "serial 042", .header(.line("serial"))), ("serial 42", "serial -1", .header(.line("serial"))),
            ("serial 42", "serial 0", .header(.serial(0))),
            ("serial 42", "serial 9007199254740993", .header(.serial(9_007_199_254_740_993))),
            ("serial 42", "serial 42 ", .header(.line("serial"))), ("serial 42\n", "", .header(.line("serial"))),
            ("12:00:00Z", "12:00:00+00:00", .header(.line("created"))), ("13:00:00Z", "12:00:00Z", .header(.times)),
            ("members 42", "members 43", .truncated(.members)), ("members 42", "members 41", .trailing(1)),
            ("members 42", "members 99999999999999999999", .header(.line("members"))),
            ("accounts 0", "accounts 1", .truncated(.accounts)),
            ("revoked 0\n\n", "revoked 0\n", .header(.line("an empty line"))),
            ("alice\n", "alice ", .unfinishedLine(.members)), ("\n", "\r\n", .header(.line("serial"))),
        ])
    func malformed(_ part: String, _ other: String, _ error: PolicyBundleError) {
        var text = Self.text
        if part == "\n" {
            text = text.replacingOccurrences(of: part, with: other)
            text = text.replacingOccurrences(of: "pair-policy 1\r", with: "pair-policy 1")
        } else {
            text = text.replacingOccurrences(of: part, with: other)
        }
        #expect(throws: error) { try PolicyBundle(parsing: Array(text.utf8)) }
    }

    @Test("cut at any byte, it is none")
    func cut() {
        let whole = Array(Self.text.utf8)
        for count in whole.indices {
            #expect(throws: PolicyBundleError.self, "\(count)") { try PolicyBundle(parsing: Array(whole[..<count])) }
        }
    }

    // MARK: - Signed

    private func signed(
        _ bundle: PolicyBundle, by key: borrowing PrivateKey, for namespace: String = SignedPolicy.namespace
    ) throws -> SignedPolicy {
        let bytes = try MessageSignature.signedBytes(of: bundle.text, namespace: namespace, hash: .sha512)
        let signature = MessageSignature(
            signer: .key(key.publicKey), namespace: namespace, hash: .sha512,
            signature: try key.sshSignature(over: bytes))
        return SignedPolicy(text: bundle.text, signature: signature)
    }

    private func allowing(_ key: borrowing PrivateKey) throws -> AllowedSigners {
        let blob = Data(key.publicKey.blob).base64EncodedString()
        return try AllowedSigners(parsing: Array("ops@example.com ssh-ed25519 \(blob)\n".utf8))
    }

    @Test("a policy is what an allowed signer has signed, read back from what was published")
    func verified() throws {
        let key = try PrivateKey(generating: .ed25519)
        let published = try signed(try Self.bundle(), by: key).published
        let policy = try VerifiedPolicy(
            try SignedPolicy(parsing: published), allowed: try allowing(key), minimumSerial: 42, at: Self.now)
        #expect(policy.bundle == (try Self.bundle()))
        #expect(policy.signer == "ops@example.com")
    }

    @Test("a policy that may not be applied is refused by its reason")
    func refused() throws {
        let key = try PrivateKey(generating: .ed25519)
        let other = try PrivateKey(generating: .ed25519)
        let allowed = try allowing(key)
        func reason(_ policy: SignedPolicy, minimum: UInt64 = 1, at now: UnixTime = Self.now) -> SignedPolicyError? {
            do throws(SignedPolicyError) {
                _ = try VerifiedPolicy(policy, allowed: allowed, minimumSerial: minimum, at: now)
                return nil
            } catch { return error }
        }
        let good = try signed(try Self.bundle(), by: key)
        #expect(reason(good) == nil)
        #expect(reason(good, minimum: 43) == .serial(42, minimum: 43))
        #expect(reason(good, at: Self.now + Seconds(3600)) == .expired(Self.now + Seconds(3600)))
        #expect(reason(try signed(try Self.bundle(), by: other)) == .signer(.notAllowed(.unknown)))
        #expect(reason(try signed(try Self.bundle(), by: key, for: "file")) == .namespace("file"))
        let swapped = SignedPolicy(text: try Self.bundle(serial: 43).text, signature: good.signature)
        #expect(reason(swapped) == .signature(.signature(.mismatch)))
    }

    @Test("published text cut at any byte is no policy")
    func cutPublished() throws {
        let key = try PrivateKey(generating: .ed25519)
        let allowed = try allowing(key)
        let published = try signed(try Self.bundle(), by: key).published
        for count in 0..<(published.count - 1) {
            #expect(throws: SignedPolicyError.self, "\(count)") {
                try VerifiedPolicy(
                    try SignedPolicy(parsing: Array(published[..<count])), allowed: allowed, minimumSerial: 1,
                    at: Self.now)
            }
        }
    }

    @Test("a line of a file that looks like a signature is a line of the file")
    func markInside() throws {
        let key = try PrivateKey(generating: .ed25519)
        let bundle = try PolicyBundle(serial: 1, created: Self.now, expires: Self.now + Seconds(60)) { file in
            file == .members ? Array("-----BEGIN SSH SIGNATURE-----\n".utf8) : []
        }
        let read = try SignedPolicy(parsing: try signed(bundle, by: key).published)
        #expect(read.text == bundle.text)
    }
}
