// Certificates of any content, signed by a CA that this file makes up: what no honest CA writes.

import Decision
import Encodings
import SSHKeys

@testable import TestSupport

/// A certificate that an account's CA signed, and the host's files beside it; good for the login `pgs` as it is.
struct AuthorityCertificate: Sendable {
    static let authority = KeyPair(seed: 3)
    static let user = KeyPair(seed: 4)

    var principals: [Text] = ["pgs"]
    var keyID: [UInt8] = Array("alice@2026-11-22".utf8)
    var serial: UInt64 = 42
    var end = UInt64(Keys.now.seconds + 300)
    var criticalOptions: [CertificateOption] = []
    var extensions: [CertificateOption] = []

    /// What `accounts` says of the CA in front of its key.
    var account = "acme cert-authority"
    /// pair.toml behind the Space's name.
    var services = AuthorityCertificate.defaultServices

    static let defaultServices = """
        [[service]]
        name = "admin"
        logins = ["root", "both"]
        [[service]]
        name = "pgs"
        logins = ["pgs", "both"]
        command = "/usr/bin/pgs --account {account}"
        [[service]]
        name = "tuns"
        logins = ["tuns"]
        """

    var blob: [UInt8] {
        let contents = CertificateContents(
            nonce: [UInt8](repeating: 7, count: 32), key: Self.user.sshKey, serial: serial, kind: .user, keyID: keyID,
            principals: principals.map { Array($0.utf8) }, validAfter: 0, validBefore: end,
            criticalOptions: criticalOptions, extensions: extensions, signatureKey: Self.authority.sshKey)
        return contents.blob(signedBy: Self.authority.sshSignature(over: contents.encoded))
    }

    /// The certificate as somebody offers it for `login`.
    func offered(for login: Text = "pgs", blob: [UInt8]? = nil, localTime: LocalTime = Zone.utc.localTime) -> Case {
        Case(
            toml: Array("space = \"build-box\"\n\(services)\n".utf8),
            accounts: Array("\(account) \(Self.authority.sshKey.authorizedKeysText)\n".utf8), login: login,
            key: Array(Base64.standard.encode(blob ?? self.blob).utf8), now: Keys.now, localTime: localTime)
    }
}
