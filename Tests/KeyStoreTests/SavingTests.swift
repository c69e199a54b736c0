import Encodings
import Foundation
import HostFiles
import KeyStore
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

@Suite("Keys written, replaced and removed")
struct SavingTests {
    let scratch: Scratch
    let store: KeyStore

    init() throws {
        scratch = try Scratch()
        store = KeyStore(scratch)
    }

    @Test("new Keys replace older ones, whose fingerprints are kept")
    func replaces() throws {
        let (old, new) = (try Sample(), try Sample(.p256))
        try store.save(old)
        try store.save(new)
        #expect(store.holds(new))
        #expect(try store.load("work")?.keys == [new.fingerprint, old.fingerprint])
        #expect(try store.load("work")?.isWhole == true)
    }

    @Test("four fingerprints are kept, with those of the keys in the files always among them")
    func keepsFingerprints() throws {
        let samples = try (0..<6).map { _ in try Sample() }
        try store.save(samples[0])
        // As four runs leave it that died before they wrote a key.
        var state = samples[0].state()
        state.keys = [4, 3, 2, 1, 0].map { samples[$0].fingerprint }
        try store.saveState(state, under: store.lock("work"))
        try store.save(samples[5])
        #expect(try store.load("work")?.keys == [5, 0, 4, 3].map { samples[$0].fingerprint })
    }

    @Test("a renewal leaves the private key as it is, but for a mode that ssh would refuse")
    func renews() throws {
        let sample = try Sample()
        let renewed = try sample.renewed()
        try store.save(sample)
        let path = store.path(of: .privateKey, "work")
        let inode = try inode(path)
        try store.renew(renewed, renewed.state("work", 3000))
        #expect(try self.inode(path) == inode)
        #expect(store.bytes(of: .certificate) == renewed.certificateLine)
        #expect(try store.load("work") == renewed.state("work", 3000))

        for mode in [0o640, 0o666, 0o400] {
            try setPermissions(path, mode)
            try store.renew(sample)
            #expect(try store.mode(of: .privateKey) == 0o600)
            #expect(store.holds(sample))
        }
        try setPermissions(store.path(of: .publicKey, "work"), 0o600)
        try store.renew(sample)
        #expect(try store.mode(of: .publicKey) == 0o644)
    }

