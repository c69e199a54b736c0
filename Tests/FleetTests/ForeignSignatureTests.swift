import Encodings
import Fleet
import Foundation
import Policy
import SSHKeys
import Testing

@testable import TestSupport

/// Signatures of `cryptography` (signing.py), put to us and to ssh-keygen, which must agree.
@Suite("Signatures made by another implementation", .withCryptography)
struct ForeignSignatureTests {
    private struct Row: Decodable {
        let name: String
        let signer: String?
        let refused: String?
    }

    private let folder: Scratch
    private let bundle: PolicyBundle
    /// ssh-keygen judges certificates by this machine's clock.
    private let now = UnixTime(seconds: Int64(Date().timeIntervalSince1970))

    init() throws {
        folder = try Scratch()
        bundle = try PolicyBundle(serial: 42, created: now - Seconds(60), expires: now + Seconds(3600)) { file in
            file == .members ? Array("build-box alice@example.com example alice\n".utf8) : []
        }
        try folder.write(bundle.text, to: "message")
    }

    private func ours(_ row: Row) throws -> String {
        let signature = try MessageSignature(armoured: try folder.read("\(row.name).sig"))
        let allowed = try AllowedSigners(parsing: try folder.read("\(row.name).allowed")) { _ in Seconds(0) }
        let policy = SignedPolicy(text: bundle.text, signature: signature)
        return try VerifiedPolicy(policy, allowed: allowed, minimumSerial: 42, at: now).signer
    }

    @Test("of keys and certificates of every type, each is taken or refused, as ssh-keygen does")
    func everyType() throws {
        let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("signing.py")
        let output = try folder.run(try #require(Cryptography.python), "-B", program.path, folder.folder.path)
        let rows = try JSONDecoder().decode([Row].self, from: Data(output))
        #expect(rows.count > 60)
        for row in rows {
            let theirs = try? folder.run(
                "sh", "-c",
                "ssh-keygen -Y verify -f \(row.name).allowed -I admin -n pair-policy -s \(row.name).sig <message")
            #expect((theirs != nil) == (row.signer != nil), "ssh-keygen: \(row.name)")
            #expect((try? ours(row)) == row.signer, "\(row.name)")
            guard row.refused == nil else { continue }
            let text = try folder.read("\(row.name).sig")
            let signature = try MessageSignature(armoured: text)
            #expect(signature.armoured == String(decoding: text, as: UTF8.self), "\(row.name)")
            #expect(throws: MessageSignatureError.signature(.mismatch), "\(row.name)") {
                try signature.verify(over: bundle.text + [0x0A])
            }
        }
    }
}

/// A Python with the package `cryptography`: the tests' own, or the machine's.
private enum Cryptography {
    static let python: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["PAIR_LAB_CACHE"] ?? "\(NSHomeDirectory())/.cache/pair-lab"
        return ["\(cache)/venv/bin/python", "/usr/bin/python3"].first { python in
            guard let folder = try? Scratch() else { return false }
            return (try? folder.run(python, "-c", "import cryptography")) != nil
        }
    }()
}

extension Trait where Self == ConditionTrait {
    /// Leaves a suite out where there is none; not under CI, where there must be.
    fileprivate static var withCryptography: Self {
        let isThere = Cryptography.python != nil
        if !isThere { print("signatures by cryptography are skipped: scripts/install-deps lab") }
        return .enabled(if: isThere || ProcessInfo.processInfo.environment["CI"] == "true", "needs cryptography")
    }
}
