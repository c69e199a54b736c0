import Encodings
import Foundation
import Policy

// The admin's files read a second time, line by line, by docs/configuration.md alone.

/// The words of a line, which blanks separate outside quotes; quotes are kept.
func slowWords(_ line: [UInt8], at separators: String = " \t") -> [[UInt8]] {
    var words: [[UInt8]] = [[]]
    var isQuoted = false
    var isEscaped = false
    for byte in line {
        if !isQuoted, separators.utf8.contains(byte) {
            words.append([])
            continue
        }
        if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
        isEscaped = isQuoted && byte == UInt8(ascii: "\\") && !isEscaped
        words[words.count - 1].append(byte)
    }
    return words.filter { !$0.isEmpty }
}

func slowUnquoted(_ word: [UInt8]) -> [UInt8] {
    guard word.first == UInt8(ascii: "\"") else { return word }
    var result: [UInt8] = []
    var isEscaped = false
    for byte in word.dropFirst().dropLast() {
        if byte == UInt8(ascii: "\\"), !isEscaped {
            isEscaped = true
        } else {
            result.append(byte)
            isEscaped = false
        }
    }
    return result
}

/// Lines of words, but for comments and blank ones.
func slowLines(_ file: [UInt8]?) throws(Doubt) -> [[[UInt8]]] {
    try require((file ?? []).last ?? 0x0A == 0x0A, "a torn file")
    return (file ?? []).split(separator: 0x0A).map { slowWords(Array($0)) }
        .filter { !$0.isEmpty && $0[0][0] != UInt8(ascii: "#") }
}

/// `name[=value]` after `name[=value]`.
func slowOptions(_ word: [UInt8]) -> [(name: String, value: [UInt8]?)] {
    slowWords(word, at: ",").map { option in
        let name = String(decoding: option.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
        let value = option.dropFirst(name.utf8.count + 1)
        return (name, name.utf8.count == option.count ? nil : slowUnquoted(Array(value)))
    }
}

func slowLowercased(_ text: [UInt8]) -> [UInt8] { text.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 } }

/// What stands on the two sides of an address's last `@`.
func slowSides(_ address: [UInt8]?) -> (local: [UInt8], domain: [UInt8])? {
    guard let address = address.map(slowLowercased), let at = address.lastIndex(of: UInt8(ascii: "@")) else {
        return nil
    }
    let (local, domain) = (Array(address[..<at]), Array(address[(at + 1)...]))
    return local.isEmpty || domain.isEmpty ? nil : (local, domain)
}

private func behind(_ prefix: String, _ text: [UInt8]) -> [UInt8]? {
    text.starts(with: prefix.utf8) ? Array(text.dropFirst(prefix.utf8.count)) : nil
}

// MARK: - accounts

struct SlowAccount: Equatable {
    let name: String
    let isAuthority: Bool
    let services: [String]?

    /// The account that has the key, in the whole file.
    init?(with key: SlowKey, in file: [UInt8]?) throws {
        var found: [SlowAccount] = []
        for words in try slowLines(file) {
            let types = ["ssh-", "ecdsa-", "sk-"].contains { words.count > 1 && words[1].starts(with: $0.utf8) }
            let index = types ? 1 : 2
            try require(words.count > index + 1, "a short line in accounts")
            guard let blob = slowBase64(words[index + 1]), try SlowKey(blob) == key else { continue }
            found.append(SlowAccount(name: words[0], options: types ? [] : slowOptions(words[1])))
        }
        try require(found.count < 2, "a key twice in accounts")
        guard let account = found.first else { return nil }
        self = account
    }

    private init(name: [UInt8], options: [(name: String, value: [UInt8]?)]) {
        self.name = String(decoding: name, as: UTF8.self)
        isAuthority = options.contains { $0.name == "cert-authority" }
        services = options.first { $0.name == "services" }?.value.map {
            String(decoding: $0, as: UTF8.self).split(separator: ",").map { String($0) }
        }
    }
}

// MARK: - revoked

struct SlowRevocations {
    private let lines: [[[UInt8]]]

    init(_ file: [UInt8]?) throws { lines = try slowLines(file) }

    func check(key: SlowKey) throws {
        let fingerprint = Array(try key.fingerprint().utf8)
        let isRevoked = lines.contains { $0[0] == Array("key".utf8) && slowUnquoted($0[1]) == fingerprint }
        try require(!isRevoked, "a revoked key")
    }

    func check(_ certificate: SlowCertificate) throws {
        let authority = Array(try certificate.signer.fingerprint().utf8)
        for line in lines where line[0] == Array("cert".utf8) && slowUnquoted(line[1]) == authority {
            for option in slowOptions(line[2]) {
                let value = option.value ?? []
                try require(option.name != "id" || value != certificate.keyID, "a revoked key id")
                guard option.name == "serial" else { continue }
                let ends = String(decoding: value, as: UTF8.self).split(separator: "-").compactMap { UInt64($0) }
                guard let first = ends.first, let last = ends.last else { throw Doubt("a serial") }
                try require(certificate.serial < first || certificate.serial > last, "a revoked serial")
            }
        }
    }

    func check(_ claims: SlowClaims, of provider: Provider) throws {
        for line in lines where line[0] == Array("identity".utf8) {
            guard slowUnquoted(line[1]) == Array("*".utf8) || slowUnquoted(line[1]) == Array(provider.name.utf8) else {
                continue
            }
            let who = SlowIdentity(slowUnquoted(line[2]))
            try require(who.isSurelyNot(claims, of: provider), "a revoked identity")
        }
    }
}

// MARK: - members

enum SlowIdentity {
    case subject([UInt8])
    case texts(claim: [UInt8]?, value: [UInt8])
    case email([UInt8])
    case domain([UInt8])

