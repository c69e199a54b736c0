import Encodings
import Fleet
import Foundation
import SSHKeys
import SSHWire
import Testing

@testable import TestSupport

/// `ssh-keygen -Y` signs what we verify, and verifies what we sign.
@Suite("Signatures over messages")
struct MessageSignatureTests {
    static let kinds = [
        ["-t", "ed25519"], ["-t", "ecdsa", "-b", "256"], ["-t", "ecdsa", "-b", "384"], ["-t", "ecdsa", "-b", "521"],
        ["-t", "rsa", "-b", "2048"], ["-t", "rsa", "-b", "4096"],
    ]
    let folder: Scratch
    let message = Array("who may enter\n".utf8)

    init() throws {
        folder = try Scratch()
        try folder.write(message, to: "message")
    }

    private func key(_ name: String, _ kind: [String] = ["-t", "ed25519"]) throws {
        try folder.run(["ssh-keygen", "-q", "-N", "", "-f", name] + kind)
    }

    private func sign(_ key: String, _ flags: [String] = []) throws -> [UInt8] {
        try? FileManager.default.removeItem(atPath: folder.path("message.sig"))
        try folder.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "pair-policy", "-f", key] + flags + ["message"])
        return try folder.read("message.sig")
    }

    @Test("what ssh-keygen signs is read, written again as it was, and verified", arguments: kinds)
    func signed(_ kind: [String]) throws {
        try key("key", kind)
        for hash in MessageSignature.Hash.allCases {
            let text = try sign("key", ["-O", "hashalg=\(hash.rawValue)"])
            let signature = try MessageSignature(armoured: text)
            #expect(signature.namespace == "pair-policy")
            #expect(signature.hash == hash)
            #expect(signature.armoured == String(decoding: text, as: UTF8.self))
            let line = try AuthorizedKey(line: try folder.read("key.pub").dropLast())
            #expect(signature.signer.key.blob == line.blob)
            try signature.verify(over: message)
            #expect(throws: MessageSignatureError.signature(.mismatch)) { try signature.verify(over: message + [0]) }
        }
    }

    @Test("a signature for another use, or by another hash, is none for this")
    func changed() throws {
        try key("key")
        let signature = try MessageSignature(armoured: try sign("key"))
        for (namespace, hash) in [("file", signature.hash), ("pair-policy", .sha256)] {
            let other = MessageSignature(
                signer: signature.signer, namespace: namespace, hash: hash, signature: signature.signature)
            #expect(throws: MessageSignatureError.signature(.mismatch)) { try other.verify(over: message) }
        }
    }

    @Test("any bit of a signature's file that is changed is seen")
    func flipped() throws {
        try key("key")
        let text = try sign("key")
        let signature = try MessageSignature(armoured: text)
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let blob = try #require(Data(base64Encoded: lines.dropFirst().dropLast().joined()))
        for index in blob.indices {
            var other = blob
            other[index] ^= 1
            let armoured = "\(lines[0])\n\(other.base64EncodedString())\n\(lines[lines.count - 1])\n"
            let read = try? MessageSignature(armoured: Array(armoured.utf8))
            #expect((try? read?.verify(over: message)) == nil, "byte \(index)")
        }
        try signature.verify(over: message)
    }

    @Test("what we sign ssh-keygen verifies", arguments: [["-t", "ed25519"], ["-t", "ecdsa", "-b", "256"]])
    func ours(_ kind: [String]) throws {
        try key("key", kind)
        let key = try PrivateKey(file: try folder.read("key"))
        let hash = MessageSignature.Hash.sha512
        let signed = try MessageSignature.signedBytes(of: message, namespace: "pair-policy", hash: hash)
        let signature = MessageSignature(
            signer: .key(key.publicKey), namespace: "pair-policy", hash: hash,
            signature: try key.sshSignature(over: signed))
        try folder.write(Array(signature.armoured.utf8), to: "ours.sig")
        try folder.write(Array("admin ".utf8) + (try folder.read("key.pub")), to: "allowed")
        let command = "ssh-keygen -Y verify -f allowed -I admin -n pair-policy -s ours.sig <message"
        try folder.run("sh", "-c", command)
        #expect(throws: ProgramFailed.self) { try folder.run("sh", "-c", "echo | \(command.dropLast(8))") }
    }

    @Test(
        "what is no signature is said to be none",
        arguments: [
            ("", MessageSignatureError.armour), ("-----BEGIN SSH SIGNATURE-----\n", .armour),
            ("-----BEGIN SSH SIGNATURE-----\n!!!!\n-----END SSH SIGNATURE-----\n", .armour),
            ("-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAg==\n-----END SSH SIGNATURE-----\n", .version(2)),
            ("-----BEGIN SSH SIGNATURE-----\nU1NIU0lIAAAAAQ==\n-----END SSH SIGNATURE-----\n", .preamble),
            (
                "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n",
                .wire(.truncated(needed: 4, left: 0, at: 6))
            ),
        ])
    func malformed(_ text: String, _ error: MessageSignatureError) {
        #expect(throws: error) { try MessageSignature(armoured: Array(text.utf8)) }
    }
}
