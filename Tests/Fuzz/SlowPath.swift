import Encodings
import Foundation
import Policy

@testable import TestSupport

/// Whether somebody may enter, found out a second time: every check in a row, all of it read anew, nothing kept from
/// Decision or from what it imports but pair.toml's values and the signature primitives.
///
/// Where Decision prints a line, this must come to the same one.
struct SlowPath {
    private let login: Case
    private let host: Configuration

    private var now: Int64 { login.now.seconds }

    /// The options and the key of the line.
    struct Line: Equatable {
        var options: [Option] = []
        var key: [UInt8]

        struct Option: Equatable {
            let name: String
            let value: [UInt8]?
        }
    }

    /// - Parameters:
    ///   - login: Who wants in, and the host's files.
    ///   - host: pair.toml, parsed.
    init(_ login: Case, host: Configuration) {
        self.login = login
        self.host = host
    }

    /// Throws a reason where nobody may enter.
    func line() throws -> Line {
        // Far from the ends, so that nothing below overflows.
        try require(abs(now) < 1 << 40, "no such time")
        let name = Array(login.login.utf8)
        try require(SlowPath.isLogin(name), "no login")
        guard let blob = slowBase64(login.key), blob.count <= 64 << 10 else { throw Doubt("no base64") }
        var bytes = SlowBytes(blob)
        let type = try bytes.name()
        try require(login.keyType == nil || Array((login.keyType ?? "").utf8) == Array(type.utf8), "another --type")
        let revocations = try SlowRevocations(login.revoked)
        guard type.hasSuffix("-cert-v01@openssh.com") else { return try plainKey(blob, name, revocations) }
        let certificate = try SlowCertificate(blob)
        try certificate.check(now: now, skew: host.clockSkew.count)
        try revocations.check(certificate)
        try revocations.check(key: certificate.certified)
        try revocations.check(key: certificate.signer)
        return certificate.certified == certificate.signer
            ? try keys(certificate, name, revocations) : try signedByAuthority(certificate, name)
    }

    private static func isLogin(_ name: [UInt8]) -> Bool {
        let text = String(decoding: name, as: UTF8.self)
        return name.count <= 32 && isPrincipal(name) && !text.contains("..")
    }

    private func plainKey(_ blob: [UInt8], _ login: [UInt8], _ revocations: SlowRevocations) throws -> Line {
        let key = try SlowKey(blob)
        try key.checkStrength()
        try revocations.check(key: key)
        guard let account = try SlowAccount(with: key, in: self.login.accounts), !account.isAuthority else {
            throw Doubt("no account's plain key")
        }
        let service = try service(of: login)
        var line = Line(key: blob)
        line.options = permits(but: []) + command(service, account, login)
        return line
    }

    private func signedByAuthority(_ certificate: SlowCertificate, _ login: [UInt8]) throws -> Line {
        guard let account = try SlowAccount(with: certificate.signer, in: self.login.accounts), account.isAuthority
        else { throw Doubt("no account's CA") }
        let service = try service(of: login)
        let ways = [service.name, "admin"].filter { name in
            certificate.principals.contains(Array(name.utf8)) && (account.services?.contains(name) ?? true)
        }
        guard let principal = ways.first else { throw Doubt("no principal for \(service.name)") }
        var line = Line(key: certificate.signer.blob())
        line.options = permits(but: []) + command(service, account, login)
        if certificate.validBefore <= 253_402_300_799 { line.options += expiry(Int64(certificate.validBefore)) }
        line.options += authority(Array(principal.utf8))
        return line
    }

    private func keys(
        _ certificate: SlowCertificate, _ login: [UInt8], _ revocations: SlowRevocations
    ) throws -> Line {
        let sentinel = Array("opkssh-wildcard".utf8)
        guard let principal = [sentinel, login].first(where: certificate.principals.contains) else {
            throw Doubt("neither sentinel nor login among the principals")
        }
        guard let option = certificate.extensions.first(where: { $0.name == "openpubkey-pkt" }) else {
            throw Doubt("no token")
        }
        var data = SlowBytes(option.data)
        let text = try data.string()
        try data.end()
        let token = try SlowToken(
            text, certified: certificate.certified, keySets: self.login.keySets, host: host, now: now)
        try revocations.check(token.claims, of: token.provider)
        let grant = try SlowGrant(
            for: token.claims, of: token.provider, login: login, uid: self.login.uid, in: self.login.members,
            host: host,
            now: now)
        var line = Line(key: certificate.signer.blob())
        line.options = permits(but: grant.withheld)
        if let command = grant.command { line.options.append(Line.Option(name: "command", value: command)) }
        if let from = grant.from { line.options.append(Line.Option(name: "from", value: from)) }
        let end = Int64(min(certificate.validBefore, UInt64(Int64.max)))
        line.options += expiry(min(end, token.end, grant.until ?? .max)) + authority(principal)
        return line
    }

    private func service(of login: [UInt8]) throws(Doubt) -> Service {
        let holders = host.services.filter { $0.logins.contains { Array($0.utf8) == login } }
        guard let service = holders.first(where: { $0.name != "admin" }) ?? holders.first else {
            throw Doubt("a login of no service")
        }
        return service
    }

    // MARK: - What stands on the line

    private func permits(but withheld: Set<String>) -> [Line.Option] {
        let words = ["pty", "port-forwarding", "agent-forwarding", "X11-forwarding", "user-rc"].filter { word in
            host.permits.contains { $0.rawValue == word } && !withheld.contains(word)
        }
        return (["restrict"] + words).map { Line.Option(name: $0, value: nil) }
    }

    private func command(_ service: Service, _ account: SlowAccount, _ login: [UInt8]) -> [Line.Option] {
        guard let command = service.command else { return [] }
        // Names have no brace, so that none is put in where another was. Bytes, for a `String` would not find `}` where an
        // accent stands on it.
        var words = Data(command.utf8)
        let values = ["account": Data(account.name.utf8), "service": Data(service.name.utf8), "login": Data(login)]
        for (name, value) in values {
            while let range = words.range(of: Data("{\(name)}".utf8)) { words.replaceSubrange(range, with: value) }
        }
        return [Line.Option(name: "command", value: Array(words))]
    }

    private func expiry(_ end: Int64) -> [Line.Option] {
        guard host.expiryTime != .omitted else { return [] }
        let date = Date(timeIntervalSince1970: TimeInterval(min(end, 253_402_300_799)))
        let digits = date.ISO8601Format().filter { $0.isNumber }
        let zone = host.expiryTime == .utc ? "Z" : ""
        return [Line.Option(name: "expiry-time", value: Array((digits + zone).utf8))]
    }

    private func authority(_ principal: [UInt8]) -> [Line.Option] {
        [Line.Option(name: "cert-authority", value: nil), Line.Option(name: "principals", value: principal)]
    }
}
