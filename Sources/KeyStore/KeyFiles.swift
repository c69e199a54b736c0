internal import HostFiles
internal import SSHKeys
internal import Signatures

/// The files of Keys: what each is called, and what it is to hold.
public enum KeyFile: String, CaseIterable, Sendable {
    /// OpenSSH's private key; mode 0600, absent where an agent has it.
    case privateKey = ""
    /// The public key's line; mode 0644.
    case publicKey = ".pub"
    /// The certificate's line; mode 0644. ssh looks for it under this name by itself.
    case certificate = "-cert.pub"
    /// Our own record; mode 0600.
    case state = ".json"
    /// Empty; held by the pair that is at work on the Keys.
    case lock = ".lock"

    /// The file's name, of the Keys called `name`.
    public func name(of name: String) -> String { name + rawValue }

    /// Those that hold a key, in the order in which they are written.
    static let ofKey = [KeyFile.privateKey, .publicKey, .certificate]

    var mode: UInt32 {
        switch self {
        case .privateKey, .state, .lock: 0o600
        case .publicKey, .certificate: 0o644
        }
    }

    /// The longest that is read.
    var maximumCount: Int {
        switch self {
        case .privateKey: PrivateKey.maximumFileCount
        // A certificate's blob is at most 64 KiB, and a comment may follow.
        case .publicKey, .certificate: 128 * 1024
        case .state: StoredState.maximumCount
        case .lock: 0
        }
    }

    /// The fingerprint of the key that `bytes` hold, as this file is to hold one.
    ///
    /// - Throws: Why they hold none: `.foreign` with `.privateKey`, `.line` or `.key`; or `.libcrypto`.
    func fingerprint(in bytes: [UInt8], at path: String) throws(KeyStoreError) -> Fingerprint {
        switch self {
        case .privateKey:
            let key: PublicKey
            do throws(PrivateKeyError) {
                key = try PrivateKey(file: bytes).publicKey
            } catch {
                throw .foreign(path, .privateKey(error))
            }
            return try KeyStore.fingerprint(of: key)
        case .certificate:
            return try KeyStore.fingerprint(of: KeyFile.certificate(in: bytes, at: path).contents.key)
        case .publicKey, .state, .lock:
            let line = try KeyFile.line(in: bytes, at: path)
            let key: PublicKey
            do throws(KeyError) {
                key = try PublicKey(blob: line.blob[...])
            } catch {
                throw .foreign(path, .key(error))
            }
            return try KeyStore.fingerprint(of: key)
        }
    }

    /// The certificate whose line `bytes` are.
    /// - Throws: `.foreign` with `.line` or `.key`.
    static func certificate(in bytes: [UInt8], at path: String) throws(KeyStoreError) -> Certificate {
        let line = try line(in: bytes, at: path)
        do throws(KeyError) {
            return try Certificate(blob: line.blob[...])
        } catch {
            throw .foreign(path, .key(error))
        }
    }

    private static func line(in bytes: [UInt8], at path: String) throws(KeyStoreError) -> AuthorizedKey {
        let text = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        // One line, and a key type first: we write no options.
        guard !text.contains(UInt8(ascii: "\n")), AuthorizedKey.startsWithType(text) else {
            throw .foreign(path, .line(.noKeyType))
        }
        do throws(AuthorizedKeyError) {
            return try AuthorizedKey(line: text)
        } catch {
            throw .foreign(path, .line(error))
        }
    }
}

extension OpenFolder {
    /// The bytes of a file of Keys, `nil` where there is none.
    ///
    /// Whoever may write to it: the folder is the person's own, and what counts is which key it holds.
    /// - Throws: `.foreign` with `.kind` or `.tooLarge`, `.file`.
    func contents(of file: KeyFile, _ name: String) throws(KeyStoreError) -> [UInt8]? {
        let name = file.name(of: name)
        do throws(FileFault) {
            return try read(name, limit: file.maximumCount, ownedBy: .any)
        } catch {
            switch error {
            case .missing: return nil
            case .notRegular(let path, let kind): throw .foreign(path, .kind(kind))
            case .tooLarge(let path, let limit): throw .foreign(path, .tooLarge(limit: limit))
            case .notDirectory, .foreignOwner, .writableByOthers, .lineTooLong, .tornLine, .changed, .stopped,
                .shortWrite, .pathMalformed, .system:
                throw .file(error)
            }
        }
    }
}
