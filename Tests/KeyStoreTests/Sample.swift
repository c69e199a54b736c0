import Encodings
import Foundation
import HostFiles
import KeyStore
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

/// One key with all that is saved of it.
struct Sample: Sendable {
    let publicKey: PublicKey
    let fingerprint: Fingerprint
    let privateKeyFile: [UInt8]
    let publicKeyLine: [UInt8]
    let certificate: [UInt8]
    var certificateLine: [UInt8]

    init(_ kind: SigningKey.Kind = .ed25519) throws {
        try self.init(PrivateKey(generating: kind))
    }

    init(_ key: borrowing PrivateKey, serial: UInt64 = 0) throws {
        publicKey = key.publicKey
        fingerprint = try key.publicKey.fingerprint()
        privateKeyFile = try key.file(comment: "alice@example.com")
        publicKeyLine = Array("\(key.publicKey.authorizedKeysText) alice@example.com\n".utf8)
        certificate = try key.certificate(
            CertificateContents(
                nonce: Array(0..<32), key: key.publicKey, serial: serial, kind: .user, keyID: Array("alice".utf8),
                principals: [Array("opkssh-wildcard".utf8)], validAfter: 0, validBefore: .max, criticalOptions: [],
                extensions: [CertificateOption(flag: "permit-pty")], signatureKey: key.publicKey))
        let type = key.publicKey.algorithm.certificateName
        certificateLine = Array("\(type) \(Base64.standard.encode(certificate)) alice@example.com\n".utf8)
    }

    /// The same key with a newer certificate.
    func renewed() throws -> Sample { try Sample(PrivateKey(file: privateKeyFile), serial: 1) }

    func state(_ name: String = "work", _ expires: Int64 = 2000) -> StoredState {
        StoredState(
            name: name, provider: StoredProvider(name: "google", issuer: "https://op.example", clientID: "pair"),
            keys: [fingerprint], isInAgent: false, refreshToken: "secret", subject: "1", email: "alice@example.com",
            issued: UnixTime(seconds: 1000), expires: UnixTime(seconds: expires))
    }

    /// What goes into one of the files that hold a key.
    func bytes(of file: KeyFile) -> [UInt8] {
        switch file {
        case .privateKey: privateKeyFile
        case .publicKey: publicKeyLine
        case .certificate: certificateLine
        case .state, .lock: []
        }
    }
}

extension KeyFile {
    /// Those that hold a key, in the order in which they are written.
    static let ofKey = [KeyFile.privateKey, .publicKey, .certificate]
}

extension KeyStore {
    /// The folder of a test's own.
    init(_ scratch: Scratch) { self.init(folder: scratch.path("ssh/pair")) }

    /// The lock, where nobody else has it.
    func lock(_ name: String) throws -> NameLock {
        // A child that another test starts just now has each lock too, until it becomes another program.
        try lock(name, waitingFor: .seconds(20))
    }

    /// Saves all of `sample` under a lock of its own.
    func save(_ sample: Sample, _ state: StoredState? = nil) throws {
        let state = state ?? sample.state()
        let lock = try lock(state.name)
        try save(
            state, privateKeyFile: sample.privateKeyFile, publicKeyLine: sample.publicKeyLine,
            certificateLine: sample.certificateLine, under: lock)
    }

    /// Saves a new certificate for the key that is there.
    func renew(_ sample: Sample, _ state: StoredState? = nil) throws {
        let state = state ?? sample.state()
        let lock = try lock(state.name)
        try save(
            state, privateKeyFile: nil, publicKeyLine: sample.publicKeyLine, certificateLine: sample.certificateLine,
            under: lock)
    }

    @discardableResult
    func remove(_ name: String) throws -> Removal { try remove(under: lock(name)) }

    /// What is in a file, `nil` where there is none.
    func bytes(of file: KeyFile, _ name: String = "work") -> [UInt8]? {
        FileManager.default.contents(atPath: path(of: file, name)).map { Array($0) }
    }

    /// The permission bits of a file.
    func mode(of file: KeyFile, _ name: String = "work") throws -> Int? {
        try permissions(path(of: file, name))
    }

    /// Whether all three files are those of `sample`.
    func holds(_ sample: Sample, _ name: String = "work") -> Bool {
        KeyFile.ofKey.allSatisfy { bytes(of: $0, name) == sample.bytes(of: $0) }
    }

    /// All names in the folder, sorted.
    var files: [String] { get throws { try folderNames(folder) } }
}

func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
}

func setPermissions(_ path: String, _ mode: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}
