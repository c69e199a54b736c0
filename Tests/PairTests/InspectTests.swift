import Encodings
import Foundation
import SSHKeys
import Testing

@testable import TestSupport

/// `pair keys inspect`, with ssh-keygen as judge.
@Suite struct InspectTests {
    /// Built beside the tests.
    private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("pair").path

    /// One certificate for ssh-keygen to make.
    struct Made: Sendable, CustomStringConvertible {
        let key: [String]
        let signer: [String]
        var options: [String] = []

        var description: String { (key + ["by"] + signer + options).joined(separator: " ") }
    }

    private static let made = [
        Made(key: ["ed25519"], signer: ["ed25519"], options: ["-n", "alice"]),
        Made(key: ["ecdsa", "-b", "256"], signer: ["rsa", "-b", "3072"], options: ["-n", "a,b,c", "-z", "42"]),
        Made(key: ["ecdsa", "-b", "384"], signer: ["ecdsa", "-b", "521"], options: ["-z", "9007199254740993"]),
        Made(
            key: ["ecdsa", "-b", "521"], signer: ["ecdsa", "-b", "384"],
            options: ["-V", "20260101000000Z:20270101000000Z"]),
        Made(key: ["rsa", "-b", "2048"], signer: ["rsa", "-b", "2048"], options: ["-t", "rsa-sha2-256", "-n", "x"]),
        Made(
            key: ["ed25519"], signer: ["rsa", "-b", "2048"],
            options: ["-t", "rsa-sha2-512", "-h", "-n", "host.example"]),
        Made(
            key: ["ed25519"], signer: ["ed25519"],
            options: ["-O", "clear", "-O", "force-command=ls \"-l\"", "-O", "source-address=10.0.0.0/8,::1/128"]),
        Made(
            key: ["ed25519"], signer: ["ed25519"],
            options: ["-O", "verify-required", "-O", "no-pty", "-O", "extension:name@example.com=value"]),
    ]

    @Test("a certificate shows what ssh-keygen -L shows", arguments: made)
    func agrees(_ row: Made) throws {
        let scratch = try Scratch()
        try scratch.run(["ssh-keygen", "-q", "-N", "", "-C", "a comment", "-f", "user", "-t"] + row.key)
        try scratch.run(["ssh-keygen", "-q", "-N", "", "-f", "ca", "-t"] + row.signer)
        try scratch.run(["ssh-keygen", "-q", "-s", "ca", "-I", "the \"id\""] + row.options + ["user.pub"])
        let listed = try scratch.run("env", "TZ=UTC", "ssh-keygen", "-L", "-f", "user-cert.pub")

        let json = try #require(
            try objects(try scratch.run(Self.program, "keys", "inspect", "--json", "user-cert.pub")).first)
        #expect(json["comment"]?.text == "a comment")
        #expect(try "user-cert.pub:\n" + keygenListing(of: json) == String(decoding: listed, as: UTF8.self))
    }

    /// In one file, for one run of each program.
    @Test("2,000 random certificates show what ssh-keygen -L shows")
    func agreesOnRandomOnes() throws {
        let count = 2000
        let scratch = try Scratch()
        try scratch.write(Array(RandomCertificates(seed: 4).script(count: count).utf8), to: "make")
        try scratch.run("bash", "make")
        let listed = try scratch.run("sh", "-c", "TZ=UTC ssh-keygen -L -f - <certificates")
        let objects = try objects(try scratch.run(Self.program, "keys", "inspect", "--json", "certificates"))
        let listings = String(decoding: listed, as: UTF8.self)
            .split(separator: /(?m)^\(stdin\):[0-9]+:\n/).map(String.init)
        #expect(listings.count == count)
        try #require(objects.count == listings.count)
        #expect(Set(listings).count == count)
        for (object, listing) in zip(objects, listings) { #expect(try keygenListing(of: object) == listing) }
    }

    @Test("a plain key shows its type, fingerprint and comment, and nothing of a certificate")
    func plain() throws {
        let scratch = try Scratch()
        try scratch.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@here", "-f", "key")
        let fingerprint = String(decoding: try scratch.run("ssh-keygen", "-lf", "key.pub"), as: UTF8.self)
            .split(separator: " ")[1]
        let output = try scratch.run("sh", "-c", "exec \"$0\" keys inspect --json - <key.pub", Self.program)
        let expected =
            "{\"type\":\"ssh-ed25519\",\"fingerprint\":\"\(fingerprint)\",\"comment\":\"me@here\"}\n"
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }

    @Test("a token's claims are shown, and no segment of the token", arguments: [[], ["--json"]] as [[String]])
    func token(_ flags: [String]) throws {
        let repository = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardizedFileURL
        let file = repository.appendingPathComponent("Fixtures/ok-rs256-p256/key.pub")
        let entry = try AuthorizedKey(line: try Data(contentsOf: file).dropLast())
        let option = try #require(try Certificate(blob: entry.blob[...]).contents.extension("openpubkey-pkt"))
        let segments = try option.string().split(separator: UInt8(ascii: ":")).map {
            String(decoding: $0, as: UTF8.self)
        }

        let scratch = try Scratch()
        let run = try scratch.run([Self.program, "keys", "inspect", file.path] + flags)
        let output = String(decoding: run, as: UTF8.self)
        #expect(output.contains("\"iss\":\"https://login.example.com\",\"sub\":\"248289761001\""))
        #expect(segments.count == 5)
        for segment in segments { #expect(!output.contains(segment)) }
    }

    @Test("a line that is no key is named, the others are shown, and the status is 1")
    func oneBadLine() throws {
        let scratch = try Scratch()
        try scratch.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key")
        let key = try scratch.read("key.pub")
        try scratch.write(Array("# keys\n\nssh-ed25519 AAAA bad\nfrom=\"10.0.0.1\" ".utf8) + key, to: "keys")
        let error = #expect(throws: ProgramFailed.self) {
            try scratch.run("sh", "-c", "exec \"$0\" keys inspect --json keys >shown", Self.program)
        }
        #expect(error?.status == 1)
        #expect(error?.error.hasPrefix("pair: keys:3: ") == true)
        #expect(try objects(try scratch.read("shown")).count == 1)
    }

    private func objects(_ output: [UInt8]) throws -> [JSON.Object] {
        try output.split(separator: 0x0A).compactMap { try JSON(parsing: Array($0)).object }
    }
}