    init(_ text: [UInt8]) {
        if let subject = behind("sub:", text) {
            self = .subject(subject)
        } else if let group = behind("group:", text) {
            self = .texts(claim: nil, value: group)
        } else if let claim = behind("claim:", text) {
            let name = Array(claim.prefix { $0 != UInt8(ascii: "=") })
            self = .texts(claim: name, value: Array(claim.dropFirst(name.count + 1)))
        } else if let domain = behind("*@", slowLowercased(text)) {
            self = .domain(domain)
        } else {
            self = .email(slowLowercased(text))
        }
    }

    /// `nil` where the token does not say.
    private func means(_ claims: SlowClaims, of provider: Provider) -> Bool? {
        switch self {
        case .subject(let subject): claims.subject == subject
        case .texts(let claim, let value):
            claims.object.texts(claim ?? Array(provider.groupsClaim.utf8))?.contains(value)
        case .email(let email): slowSides(claims.object.text("email")).map { $0.local + [0x40] + $0.domain == email }
        case .domain(let domain): slowSides(claims.object.text("email")).map { $0.domain == domain }
        }
    }

    func isSurelyNot(_ claims: SlowClaims, of provider: Provider) -> Bool {
        means(claims, of: provider) == false
    }

    func isSurely(_ claims: SlowClaims, of provider: Provider) -> Bool {
        guard means(claims, of: provider) == true else { return false }
        switch self {
        case .subject, .texts: return true
        case .email: return claims.object.isTrue("email_verified")
        case .domain(let domain):
            guard claims.object.isTrue("email_verified") else { return false }
            let isGoogle = claims.issuer == Array("https://accounts.google.com".utf8)
            return !isGoogle || claims.object.text("hd").map(slowLowercased) == domain
        }
    }
}

/// What a grant says.
struct SlowGrant {
    var until: Int64?
    var command: [UInt8]?
    var from: [UInt8]?
    var withheld: Set<String> = []

    /// The first grant for this person and login; throws where there is none, or anything denies.
    init(
        for claims: SlowClaims, of provider: Provider, login: [UInt8], uid: UInt32?, in file: [UInt8]?,
        host: Configuration, now: Int64
    ) throws {
        var grants: [SlowGrant] = []
        for words in try slowLines(file) {
            let space = slowUnquoted(words[0])
            guard space == Array("*".utf8) || space == Array(host.space.utf8) else { continue }
            try require((4...5).contains(words.count), "\(words.count) columns in members")
            let who = SlowIdentity(slowUnquoted(words[1]))
            let (name, logins) = (slowUnquoted(words[2]), slowUnquoted(words[3]))
            let isKnown = host.providers.contains { Array($0.name.utf8) == name } || name == Array("*".utf8)
            try require(isKnown || space == Array("*".utf8), "an unknown provider")
            guard name == Array("*".utf8) || name == Array(provider.name.utf8) else { continue }
            if logins == Array("deny".utf8) {
                try require(who.isSurelyNot(claims, of: provider), "denied")
                continue
            }
            guard who.isSurely(claims, of: provider) else { continue }
            let options = words.count > 4 ? slowOptions(words[4]) : []
            guard try SlowGrant.holds(options, claims) else { continue }
            let names = logins.split(separator: UInt8(ascii: ",")).map { Array($0) }
            let isTemplateGood = uid.map { $0 >= host.templateMinimumUID && $0 != 65_534 && $0 != .max } ?? false
            let isGranted =
                names.contains(login)
                || isTemplateGood && names.contains { SlowGrant.value(of: $0, claims) == login }
            guard isGranted else { continue }
            let grant = try SlowGrant(options)
            if let until = grant.until, now >= until { continue }
            // The directory of the fuzzer's host has one group, root, and everybody is in it.
            if let group = options.first(where: { $0.name == "unix-group" }) {
                try require(host.asksForUnixGroups || !grants.isEmpty, "a group for which nobody is asked")
                guard group.value == Array("root".utf8) else { continue }
            }
            grants.append(grant)
        }
        guard let grant = grants.first else { throw Doubt("no grant") }
        self = grant
    }

    private static func value(of template: [UInt8], _ claims: SlowClaims) -> [UInt8]? {
        if template == Array("{email-local}".utf8) { return slowSides(claims.object.text("email"))?.local }
        guard let name = behind("{claim:", template) else { return nil }
        return SlowObject.text(claims.object.value(name.dropLast()))
    }

    private static func holds(_ options: [(name: String, value: [UInt8]?)], _ claims: SlowClaims) throws -> Bool {
        for option in options where option.name == "require" {
            let value = option.value ?? []
            let colons = value.indices.filter { value[$0] == UInt8(ascii: ":") }
            guard let colon = colons.first(where: { !value[$0...].starts(with: "://".utf8) }) else {
                throw Doubt("require without a value")
            }
            guard claims.object.texts(Array(value[..<colon]))?.contains(Array(value[(colon + 1)...])) == true else {
                return false
            }
        }
        return true
    }

    private init(_ options: [(name: String, value: [UInt8]?)]) throws {
        for option in options {
            switch option.name {
            case "until":
                let date = try Date(String(decoding: option.value ?? [], as: UTF8.self), strategy: .iso8601)
                until = Int64(date.timeIntervalSince1970)
            case "command": command = option.value
            case "from": from = option.value
            case "role", "require", "unix-group": break
            case "no-pty", "no-port-forwarding", "no-agent-forwarding", "no-user-rc":
                withheld.insert(String(option.name.dropFirst(3)))
            default: throw Doubt("an option \(option.name)")
            }
        }
    }
}
