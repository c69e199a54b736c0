internal import Encodings
internal import HostFiles
internal import SSHKeys
internal import Signatures

/// Held while the Keys of one name are made, renewed or removed, so that two runs at once come out whole.
public struct NameLock: ~Copyable {
    /// Whose files may be changed.
    public let name: String

    /// What is done under the lock is done in the folder that it is in.
    let file: FileLock
}

extension KeyStore {
    /// Takes the lock for the Keys called `name`; makes the folder, for the person alone, where there is none.
    /// - Parameters:
    ///   - name: As `isName` wants it.
    ///   - wait: How long to wait for another pair that has it.
    /// - Returns: The lock, given back when it goes out of scope.
    /// - Throws: `.name`, `.locked`, `.file`, `.foreign` where something stands in the place of the lock's file.
    public func lock(_ name: String, waitingFor wait: Duration) throws(KeyStoreError) -> NameLock {
        guard KeyStore.isName(name) else { throw .name(name) }
        try filing { () throws(FileFault) in try makeFolder(folder, mode: 0o700) }
        guard let opened = try opened() else { throw .file(.missing(folder)) }
        do throws(LockFault) {
            let file = try FileLock(KeyFile.lock.name(of: name), in: opened, waitingFor: wait)
            return NameLock(name: name, file: file)
        } catch {
            switch error {
            case .held(let path): throw .locked(path)
            case .file(.notRegular(let path, let kind)): throw .foreign(path, .kind(kind))
            case .file(let fault): throw .file(fault)
            }
        }
    }

    /// Puts Keys into their files, so that a run which is stopped on the way leaves files that are still ours.
    ///
    /// The state comes first, with the fingerprints of the old key and the new and as expired; then private key, public key
    /// and certificate; then the state as it is to be.
    /// - Parameters:
    ///   - state: Of the Keys that `lock` is for, the new key's fingerprint first in it. Those of earlier keys are added.
    ///   - privateKeyFile: What goes into the private key's file; `nil` where the one that is there stays, or, with
    ///     `state.isInAgent`, none is to be there.
    ///   - publicKeyLine: With its LF.
    ///   - certificateLine: With its LF.
    ///   - lock: Taken before what is saved was loaded.
    /// - Throws: `.foreign` where something stands in the way, or what is given is not of the new key; `.noPrivateKey`
    ///   where the one that should stay is not there, or not of the new key; `.state`, `.file`, `.libcrypto`.
    ///   After `.file` what is there is ours, old or new, and the next `save` can replace it.
    public func save(
        _ state: StoredState, privateKeyFile: [UInt8]?, publicKeyLine: [UInt8], certificateLine: [UInt8],
        under lock: borrowing NameLock
    ) throws(KeyStoreError) {
        checkPairing(state, lock)
        let name = lock.name
        let previous = try lock.file.folder.state(of: name)
        let present = try lock.file.folder.ownKeys(of: name, recordedIn: previous)
        try checkOwn(privateKeyFile, in: .privateKey, state)
        try checkOwn(publicKeyLine, in: .publicKey, state)
        try checkOwn(certificateLine, in: .certificate, state)
        if !state.isInAgent, privateKeyFile == nil, present[.privateKey] != state.keys.first {
            throw .noPrivateKey(path(of: .privateKey, name))
        }

        var whole = state
        whole.keys = KeyStore.kept(state.keys, present: KeyFile.ofKey.compactMap { present[$0] }, previous?.keys ?? [])
        try removeLeftovers(under: lock)
        if !KeyStore.covers(previous, whole, present) {
            var begun = whole
            begun.expires = begun.issued
            try write(begun.file, to: .state, under: lock)
        }
        try putPrivateKey(privateKeyFile, state, under: lock)
        try write(publicKeyLine, to: .publicKey, under: lock)
        try write(certificateLine, to: .certificate, under: lock)
        try write(whole.file, to: .state, under: lock)
    }

    /// Replaces the state alone, as when a refresh token has been replaced by another.
    /// - Parameters:
    ///   - state: As `load` gave it, changed in what is not about the keys.
    ///   - lock: Taken before it was loaded.
    /// - Throws: `.file`, and `.state` or `.foreign` where what stands there is no state of ours.
    public func saveState(_ state: StoredState, under lock: borrowing NameLock) throws(KeyStoreError) {
        checkPairing(state, lock)
        _ = try lock.file.folder.state(of: lock.name)
        try write(state.file, to: .state, under: lock)
    }

    /// What `remove` did.
    public struct Removal: Equatable, Sendable {
        /// The paths of the files that are gone.
        public let removed: [String]
        /// Why others were left: each `.foreign`.
        public let left: [KeyStoreError]
    }

