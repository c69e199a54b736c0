internal import Encodings
internal import Policy
internal import TOML

/// The lines of opkssh's `providers` as tables of `pair.toml`.
///
/// Source: opkssh docs/config.md "Allowed OpenID Providers", policy/providerloader.go.
struct OpksshProviders {
    /// One table, of one line or of several at one issuer with one expiry.
    struct Table {
        let name: String
        let issuer: Text
        var clientIDs: [Text]
        let lifetime: OpksshLifetime
        var lines: [Int]
        /// Comments of its lines and above them, and lines that were left out there.
        var comments: [String]
    }

    private(set) var tables: [Table] = []
    private(set) var findings: [OpksshFinding] = []
    /// Issuers of lines that were not taken over, and where the first of each stands.
    private(set) var missing: [Text: Int] = [:]
    /// Of what stands behind the last line that was taken over.
    private(set) var comments: [String] = []
    private var lineOfClient: [Client: (line: Int, expiry: Text)] = [:]

    private struct Client: Hashable {
        let issuer: Text
        let id: Text
    }

    init(parsing file: OpksshFile) {
        for row in OpksshTable(parsing: file.bytes).rows {
            if let comment = row.comment { comments.append(commentText(comment)) }
            switch row.content {
            case .blank: break
            case .unreadable(let reason): leave(out: row, of: file, .row(reason))
            case .columns(let columns): take(columns, of: row, in: file)
            }
        }
    }

    private mutating func leave(out row: OpksshTable.Row, of file: OpksshFile, _ reason: OpksshReason) {
        findings.append(OpksshFinding(row, of: file, reasons: [reason]))
        comments.append(commentOnAbsence(of: shown(row.bytes, limit: 160), at: "\(file.path):\(row.number)", reason))
    }

    private mutating func take(_ columns: [Text], of row: OpksshTable.Row, in file: OpksshFile) {
        guard columns.count == 3 else {
            leave(out: row, of: file, .row(.columns(columns.count)))
            return
        }
        let (issuer, client, expiry) = (columns[0], columns[1], columns[2])
        let outcome = table(issuer, client, expiry, line: row.number)
        switch outcome {
        case .failure(let reason):
            if reason.outcome == .missing, missing[issuer] == nil { missing[issuer] = row.number }
            leave(out: row, of: file, reason)
        case .success(let index):
            tables[index].comments += comments
            comments = []
            lineOfClient[Client(issuer: issuer, id: client)] = (row.number, expiry)
            var reasons = tables[index].lifetime.reasons
            if clientsOfProject.contains(client) { reasons.append(.client(.ofProject)) }
            let result = "[[provider]] \(tables[index].name)"
            findings.append(OpksshFinding(row, of: file, result: [result], reasons: reasons))
        }
    }

    private enum Outcome {
        case success(Int)
        case failure(OpksshReason)
    }

    /// The table that the line belongs to, made where there is none.
    private mutating func table(_ issuer: Text, _ client: Text, _ expiry: Text, line: Int) -> Outcome {
        guard !isOfJobs(issuer, client) else { return .failure(.client(.ofJobs)) }
        if let first = lineOfClient[Client(issuer: issuer, id: client)] {
            return .failure(
                .client(first.expiry == expiry ? .sameAgain(firstLine: first.line) : .again(firstLine: first.line)))
        }
        guard let lifetime = OpksshLifetime(expiry: expiry) else { return .failure(.lifetime(.unknown(expiry))) }
        // Judged alone, so that the reason is this line's.
        let alone = Table(
            name: "alone", issuer: issuer, clientIDs: [client], lifetime: lifetime, lines: [], comments: [])
        do throws(PolicyError) {
            _ = try Configuration(parsing: Array("space = \"alone\"\n\(alone.text)".utf8), file: "pair.toml")
        } catch {
            return .failure(.client(.refused(error.reason)))
        }
        if let index = tables.firstIndex(where: { $0.issuer == issuer && $0.lifetime == lifetime }) {
            tables[index].clientIDs.append(client)
            tables[index].lines.append(line)
            return .success(index)
        }
        let name = freeName(for: issuer)
        tables.append(
            Table(name: name, issuer: issuer, clientIDs: [client], lifetime: lifetime, lines: [line], comments: []))
        return .success(tables.count - 1)
    }

