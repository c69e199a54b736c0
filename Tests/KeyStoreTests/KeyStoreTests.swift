import Encodings
import Foundation
import HostFiles
import KeyStore
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

@Suite("Keys kept in a folder")
struct KeyStoreTests {
    let scratch: Scratch
    let store: KeyStore

    init() throws {
        scratch = try Scratch()
        store = KeyStore(scratch)
    }

    @Test("Keys come back as they were saved, and ssh-keygen reads them", arguments: SigningKey.Kind.allCases)
    func savesAndLoads(kind: SigningKey.Kind) throws {
        let sample = try Sample(kind)
        try store.save(sample)
        #expect(try store.load("work") == sample.state())
        #expect(store.holds(sample))
        #expect(try store.names() == ["work"])
        let state = sample.state()
        #expect(try store.certificate(of: state)?.contents.key == sample.publicKey)
        let key = try store.privateKey(of: state)
        #expect(key.publicKey == sample.publicKey)

        let path = store.path(of: .privateKey, "work")
        #expect(try scratch.run("ssh-keygen", "-y", "-f", path) == sample.publicKeyLine)
        let listed = String(decoding: try scratch.run("ssh-keygen", "-L", "-f", "\(path)-cert.pub"), as: UTF8.self)
        #expect(listed.contains(sample.fingerprint.description))
    }

    @Test("the files and folders have the modes that keep the secrets")
    func setsModes() throws {
        try store.save(Sample())
        #expect(try permissions(scratch.path("ssh")) == 0o700)
        #expect(try permissions(store.folder) == 0o700)
        #expect(try store.mode(of: .privateKey) == 0o600)
        #expect(try store.mode(of: .publicKey) == 0o644)
        #expect(try store.mode(of: .certificate) == 0o644)
        #expect(try store.mode(of: .state) == 0o600)
        #expect(try store.mode(of: .lock) == 0o600)
        #expect(try store.files == ["work", "work-cert.pub", "work.json", "work.lock", "work.pub"])
    }