    private func inode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    }

    @Test("a renewal without its private key is refused, and changes nothing")
    func refusesRenewal() throws {
        let (sample, other) = (try Sample(), try Sample())
        let missing = KeyStoreError.noPrivateKey(store.path(of: .privateKey, "work"))
        #expect(throws: missing) { try store.renew(sample) }
        #expect(try store.files == ["work.lock"])
        try store.save(sample)
        #expect(throws: missing) { try store.renew(other) }
        #expect(try store.load("work") == sample.state())
        #expect(store.holds(sample))
    }

    @Test("what is given for one file is of the new key, or nothing is written", arguments: KeyFile.ofKey)
    func refusesMixture(file: KeyFile) throws {
        let (sample, other) = (try Sample(), try Sample())
        let lock = try store.lock("work")
        let given = KeyFile.ofKey.map { $0 == file ? other.bytes(of: $0) : sample.bytes(of: $0) }
        #expect(throws: KeyStoreError.foreign(store.path(of: file, "work"), .otherKey(other.fingerprint))) {
            try store.save(
                sample.state(), privateKeyFile: given[0], publicKeyLine: given[1], certificateLine: given[2],
                under: lock)
        }
        #expect(try store.files == ["work.lock"])
    }

    @Test("with an agent the private key is on no disk, not even an earlier one")
    func keepsNoPrivateKey() throws {
        let (old, new) = (try Sample(), try Sample())
        try store.save(old)
        var state = new.state()
        state.isInAgent = true
        try store.renew(new, state)
        #expect(try store.files == ["work-cert.pub", "work.json", "work.lock", "work.pub"])
        state.keys = [new.fingerprint, old.fingerprint]
        #expect(try store.load("work") == state)
        try store.save(old)
        #expect(store.holds(old))
    }

    @Test("the state can be replaced alone")
    func savesState() throws {
        let sample = try Sample()
        try store.save(sample)
        var state = sample.state()
        state.refreshToken = "next"
        try store.saveState(state, under: store.lock("work"))
        #expect(try store.load("work") == state)
        #expect(store.holds(sample))
        #expect(try store.mode(of: .state) == 0o600)
    }

    @Test("where a run was stopped, the files are ours still, count as expired, and are replaced", arguments: 0...3)
    func recovers(written: Int) throws {
        let (old, new, next) = (try Sample(), try Sample(), try Sample())
        try store.save(old)
        var state = new.state()
        state.keys.append(old.fingerprint)
        state.expires = state.issued
        try store.saveState(state, under: store.lock("work"))
        for file in KeyFile.ofKey.prefix(written) {
            try scratch.write(new.bytes(of: file), to: "ssh/pair/work\(file.rawValue)")
        }
        try scratch.write(next.privateKeyFile, to: "ssh/pair/.work.0123456789abcdef.new")

        try store.checkWritable("work")
        let loaded = try #require(try store.load("work"))
        #expect(!loaded.isWhole)
        let key = try store.privateKey(of: loaded)
        #expect(key.publicKey == (written == 0 ? old : new).publicKey)
        #expect(try (store.certificate(of: loaded) == nil) == (written < 3))

        try store.save(next)
        #expect(store.holds(next))
        #expect(try store.load("work")?.isWhole == true)
        #expect(try store.files == ["work", "work-cert.pub", "work.json", "work.lock", "work.pub"])
    }

    @Test("a name that another pair is at work on is locked, and no other")
    func locks() throws {
        let lock = try store.lock("work")
        let error = KeyStoreError.locked(store.path(of: .lock, "work"))
        #expect(throws: error) { _ = try store.lock("work", waitingFor: .milliseconds(5)) }
        let other = try Sample()
        try store.save(other, other.state("home"))
        #expect(lock.name == "work")
    }

    @Test("of many that save at once, one comes last, and is whole")
    func savesAtOnce() async throws {
        let store = store
        let samples = try (0..<6).map { _ in try Sample() }
        await withThrowingTaskGroup(of: Void.self) { group in
            for sample in samples {
                group.addTask {
                    for _ in 0..<3 {
                        let lock = try store.lock("work", waitingFor: .seconds(60))
                        try store.save(
                            sample.state(), privateKeyFile: sample.privateKeyFile, publicKeyLine: sample.publicKeyLine,
                            certificateLine: sample.certificateLine, under: lock)
                    }
                }
            }
            await #expect(throws: Never.self) { try await group.waitForAll() }
        }
        let state = try #require(try store.load("work"))
        let last = try #require(samples.first { $0.fingerprint == state.keys.first })
        #expect(store.holds(last))
        #expect(state.keys.count == 4 && state.isWhole)
        #expect(try store.files == ["work", "work-cert.pub", "work.json", "work.lock", "work.pub"])
    }

    @Test("in a folder that cannot be written nothing changes", .enabled(if: NSUserName() != "root"))
    func refusesReadOnly() throws {
        let old = try Sample()
        try store.save(old)
        try setPermissions(store.folder, 0o500)
        // EACCES
        let error = KeyStoreError.file(.system(store.path(of: .state, "work"), call: "open", errno: 13))
        #expect(throws: error) { try store.save(Sample()) }
        #expect(store.holds(old))
        #expect(try store.load("work") == old.state())
        try setPermissions(store.folder, 0o700)
    }

    @Test("what is removed is ours, and nothing of it stays")
    func removes() throws {
        let sample = try Sample()
        try store.save(sample)
        try store.save(sample, sample.state("home"))
        try scratch.write(sample.privateKeyFile, to: "ssh/pair/.work.0123456789abcdef.new")
        let removed = [KeyFile.privateKey, .publicKey, .certificate, .state].map { store.path(of: $0, "work") }
        let removal = try store.remove("work")
        #expect(removal.removed == removed)
        #expect(removal.left == [])
        #expect(try store.files == ["home", "home-cert.pub", "home.json", "home.lock", "home.pub"])
        #expect(throws: KeyStoreError.unknown("work")) { try store.remove("work") }
        #expect(try store.files == ["home", "home-cert.pub", "home.json", "home.lock", "home.pub"])
    }

    @Test("Keys of which a part has gone are removed all the same", arguments: KeyFile.ofKey)
    func removesRest(missing: KeyFile) throws {
        try store.save(Sample())
        try FileManager.default.removeItem(atPath: store.path(of: missing, "work"))
        #expect(try store.remove("work").removed.count == 3)
        #expect(try store.files == [])
    }
}

