import Encodings
import Foundation
import HostFiles
import KeyStore
import SSHKeys
import Testing

@testable import TestSupport

/// Something that a person has put where files of Keys go.
struct Stranger: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Makes it at `$1`; `../user` is a key of ssh-keygen's, with `../user.pub` and `../user-cert.pub`.
    let script: String
    let file: KeyFile
    /// What is said of it beside a state that does not know it.
    let foreign: KeyStoreError.Foreign

    init(_ name: String, _ script: String, at file: KeyFile, _ foreign: KeyStoreError.Foreign) {
        testDescription = "\(name) at NAME\(file.rawValue)"
        self.script = script
        self.file = file
        self.foreign = foreign
    }
}

@Suite("Files that are not ours")
struct ForeignFileTests {
    let scratch: Scratch
    let store: KeyStore

    init() throws {
        scratch = try Scratch()
        store = KeyStore(scratch)
        try scratch.run("mkdir", "-m", "700", "-p", "ssh/pair")
        for (name, bytes) in try Self.keys.get() { try scratch.write(bytes, to: "ssh/\(name)") }
    }

    /// A person's own key, its certificate, and the same key with a passphrase: files by name.
    private static let keys = Result {
        let scratch = try Scratch()
        try scratch.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "mine", "-f", "user")
        try scratch.run("ssh-keygen", "-q", "-s", "user", "-I", "mine", "user.pub")
        try scratch.run("cp", "-p", "user", "locked")
        try scratch.run("ssh-keygen", "-q", "-p", "-N", "passphrase", "-f", "locked")
        var files: [String: [UInt8]] = [:]
        for name in ["user", "user.pub", "user-cert.pub", "locked"] { files[name] = try scratch.read(name) }
        return files
    }

    private static let strangers: [Stranger] =
        KeyFile.ofKey.flatMap { file in
            [
                Stranger("a link to a key", "ln -s ../user \"$1\"", at: file, .kind(.symbolicLink)),
                Stranger("a link to nothing", "ln -s nowhere \"$1\"", at: file, .kind(.symbolicLink)),
                Stranger("a directory", "mkdir \"$1\"", at: file, .kind(.directory)),
                Stranger("a FIFO", "mkfifo \"$1\"", at: file, .kind(.fifo)),
                Stranger(
                    "a large file", "head -c 200000 /dev/zero > \"$1\"", at: file,
                    .tooLarge(limit: file == .privateKey ? 65_536 : 131_072)),
            ]
        } + [
            Stranger("text", "echo hello > \"$1\"", at: .privateKey, .privateKey(.armour(.firstLine))),
            Stranger("nothing", ": > \"$1\"", at: .privateKey, .privateKey(.armour(.firstLine))),
            Stranger(
                "a key with a passphrase", "cp ssh/locked \"$1\"", at: .privateKey,
                .privateKey(.encrypted(cipher: "aes256-ctr"))),
            Stranger("text", "echo hello > \"$1\"", at: .publicKey, .line(.noKeyType)),
            Stranger("nothing", ": > \"$1\"", at: .certificate, .line(.noKeyType)),
            Stranger("two keys", "cat ssh/user.pub ssh/user.pub > \"$1\"", at: .publicKey, .line(.noKeyType)),
            Stranger(
                "a key", "cp ssh/user.pub \"$1\"", at: .certificate, .key(.certificateExpected(found: .ed25519))),
            Stranger(
                "a certificate", "cp ssh/user-cert.pub \"$1\"", at: .publicKey,
                .key(.plainKeyExpected(found: "ssh-ed25519-cert-v01@openssh.com"))),
        ]

    private func put(_ stranger: Stranger) throws -> String {
        let path = store.path(of: stranger.file, "work")
        try scratch.run("rm", "-f", path)
        try scratch.run("sh", "-c", stranger.script, "sh", path)
        return path
    }

    /// What stands in the folder: kinds, sizes and contents.
    private func snapshot() throws -> String {
        let script =
            "cd ssh/pair && ls -l --time-style=full-iso | grep -v '\\.lock$' && "
            + "find . -type f ! -name '*.lock' -print0 | sort -z | xargs -0r sha256sum"
        return String(decoding: try scratch.run("sh", "-c", script), as: UTF8.self)
    }

    @Test("what stands there without a state is left alone", arguments: strangers)
    func leavesUnrecorded(stranger: Stranger) throws {
        let path = try put(stranger)
        let before = try snapshot()
        let error: KeyStoreError.Foreign =
            switch stranger.foreign {
            case .kind, .tooLarge: stranger.foreign
            case .unrecorded, .otherKey, .privateKey, .line, .key: .unrecorded
            }
        #expect(throws: KeyStoreError.foreign(path, error)) { try store.checkWritable("work") }
        #expect(throws: KeyStoreError.foreign(path, error)) { try store.save(Sample()) }
        #expect(throws: KeyStoreError.unknown("work")) { try store.remove("work") }
        #expect(try snapshot() == before)
    }

    @Test("what stands there in place of ours is left alone", arguments: strangers)
    func leavesForeign(stranger: Stranger) throws {
        try store.save(Sample())
        let path = try put(stranger)
        let before = try snapshot()
        let error = KeyStoreError.foreign(path, stranger.foreign)
        #expect(throws: error) { try store.checkWritable("work") }
        #expect(throws: error) { try store.save(Sample()) }
        #expect(try snapshot() == before)

        let removal = try store.remove("work")
        #expect(removal.left == [error])
        #expect(removal.removed.count == 3)
        #expect(try store.files == ["work\(stranger.file.rawValue)"])
    }

    @Test("another key in a file of ours is left alone", arguments: KeyFile.ofKey)
    func leavesOtherKey(file: KeyFile) throws {
        let sample = try Sample()
        try store.save(sample)
        let path = store.path(of: file, "work")
        try scratch.run("cp", scratch.path("ssh/user\(file.rawValue)"), path)
        let line = try AuthorizedKey(line: scratch.read("ssh/user.pub").dropLast())
        let error = KeyStoreError.foreign(path, .otherKey(try Fingerprint(ofBlob: line.blob)))
        #expect(throws: error) { try store.checkWritable("work") }
        #expect(throws: error) { try store.renew(sample.renewed()) }
        #expect(try store.remove("work").left == [error])
        #expect(try store.bytes(of: file) == scratch.read("ssh/user\(file.rawValue)"))
    }

    @Test(
        "what stands in place of the state or the lock is left alone, and a link not followed",
        arguments: [KeyFile.state, .lock],
        [("ln -s ../user \"$1\"", FileKind.symbolicLink), ("mkdir \"$1\"", .directory), ("mkfifo \"$1\"", .fifo)])
    func leavesOthers(file: KeyFile, other: (script: String, kind: FileKind)) throws {
        let path = store.path(of: file, "work")
        try scratch.run("sh", "-c", other.script, "sh", path)
        let error = KeyStoreError.foreign(path, .kind(other.kind))
        #expect(throws: error) { try store.save(Sample()) }
        if file == .state {
            #expect(throws: error) { try store.load("work") }
            #expect(throws: error) { try store.checkWritable("work") }
            #expect(throws: error) { try store.remove("work") }
        }
        #expect(try store.names() == [])
        #expect(try store.files.filter { !$0.hasSuffix(".lock") || file == .lock } == ["work\(file.rawValue)"])
    }

    @Test("a file that is no state of ours is neither written over nor removed")
    func leavesOtherState() throws {
        try scratch.write(Array("{}".utf8), to: "ssh/pair/work.json")
        try scratch.run("chmod", "600", "ssh/pair/work.json")
        let error = KeyStoreError.state(store.path(of: .state, "work"), .member("version"))
        let sample = try Sample()
        #expect(throws: error) { try store.checkWritable("work") }
        #expect(throws: error) { try store.save(sample) }
        #expect(throws: error) { try store.remove("work") }
        #expect(throws: error) {
            try store.saveState(sample.state(), under: store.lock("work"))
        }
        #expect(store.bytes(of: .state) == Array("{}".utf8))
    }
}
