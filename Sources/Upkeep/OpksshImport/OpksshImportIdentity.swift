internal import Encodings

/// Whom a line of opkssh's means, as the IDENTITY column of `members`.
///
/// Source: opkssh policy/enforcer.go `validateClaim`.
struct OpksshIdentity {
    /// Not yet quoted for a line.
    let column: Text
    /// What of it is not the same.
    let reasons: [OpksshReason]

    /// What `text` means at the provider with `issuer`.
    /// - Throws: The reason why it has no equal, or no effect in opkssh.
    init(_ text: Text, issuer: Text) throws(OpksshReason) {
        if let rest = text.dropping("oidc:") {
            guard !rest.isEmpty else { throw .claim(.meansNobody) }
            self = try Self.claim(text, issuer)
        } else if let suffix = text.dropping("oidc-match-end:email:") {
            self = try Self.suffix(suffix, issuer)
        } else if ["oidc:", "oidc-match-end:email:", "repo:"].contains(text.asciiLowercased) {
            throw .claim(.meansNobody)
        } else if text.dropping("oidc-match-end:") != nil {
            throw .claim(.otherMatchEnd)
        } else if text.dropping("repo:") != nil || text.dropping("project_path:") != nil {
            throw .claim(.jobs)
        } else if text.utf8.contains(UInt8(ascii: "@")), !text.utf8.contains(UInt8(ascii: ":")) {
            self = try Self.email(text, issuer)
        } else {
            // An e-mail has no colon, and what begins like one of our own forms must not become it.
            self.init(column: Text("sub:" + text.string), reasons: [])
        }
    }

    private init(column: Text, reasons: [OpksshReason]) {
        self.column = column
        self.reasons = reasons
    }

    private static func email(_ address: Text, _ issuer: Text) throws(OpksshReason) -> OpksshIdentity {
        guard !address.utf8.contains(UInt8(ascii: "*")) else { throw .email(.starIsLetter) }
        return OpksshIdentity(column: address, reasons: reasons(for: address, at: issuer))
    }

    private static func suffix(_ suffix: Text, _ issuer: Text) throws(OpksshReason) -> OpksshIdentity {
        guard !suffix.isEmpty else { throw .claim(.meansNobody) }
        guard let domain = suffix.dropping("@"), !domain.isEmpty, !domain.utf8.contains(UInt8(ascii: "@")) else {
            throw .email(.suffixNotDomain(suffix))
        }
        var reasons = reasons(for: domain, at: issuer)
        if issuer == OpksshAlias.google.issuer { reasons.append(.email(.domainAtGoogle)) }
        return OpksshIdentity(column: Text("*" + suffix.asciiLowercased.string), reasons: reasons)
    }

    /// `oidc:CLAIM:VALUE`, of which opkssh takes the second part and the last.
    private static func claim(_ text: Text, _ issuer: Text) throws(OpksshReason) -> OpksshIdentity {
        let parts = partsOutsideQuotes(of: text)
        guard parts.count >= 3, let last = parts.last else { throw .claim(.meansNobody) }
        let name = withoutQuotes(parts[1])
        var reasons: [OpksshReason] = []
        if parts.count > 3 { reasons.append(.claim(.lastColon(value: last))) }
        if last.utf8.contains(UInt8(ascii: "\"")) { reasons.append(.claim(.quotesCount(value: last))) }

        switch name {
        case "email":
            let email = try email(last, issuer)
            return OpksshIdentity(column: email.column, reasons: email.reasons + [.email(.withoutCase)] + reasons)
        case "sub": return OpksshIdentity(column: Text("sub:" + last.string), reasons: reasons)
        default: break
        }
        // The first = of a line ends the claim's name.
        guard !name.utf8.contains(UInt8(ascii: "=")) else { throw .claim(.nameWithEqualsSign(name)) }
        if isOtherJSON(last) { reasons.append(.claim(.valueNotText(last))) }
        let column = name == "groups" ? "group:" + last.string : "claim:\(name.string)=\(last.string)"
        return OpksshIdentity(column: Text(column), reasons: reasons)
    }

    /// What is otherwise for any e-mail.
    private static func reasons(for email: Text, at issuer: Text) -> [OpksshReason] {
        let isEntra = issuer.dropping("https://login.microsoftonline.com/") != nil
        let reasons: [OpksshReason] = [.email(isEntra ? .atEntra : .mustBeVerified)]
        return email.ascii == nil ? reasons + [.email(.beyondASCII)] : reasons
    }
}

/// The parts of `text` between colons outside quotes, without empty ones and with their quotes.
private func partsOutsideQuotes(of text: Text) -> [Text] {
    var parts: [[UInt8]] = [[]]
    var isQuoted = false
    for byte in text.utf8 {
        if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
        if byte == UInt8(ascii: ":"), !isQuoted { parts.append([]) } else { parts[parts.count - 1].append(byte) }
    }
    return parts.filter { !$0.isEmpty }.compactMap { Text(validating: $0) }
}

private func withoutQuotes(_ text: Text) -> Text {
    var bytes = Array(text.utf8)[...]
    while bytes.first == UInt8(ascii: "\"") { bytes.removeFirst() }
    while bytes.last == UInt8(ascii: "\"") { bytes.removeLast() }
    return Text(validating: bytes) ?? ""
}

/// Whether opkssh writes a truth value, a number or null of JSON's so.
private func isOtherJSON(_ value: Text) -> Bool {
    if ["true", "false", "<nil>"].contains(value) { return true }
    return value.utf8.first.map { "-0123456789".utf8.contains($0) } == true
        && value.utf8.allSatisfy { "+-.e0123456789".utf8.contains($0) }
}