/// Whether we may mount, which takes root, and not in every container.
private let canMount: Bool = {
    guard let scratch = try? Scratch() else { return false }
    let script = "mkdir d && mount -t tmpfs none d && umount d"
    return (try? scratch.run("sh", "-c", script)) != nil
}()

@Suite("Keys on a disk that fails", .enabled(if: canMount))
struct FailingDiskTests {
    let scratch: Scratch
    let store: KeyStore

    init() throws {
        scratch = try Scratch()
        store = KeyStore(scratch)
    }

    /// For as long as it lives, a file cannot be replaced: something is mounted on it.
    private struct Block: ~Copyable {
        let scratch: Scratch
        let path: String

        init(_ file: KeyFile, of store: KeyStore, in scratch: Scratch) throws {
            path = store.path(of: file, "work")
            self.scratch = scratch
            try scratch.run("mount", "--bind", path, path)
        }

        consuming func end() {}

        deinit { _ = try? scratch.run("umount", "--lazy", path) }
    }

    @Test("where one file cannot be replaced, all are ours still, and the next run replaces them", arguments: 0...3)
    func survives(step: Int) throws {
        let (old, new) = (try Sample(), try Sample())
        try store.save(old)
        let order = [KeyFile.state] + KeyFile.ofKey
        let block = try Block(order[step], of: store, in: scratch)
        // EBUSY
        #expect(throws: KeyStoreError.file(.system(block.path, call: "rename", errno: 16))) { try store.save(new) }
        for (index, file) in KeyFile.ofKey.enumerated() {
            #expect(store.bytes(of: file) == (index + 1 < step ? new : old).bytes(of: file))
        }
        let loaded = try #require(try store.load("work"))
        #expect(loaded.keys == (step == 0 ? [] : [new.fingerprint]) + [old.fingerprint])
        #expect(loaded.isWhole == (step == 0))
        try store.checkWritable("work")
        block.end()

        try store.save(new)
        #expect(store.holds(new))
        #expect(try store.load("work")?.keys == [new.fingerprint, old.fingerprint])
        #expect(try store.load("work")?.isWhole == true)
    }

    @Test("a renewal that cannot write the state has not made the Keys worse")
    func survivesRenewal() throws {
        let sample = try Sample()
        let renewed = try sample.renewed()
        try store.save(sample)
        let block = try Block(.state, of: store, in: scratch)
        #expect(throws: KeyStoreError.file(.system(block.path, call: "rename", errno: 16))) {
            try store.renew(renewed, renewed.state("work", 3000))
        }
        #expect(try store.load("work") == sample.state())
        #expect(try store.certificate(of: sample.state())?.contents.serial == 1)
    }

    @Test("on a full disk nothing is lost")
    func survivesFullDisk() throws {
        try scratch.run("mkdir", "-m", "700", "-p", "ssh/pair")
        try scratch.run("mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", "ssh/pair")
        defer { _ = try? scratch.run("umount", "--lazy", "ssh/pair") }
        let (old, new) = (try Sample(), try Sample())
        try store.save(old)
        var large = new
        large.certificateLine = Array(new.certificateLine.dropLast()) + Array(repeating: 0x78, count: 90_000)
        // ENOSPC
        #expect(throws: KeyStoreError.file(.system(store.path(of: .certificate, "work"), call: "write", errno: 28))) {
            try store.save(large)
        }
        #expect(store.bytes(of: .certificate) == old.certificateLine)
        #expect(try store.files == ["work", "work-cert.pub", "work.json", "work.lock", "work.pub"])
        try store.save(old)
        #expect(store.holds(old))
    }
}