    /// Removes the files of Keys: those that are ours, the private key's first, and the state last.
    /// - Parameter lock: Of these Keys; given back, and its file removed too.
    /// - Returns: What was removed, and what was left since it is not ours.
    /// - Throws: `.unknown` where there is no state, `.state`, `.file`, `.libcrypto`.
    public func remove(under lock: consuming NameLock) throws(KeyStoreError) -> Removal {
        let name = lock.name
        let state = try lock.file.folder.state(of: name)
        guard let state else {
            // There were no Keys, and the lock's file came with the lock.
            try delete(lock)
            throw .unknown(name)
        }
        try removeLeftovers(under: lock)
        var removed: [String] = []
        var left: [KeyStoreError] = []
        for file in KeyFile.ofKey {
            do throws(KeyStoreError) {
                guard try lock.file.folder.ownKey(in: file, of: name, recordedIn: state) != nil else { continue }
                if try remove(file, under: lock) { removed.append(path(of: file, name)) }
            } catch {
                guard case .foreign = error else { throw error }
                left.append(error)
            }
        }
        if try remove(.state, under: lock) { removed.append(path(of: .state, name)) }
        try delete(lock)
        return Removal(removed: removed, left: left)
    }
}

// MARK: - Steps

extension KeyStore {
    /// How many fingerprints are kept: enough for what may be left in an agent.
    private static let keptKeys = 4

    /// A lock for other Keys protects nothing: whoever calls has both in hand, so that this is no matter of input.
    private func checkPairing(_ state: StoredState, _ lock: borrowing NameLock) {
        precondition(state.name == lock.name && !state.keys.isEmpty)
    }

    /// Checks that what is to be written holds the newest key, and so will be known as ours.
    private func checkOwn(_ bytes: [UInt8]?, in file: KeyFile, _ state: StoredState) throws(KeyStoreError) {
        guard let bytes else { return }
        let path = path(of: file, state.name)
        let fingerprint = try file.fingerprint(in: bytes, at: path)
        guard fingerprint == state.keys.first else { throw .foreign(path, .otherKey(fingerprint)) }
    }

    /// The new key's fingerprint, those of the keys in the files, and of earlier ones as many as there is room for.
    private static func kept(
        _ new: [Fingerprint], present: [Fingerprint], _ previous: [Fingerprint]
    ) -> [Fingerprint] {
        var kept: [Fingerprint] = []
        // At most three files: what is in them is always among the first four.
        for list in [Array(new.prefix(1)), present, new, previous] {
            for fingerprint in list where kept.count < keptKeys && !kept.contains(fingerprint) {
                kept.append(fingerprint)
            }
        }
        return kept
    }

    /// Whether the state on the disk is true of the files whichever of them have been replaced.
    private static func covers(
        _ previous: StoredState?, _ next: StoredState, _ present: [KeyFile: Fingerprint]
    ) -> Bool {
        guard let previous, previous.refreshToken == next.refreshToken, previous.expires <= next.expires else {
            return false
        }
        // A renewal: the key stays, and where the certificate is newer than the state says, nothing is lost.
        return present.count == KeyFile.ofKey.count && present.values.allSatisfy { $0 == next.keys.first }
    }

    private func putPrivateKey(
        _ bytes: [UInt8]?, _ state: StoredState, under lock: borrowing NameLock
    ) throws(KeyStoreError) {
        if let bytes {
            // Whoever hands one over has made it for the disk.
            precondition(!state.isInAgent)
            try write(bytes, to: .privateKey, under: lock)
        } else if state.isInAgent {
            try remove(.privateKey, under: lock)
        } else if var bytes = try lock.file.folder.contents(of: .privateKey, lock.name) {
            defer { wipe(&bytes) }
            // Written only where its mode is not ours any more: ssh would refuse it.
            try write(bytes, to: .privateKey, under: lock)
        }
    }

    /// Replaces a file, unless it is as it should be already.
    private func write(_ bytes: [UInt8], to file: KeyFile, under lock: borrowing NameLock) throws(KeyStoreError) {
        let name = file.name(of: lock.name)
        if lock.file.folder.mode(of: name) == file.mode,
            var found = try lock.file.folder.contents(of: file, lock.name)
        {
            defer { wipe(&found) }
            if found == bytes { return }
        }
        do throws(FileFault) {
            try lock.file.folder.replace(name, with: bytes, mode: file.mode)
        } catch .notRegular(let path, let kind) {
            throw .foreign(path, .kind(kind))
        } catch {
            throw .file(error)
        }
    }

    @discardableResult
    private func remove(_ file: KeyFile, under lock: borrowing NameLock) throws(KeyStoreError) -> Bool {
        do throws(FileFault) {
            return try lock.file.folder.remove(file.name(of: lock.name))
        } catch .notRegular(let path, let kind) {
            throw .foreign(path, .kind(kind))
        } catch {
            throw .file(error)
        }
    }

    private func delete(_ lock: consuming NameLock) throws(KeyStoreError) {
        do throws(FileFault) {
            try lock.file.delete()
        } catch {
            throw .file(error)
        }
    }

    /// Removes what a run that was killed has left half written; it may hold a private key.
    private func removeLeftovers(under lock: borrowing NameLock) throws(KeyStoreError) {
        let names = KeyFile.allCases.map { $0.name(of: lock.name) }
        do throws(FileFault) {
            try lock.file.folder.removeLeftovers(of: names)
        } catch {
            throw .file(error)
        }
    }
}