    private func freeName(for issuer: Text) -> String {
        let name = providerName(of: issuer)
        var candidate = name
        var count = 1
        while tables.contains(where: { $0.name == candidate }) {
            count += 1
            candidate = "\(name.prefix(27))-\(count)"
        }
        return candidate
    }
}

extension OpksshProviders.Table {
    /// The table as it stands in pair.toml.
    var text: String {
        """
        [[provider]]
        name = \(tomlText(Text(name)))
        issuer = \(tomlText(issuer))
        client_ids = [\(clientIDs.map(tomlText).joined(separator: ", "))]
        keys_lifetime = "\(lifetime.keysLifetime)"
        renewable_for = "\(lifetime.renewableFor)"
        beyond_token_expiry = \(lifetime.beyondTokenExpiry)

        """
    }
}

/// `text` as a basic string of TOML's.
func tomlText(_ text: Text) -> String {
    var result = "\""
    for scalar in text.string.unicodeScalars {
        switch scalar {
        case "\"", "\\": result += "\\" + String(scalar)
        case _ where Text(String(scalar)).hasControls:
            // All of them have four digits.
            result +=
                "\\u" + hex([UInt8(truncatingIfNeeded: scalar.value >> 8), UInt8(truncatingIfNeeded: scalar.value)])
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// A name for the provider: short where opkssh has a short one, else the issuer's host.
func providerName(of issuer: Text) -> String {
    if let known = OpksshAlias.allCases.first(where: { issuer == $0.issuer }) { return known.providerName }
    guard issuer.dropping("https://login.microsoftonline.com/") == nil else { return OpksshAlias.azure.providerName }
    let address = issuer.dropping("https://") ?? issuer.dropping("http://") ?? issuer
    let host = Array(address.asciiLowercased.utf8.prefix { !"/:".utf8.contains($0) })
    let plain = host.filter { byte in
        switch byte {
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
    let name = plain.drop { !(0x30...0x39).contains($0) && !(0x61...0x7A).contains($0) }.prefix(32)
    return isPlainName(name) ? String(decoding: name, as: UTF8.self) : "provider"
}

/// A short name for an issuer, as `opkssh add` takes it.
///
/// Source: opkssh policy/validator.go, commands/config/default-client-config.yml.
enum OpksshAlias: String, CaseIterable {
    case google, azure, microsoft, gitlab, hello

    var issuer: Text {
        switch self {
        case .google: "https://accounts.google.com"
        case .azure, .microsoft: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
        case .gitlab: "https://gitlab.com"
        case .hello: "https://issuer.hello.coop"
        }
    }

    /// As docs/providers.md calls it.
    var providerName: String {
        switch self {
        case .azure, .microsoft: "entra"
        case .google, .gitlab, .hello: rawValue
        }
    }
}

/// The client ids that opkssh brings along.
///
/// Source: opkssh commands/config/default-client-config.yml.
private let clientsOfProject: Set<Text> = [
    "206584157355-7cbe4s640tvm7naoludob4ut1emii7sf.apps.googleusercontent.com", "096ce0a3-5e72-4da8-9c86-12924b294a01",
    "8d8b7024572c7fd501f64374dec6bba37096783dfcd792b3988104be08cb6923", "app_xejobTKEsDNSRd5vofKB2iay_2rN",
]

/// Whether the provider's tokens are those of CI jobs: GitHub's, Forgejo's, or GitLab's by its marks in the client id.
///
/// Source: opkssh policy/providerloader.go, docs/gitlab-ci.md, docs/forgejo-actions.md.
private func isOfJobs(_ issuer: Text, _ client: Text) -> Bool {
    let path = Array(issuer.utf8)
    let ending = path.last == UInt8(ascii: "/") ? path.dropLast() : path[...]
    return issuer == "https://token.actions.githubusercontent.com"
        || ending.suffix(12).elementsEqual("/api/actions".utf8)
        || client == "gitlab-ci" || client.dropping("OPENPUBKEY-PKTOKEN:") != nil
}

extension Text {
    /// What stands behind `prefix`, `nil` where the text does not start with it.
    func dropping(_ prefix: String) -> Text? {
        guard utf8.starts(with: prefix.utf8) else { return nil }
        return Text(validating: utf8.dropFirst(prefix.utf8.count))
    }
}
