import Encodings
import Fleet
import Foundation
import SSHKeys
import Testing

@testable import TestSupport

/// Each row is put to `ssh-keygen -Y find-principals` as well.
@Suite("Allowed signers")
struct AllowedSignersTests {
    /// A line of the file, with KEY and CA for the signer's key and the authority's, and who comes of it at a time.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let line: String
        let signer: String
        let found: String?
        let time: String

        init(_ line: String, by signer: String = "key", at time: String = "20261122120000Z", _ found: String?) {
            testDescription = "\(line) by \(signer) at \(time)"
            self.line = line
            self.signer = signer
            self.found = found
            self.time = time
        }
    }

    static let rows = [
        Row("admin KEY", "admin"), Row("admin,ops KEY", "admin,ops"), Row("\"admin\" KEY", "admin"),
        Row("  admin\tKEY", "admin"), Row("admin OTHER", nil), Row("admin OTHER\nops KEY", "ops"),
        Row("# admin KEY", nil), Row("admin namespaces=\"pair-policy\" KEY", "admin"),
        Row("admin namespaces=\"file,pair-*\" KEY", "admin"), Row("admin namespaces=\"pair-polic?\" KEY", "admin"),
        Row("admin namespaces=\"file\" KEY", nil), Row("admin namespaces=\"*,!pair-policy\" KEY", nil),
        Row("admin namespaces=\"file\" KEY\nops KEY", "ops"),
        Row("admin valid-after=\"20261122120000Z\" KEY", "admin"),
        Row("admin valid-after=\"20261122120001Z\" KEY", nil),
        Row("admin valid-before=\"20261122120000Z\" KEY", "admin"),
        Row("admin valid-before=\"20261122115959Z\" KEY", nil),
        Row("admin valid-after=\"20261122Z\",valid-before=\"202611230000Z\" KEY", "admin"),
        Row("admin VALID-AFTER=\"20200101\",Namespaces=\"*\" KEY", "admin"),
        Row("admin valid-after=\"202611221200\" KEY", "admin"), Row("admin valid-after=\"202611221201\" KEY", nil),
        Row("admin cert-authority KEY", nil), Row("admin CA", nil),
        Row("admin cert-authority CA", by: "certified", "admin"),
        Row("admin cert-authority OTHER", by: "certified", nil),
        Row("a* cert-authority CA", by: "certified", "admin"), Row("ops cert-authority CA", by: "certified", nil),
        Row("admin KEY", by: "certified", nil),
        Row("admin cert-authority CA", by: "certified", at: "20261122130000Z", nil),
        Row("admin cert-authority CA", by: "certified", at: "20261122105959Z", nil),
    ]

    private func keygen(_ folder: Scratch, _ arguments: String...) throws {
        try folder.run(["env", "TZ=UTC", "ssh-keygen", "-q"] + arguments)
    }

    @Test("who may sign is who ssh-keygen finds", arguments: rows)
    func find(_ row: Row) throws {
        let folder = try Scratch()
        for name in ["key", "other", "ca"] { try keygen(folder, "-N", "", "-t", "ed25519", "-f", name) }
        try folder.run("cp", "key", "certified")
        try folder.run("cp", "key.pub", "certified.pub")
        try keygen(
            folder, "-s", "ca", "-I", "id", "-n", "admin", "-V", "20261122110000:20261122130000", "certified.pub")
        try folder.write([0x0A], to: "message")
        let signer = row.signer == "certified" ? "certified-cert.pub" : row.signer
        if row.signer == "certified" { try folder.run("cp", "certified", "certified-cert") }
        try keygen(folder, "-Y", "sign", "-n", "pair-policy", "-f", signer, "message")

        var text = row.line + "\n"
        for (mark, name) in [("KEY", "key"), ("OTHER", "other"), ("CA", "ca")] {
            let key = String(decoding: try folder.read("\(name).pub"), as: UTF8.self)
            text = text.replacingOccurrences(of: " \(mark)\n", with: " \(key)").replacingOccurrences(
                of: "\t\(mark)\n", with: "\t\(key)")
        }
        try folder.write(Array(text.utf8), to: "allowed")
        let theirs = try? folder.run(
            "env", "TZ=UTC", "ssh-keygen", "-Y", "find-principals", "-s", "message.sig", "-f", "allowed", "-O",
            "verify-time=\(row.time)")

        let signature = try MessageSignature(armoured: try folder.read("message.sig"))
        let digits = Array(row.time)
        let now = try #require(
            UnixTime(
                rfc3339: "2026-11-22T\(String(digits[8..<10])):\(String(digits[10..<12])):\(String(digits[12..<14]))Z"
                    .utf8
            ))
        let ours = try? AllowedSigners(parsing: Array(text.utf8)).principals(of: signature, at: now)
        #expect(ours == row.found)
        // It knows no namespaces when it finds, and of a certificate it prints the line's patterns.
        if !row.line.lowercased().contains("namespaces") {
            #expect((theirs == nil) == (ours == nil), "\(theirs.map { String(decoding: $0, as: UTF8.self) } ?? "none")")
        }
    }

    @Test(
        "a line that could be read as two things is refused",
        arguments: [
            ("admin", AllowedSignersError.Defect.key("an option's name expected")),
            ("admin namespaces=\"a\",namespaces=\"b\" KEY", .option("namespaces")),
            ("admin no-touch-required KEY", .option("no-touch-required")),
            ("admin cert-authority=\"x\" KEY", .option("cert-authority")),
            ("admin valid-after=\"2026\" KEY", .time("2026")),
            ("admin valid-after=\"20260231\" KEY", .time("20260231")),
            ("admin valid-after=\"20260102\",valid-before=\"20260101\" KEY", .neverValid),
            (
                "admin ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
                .key("its type is not the one in front")
            ),
        ])
    func malformed(_ line: String, _ defect: AllowedSignersError.Defect) {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
        let text = "# signers\n\n" + line.replacingOccurrences(of: "KEY", with: key) + "\n"
        #expect(throws: AllowedSignersError.line(3, defect)) { try AllowedSigners(parsing: Array(text.utf8)) }
    }

    @Test("a time without Z is local")
    func local() throws {
        let folder = try Scratch()
        try keygen(folder, "-N", "", "-t", "ed25519", "-f", "key")
        try folder.write([0x0A], to: "message")
        try keygen(folder, "-Y", "sign", "-n", "pair-policy", "-f", "key", "message")
        let signature = try MessageSignature(armoured: try folder.read("message.sig"))
        let text = Array("admin valid-after=\"202611221200\" ".utf8) + (try folder.read("key.pub"))
        let signers = try AllowedSigners(parsing: text) { _ in Seconds(3600) }
        let eleven = try #require(UnixTime(rfc3339: "2026-11-22T11:00:00Z".utf8))
        #expect(try signers.principals(of: signature, at: eleven) == "admin")
        #expect(throws: AllowedSignersError.notAllowed(.notYet(eleven))) {
            try signers.principals(of: signature, at: eleven - Seconds(1))
        }
    }
}
