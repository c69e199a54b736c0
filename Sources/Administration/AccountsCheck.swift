internal import Encodings
internal import Policy
internal import SSHKeys
internal import Signatures

extension HostCheck {
    /// Looks at `accounts`.
    public mutating func checkAccounts(_ bytes: [UInt8], path: String) {
        var accounts = Accounts(file: path)
        for (index, line) in lines(bytes, path).enumerated() {
            do throws(PolicyError) {
                try accounts.take(line.span, number: index + 1)
            } catch {
                add(error)
            }
        }
        keys = accounts.keys
        if !keys.isEmpty, configuration.services.isEmpty { add(.noService, path, nil) }
        for key in keys {
            if key.isAuthority {
                if key.services == nil { add(.authorityUncapped(account: key.account), path, key.line) }
                for service in key.services ?? [] where service != Service.admin && !has(service) {
                    add(.capUnknown(service), path, key.line)
                }
            } else {
                add(.keyReachesAll(account: key.account), path, key.line)
            }
            checkStrength(key, path)
        }
    }

    private func has(_ service: String) -> Bool { configuration.services.contains { $0.name == service } }

    private mutating func checkStrength(_ key: AccountKey, _ path: String) {
        if key.key.isROCA {
            add(.keyWeak("the ROCA flaw (CVE-2017-15361) lets its private half be computed"), path, key.line)
        }
        do throws(SignatureError) {
            _ = try key.key.verificationKey()
        } catch {
            add(.keyWeak("\(error)"), path, key.line)
            return
        }
        if let bits = key.key.rsaBits, bits < HostCheck.rsaBitsForLong { add(.rsaShort(bits: bits), path, key.line) }
    }

    /// As strong as AES-128, by NIST SP 800-57 Part 1, table 2.
    private static let rsaBitsForLong = 3072

    /// Looks at `revoked`, once `members` and `accounts` have been looked at.
    public mutating func checkRevoked(_ bytes: [UInt8], path: String, accountsPath: String) {
        var revocations = Revocations(under: configuration, file: path)
        let authorities = Set(keys.filter(\.isAuthority).compactMap { $0.fingerprint })
        var first: [Text: Int] = [:]
        for (index, line) in lines(bytes, path).enumerated() {
            do throws(PolicyError) {
                try revocations.take(line.span, number: index + 1)
            } catch {
                add(error)
                continue
            }
            // What it took is UTF-8; blanks in quotes keep two lines apart that might be one.
            let words = line.split { $0 == 0x20 || $0 == 0x09 }.map { Text(String(decoding: $0, as: UTF8.self)) }
            guard let kind = words.first, kind.utf8.first != UInt8(ascii: "#") else { continue }
            let isQuoted = line.contains(UInt8(ascii: "\""))
            let text = isQuoted ? String(decoding: line, as: UTF8.self) : words.map(\.string).joined(separator: " ")
            if let line = first[Text(text)] { add(.revokedBefore(line: line), path, index + 1) }
            first[Text(text)] = first[Text(text)] ?? index + 1
            guard words.count >= 3 else { continue }
            if kind == "cert", let authority = Fingerprint(words[1]), !authorities.contains(authority) {
                add(.authorityUnknown("\(authority)"), path, index + 1)
            } else if kind == "identity", case .email = IdentityPattern(words[2]), isGrantedWithoutEmail(at: words[1]) {
                add(.revokedEmailWantsClaim(provider: words[1]), path, index + 1)
            }
        }
        for key in keys {
            guard let fingerprint = key.fingerprint, let line = revocations.line(revokingKey: fingerprint) else {
                continue
            }
            add(.keyRevoked(by: line), accountsPath, key.line)
        }
    }

    private func isGrantedWithoutEmail(at provider: Text) -> Bool {
        !grantedBy(at: provider == "*" ? nil : provider).subtracting([.email]).isEmpty
    }
}