    @Test("without a folder there are no Keys, and none is made to look for them")
    func loadsNothing() throws {
        #expect(try store.names() == [])
        #expect(try store.load("work") == nil)
        try store.checkWritable("work")
        let state = try Sample().state()
        #expect(try store.certificate(of: state) == nil)
        #expect(throws: KeyStoreError.noPrivateKey(store.path(of: .privateKey, "work"))) {
            _ = try store.privateKey(of: state)
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.path("ssh")))
    }

    @Test("only names that have a state are listed")
    func listsNames() throws {
        try store.save(Sample())
        for name in ["other", "other.pub", ".json", "-x.json", "a b.json", "x-cert.json", "note.txt", "b.json"] {
            try scratch.write([], to: "ssh/pair/\(name)")
        }
        try FileManager.default.createDirectory(
            atPath: scratch.path("ssh/pair/d.json"), withIntermediateDirectories: false)
        #expect(try store.names() == ["b", "work"])
    }

    @Test(
        "a name is one component, and never the name of another's file",
        arguments: [
            ("a", true), ("7", true), ("Work_1.old-x", true), (String(repeating: "x", count: 64), true),
            ("cert", true), ("a.pub.x", true), ("lock", true),
            ("", false), (String(repeating: "x", count: 65), false), (".a", false), ("-a", false), ("_a", false),
            ("a/b", false), ("..", false), ("a b", false), ("a\n", false), ("a\0", false), ("é", false), ("a@b", false),
            ("a.pub", false), ("a-cert.pub", false), ("a-cert", false), ("a.json", false), ("a.lock", false),
            ("a.PUB", false), ("a-Cert", false), ("\u{212A}", false),
        ])
    func judgesName(name: String, isGood: Bool) throws {
        #expect(KeyStore.isName(name) == isGood)
        if isGood { return }
        #expect(throws: KeyStoreError.name(name)) { try store.load(name) }
        #expect(throws: KeyStoreError.name(name)) { try store.checkWritable(name) }
        #expect(throws: KeyStoreError.name(name)) { _ = try store.lock(name, waitingFor: .zero) }
    }

    @Test("the folder is in the person's home")
    func findsFolder() {
        #expect(KeyStore.folder(environment: ["HOME": "/home/alice"]) == "/home/alice/.ssh/pair")
        #expect(KeyStore.folder(environment: ["HOME": "/"]) == "/.ssh/pair")
        #expect(KeyStore.folder(environment: ["HOME": ""]) == nil)
        #expect(KeyStore.folder(environment: [:]) == nil)
    }

    @Test("the folder and the one above may be links")
    func followsFolders() throws {
        try scratch.run("mkdir", "-m", "700", "dotfiles", "dotfiles/pair", "ssh")
        try scratch.run("ln", "-s", scratch.path("dotfiles/pair"), "ssh/pair")
        let sample = try Sample()
        try store.save(sample)
        #expect(try store.load("work") == sample.state())
        #expect(try folderNames(scratch.path("dotfiles/pair")).contains("work.json"))

        try scratch.run("mv", "ssh", "dotfiles/ssh")
        try scratch.run("ln", "-s", "dotfiles/ssh", "ssh")
        #expect(try store.load("work") == sample.state())
    }

    @Test("a folder in which others may write is refused, with what to do", arguments: ["ssh", "ssh/pair"])
    func refusesWritableFolder(name: String) throws {
        try store.save(Sample())
        let path = scratch.path(name)
        try setPermissions(path, 0o775)
        let error = KeyStoreError.file(.writableByOthers(path, mode: 0o775))
        #expect(throws: error) { try store.load("work") }
        #expect(throws: error) { try store.names() }
        #expect(throws: error) { try store.checkWritable("work") }
        #expect(throws: error) { _ = try store.lock("work", waitingFor: .zero) }
        #expect(error.advice == "Run chmod go-w \(path).")
    }

    @Test("another user's folder is refused", .enabled(if: NSUserName() == "root"))
    func refusesForeignFolder() throws {
        try store.save(Sample())
        try scratch.run("chown", "4711", "ssh/pair")
        #expect(throws: KeyStoreError.file(.foreignOwner(store.folder, uid: 4711))) { try store.load("work") }
    }

    @Test("a state that others may have written is refused")
    func refusesWritableState() throws {
        try store.save(Sample())
        let path = store.path(of: .state, "work")
        try setPermissions(path, 0o622)
        #expect(throws: KeyStoreError.file(.writableByOthers(path, mode: 0o622))) { try store.load("work") }
    }

    @Test("a certificate that is missing, spoilt or of an older key is none")
    func findsNoCertificate() throws {
        let (old, new) = (try Sample(), try Sample())
        try store.save(old)
        #expect(try store.certificate(of: new.state()) == nil)
        var state = old.state()
        state.keys = [new.fingerprint, old.fingerprint]
        #expect(try store.certificate(of: state) == nil)
        for text in ["", "\n", "nonsense", "ssh-ed25519-cert-v01@openssh.com AAAA x\n"] {
            try scratch.write(Array(text.utf8), to: "ssh/pair/work-cert.pub")
            #expect(try store.certificate(of: old.state()) == nil)
        }
        try scratch.run("rm", "ssh/pair/work-cert.pub")
        #expect(try store.certificate(of: old.state()) == nil)
        try scratch.run("mkdir", "ssh/pair/work-cert.pub")
        #expect(try store.certificate(of: old.state()) == nil)
    }

    @Test("a private key that is missing, spoilt, not ours or in an agent is not used")
    func refusesPrivateKey() throws {
        let (ours, other) = (try Sample(), try Sample())
        try store.save(ours)
        let path = store.path(of: .privateKey, "work")
        try scratch.write(other.privateKeyFile, to: "ssh/pair/work")
        #expect(throws: KeyStoreError.foreign(path, .otherKey(other.fingerprint))) {
            _ = try store.privateKey(of: ours.state())
        }
        try scratch.write([], to: "ssh/pair/work")
        #expect(throws: KeyStoreError.privateKey(path, .armour(.firstLine))) {
            _ = try store.privateKey(of: ours.state())
        }
        try scratch.run("rm", "ssh/pair/work")
        #expect(throws: KeyStoreError.noPrivateKey(path)) { _ = try store.privateKey(of: ours.state()) }
        var state = ours.state()
        state.isInAgent = true
        #expect(throws: KeyStoreError.inAgent("work")) { _ = try store.privateKey(of: state) }
    }
}
