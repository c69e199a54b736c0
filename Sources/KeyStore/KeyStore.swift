internal import Encodings
internal import HostFiles
public import SSHKeys
internal import Signatures

/// The folder in which a person's Keys are kept, each under a name: private key, public key, certificate and state.
///
/// Nothing is written over or removed that is not ours: a file is ours where there is a state for its name, and the file
/// holds a key whose fingerprint the state has. The folder may be a link, or be behind one; it and the one above it must
/// belong to the person or root, and not be writable by group or others.
public struct KeyStore: Sendable {
    /// The folder's path.
    public let folder: String

    /// The store in the folder at `folder`, which need not exist yet.
    public init(folder: String) {
        self.folder = folder
    }

    /// Where a person's Keys are: `$HOME/.ssh/pair`, `nil` without HOME.
    public static func folder(environment: [String: String]) -> String? {
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        return home + (home.utf8.last == UInt8(ascii: "/") ? "" : "/") + ".ssh/pair"
    }

    /// Whether files can be named after `text`, so that none of one name is taken for one of another.
    ///
    /// 1 to 64 ASCII letters, digits, `.`, `_` and `-`, a letter or digit first; not ending as our files' names do, nor
    /// `ssh_config`, which is another file of ours.
    public static func isName(_ text: String) -> Bool {
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
        }
        // Without regard to case, as some file systems are.
        let bytes = Array(text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
        guard let first = bytes.first, bytes.count <= 64, isLetterOrDigit(first) else { return false }
        guard bytes.allSatisfy({ isLetterOrDigit($0) || Array("._-".utf8).contains($0) }) else { return false }
        // What `pair ssh-config` writes.
        guard !bytes.elementsEqual("ssh_config".utf8) else { return false }
        // The public key of "x-cert" would be the certificate of "x".
        return ![".pub", "-cert", ".json", ".lock"].contains { bytes.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    /// The path of a file of the Keys called `name`.
    public func path(of file: KeyFile, _ name: String) -> String { "\(folder)/\(file.name(of: name))" }

    // MARK: - Reading

    /// The names of which there is a state, readable or not, sorted; none where there is no folder.
    /// - Throws: `.file`.
    public func names() throws(KeyStoreError) -> [String] {
        guard let folder = try opened() else { return [] }
        var names: [String] = []
        for file in try filing({ () throws(FileFault) in try folder.names() }) {
            guard file.utf8.suffix(5).elementsEqual(KeyFile.state.rawValue.utf8) else { continue }
            let name = String(file.dropLast(5))
            if KeyStore.isName(name), folder.kind(of: file) == .regular { names.append(name) }
        }
        return names
    }

    /// The state of the Keys called `name`, `nil` where there are none.
    ///
    /// Reads one small file, takes no lock and does no cryptography: this runs before every ssh.
    /// - Throws: `.name`, `.file`, `.state`.
    public func load(_ name: String) throws(KeyStoreError) -> StoredState? {
        guard KeyStore.isName(name) else { throw .name(name) }
        guard let folder = try opened() else { return nil }
        return try folder.state(of: name)
    }

    /// The certificate of Keys, as it is on the disk.
    /// - Parameter state: Of these Keys.
    /// - Returns: Of the newest key; `nil` where there is none, or none that can be read, or one of another key.
    /// - Throws: `.file`, `.libcrypto`.
    public func certificate(of state: StoredState) throws(KeyStoreError) -> Certificate? {
        guard let folder = try opened() else { return nil }
        do throws(KeyStoreError) {
            guard let bytes = try folder.contents(of: .certificate, state.name) else { return nil }
            let path = path(of: .certificate, state.name)
            let certificate = try KeyFile.certificate(in: bytes, at: path)
            let isOfNewest = try KeyStore.fingerprint(of: certificate.contents.key) == state.keys.first
            return isOfNewest ? certificate : nil
        } catch {
            if case .foreign = error { return nil }
            throw error
        }
    }

    /// The private key of Keys, from the disk.
    /// - Parameter state: Of these Keys.
    /// - Returns: One of the keys that the state has; after a run that was stopped it may be older than the newest.
    /// - Throws: `.inAgent`, `.noPrivateKey`, `.foreign` where it is not one of ours, `.privateKey`, `.file`.
    public func privateKey(of state: StoredState) throws(KeyStoreError) -> PrivateKey {
        guard !state.isInAgent else { throw .inAgent(state.name) }
        let path = path(of: .privateKey, state.name)
        guard let folder = try opened(), var bytes = try folder.contents(of: .privateKey, state.name) else {
            throw .noPrivateKey(path)
        }
        defer { wipe(&bytes) }
        let key: PrivateKey
        do throws(PrivateKeyError) {
            key = try PrivateKey(file: bytes)
        } catch {
            throw .privateKey(path, error)
        }
        let fingerprint = try KeyStore.fingerprint(of: key.publicKey)
        guard state.keys.contains(fingerprint) else { throw .foreign(path, .otherKey(fingerprint)) }
        return key
    }

    /// Checks that Keys called `name` can be written: that nothing which is not ours stands where their files go.
    ///
    /// For before a person signs in; `save` checks again.
    /// - Throws: `.name`, `.file`, `.state`, `.foreign`, `.libcrypto`.
    public func checkWritable(_ name: String) throws(KeyStoreError) {
        guard KeyStore.isName(name) else { throw .name(name) }
        guard let folder = try opened() else { return }
        _ = try folder.ownKeys(of: name, recordedIn: folder.state(of: name))
    }

    /// The folder, judged; `nil` where there is none.
    func opened() throws(KeyStoreError) -> OpenFolder? {
        do throws(FileFault) {
            // Whoever can write there can put another folder in its place.
            _ = try OpenFolder(parentFolder, ownedBy: .rootOrSelf)
            return try OpenFolder(folder, ownedBy: .rootOrSelf)
        } catch .missing {
            return nil
        } catch {
            throw .file(error)
        }
    }

    static func fingerprint(of key: PublicKey) throws(KeyStoreError) -> Fingerprint {
        do throws(LibcryptoError) {
            return try key.fingerprint()
        } catch {
            throw .libcrypto(error)
        }
    }

    private var parentFolder: String {
        guard let slash = folder.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == folder.startIndex ? "/" : String(folder[..<slash])
    }
}

extension OpenFolder {
    /// The state of the Keys called `name`, `nil` where there is none.
    func state(of name: String) throws(KeyStoreError) -> StoredState? {
        let file = KeyFile.state.name(of: name)
        let bytes: [UInt8]
        do throws(FileFault) {
            bytes = try read(file, limit: StoredState.maximumCount, ownedBy: .rootOrSelf)
        } catch {
            switch error {
            case .missing: return nil
            case .notRegular(let path, let kind): throw .foreign(path, .kind(kind))
            case .tooLarge(let path, let limit): throw .state(path, .tooLarge(limit: limit))
            case .notDirectory, .foreignOwner, .writableByOthers, .lineTooLong, .tornLine, .changed, .stopped,
                .shortWrite, .pathMalformed, .system:
                throw .file(error)
            }
        }
        do throws(StateDefect) {
            return try StoredState(file: bytes, name: name)
        } catch {
            throw .state(path(of: file), error)
        }
    }

    /// The fingerprint of the key in each file of the Keys called `name`, provided that all of them are ours.
    ///
    /// Where there is no state of these Keys, nothing is. A file that is not there has no fingerprint.
    /// - Throws: `.foreign`, `.file`, `.libcrypto`.
    func ownKeys(
        of name: String, recordedIn state: StoredState?
    ) throws(KeyStoreError) -> [KeyFile: Fingerprint] {
        var keys: [KeyFile: Fingerprint] = [:]
        for file in KeyFile.ofKey {
            keys[file] = try ownKey(in: file, of: name, recordedIn: state)
        }
        return keys
    }

    /// The fingerprint of the key in one of the files, `nil` where there is no such file.
    func ownKey(
        in file: KeyFile, of name: String, recordedIn state: StoredState?
    ) throws(KeyStoreError) -> Fingerprint? {
        guard var bytes = try contents(of: file, name) else { return nil }
        defer { wipe(&bytes) }
        let path = path(of: file.name(of: name))
        guard let state else { throw .foreign(path, .unrecorded) }
        let fingerprint = try file.fingerprint(in: bytes, at: path)
        guard state.keys.contains(fingerprint) else { throw .foreign(path, .otherKey(fingerprint)) }
        return fingerprint
    }
}

/// What `body` makes of files.
func filing<Value>(_ body: () throws(FileFault) -> Value) throws(KeyStoreError) -> Value {
    do throws(FileFault) {
        return try body()
    } catch {
        throw .file(error)
    }
}
