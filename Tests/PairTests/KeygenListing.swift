import Encodings

/// What `ssh-keygen -L` prints of a certificate in UTC, without the line that names the file, made from what
/// `pair keys inspect --json` has of it.
///
/// Source: OpenSSH, ssh-keygen.c `print_cert`, `show_options`; sshkey.c `sshkey_format_cert_validity`.
func keygenListing(of inspected: JSON.Object) throws -> String {
    guard let certificate = inspected["certificate"]?.object else { throw Unlisted(member: "certificate") }
    func text(_ name: String, in object: JSON.Object? = nil) throws -> String {
        guard let text = (object ?? certificate)[Text(name)]?.text?.string else { throw Unlisted(member: name) }
        return text
    }
    let key = "\(try keyword(text("type", in: inspected)))-CERT \(try text("fingerprint", in: inspected))"
    let signer = "\(try keyword(text("ca_type"))) \(try text("ca_fingerprint"))"
    let lines = [
        "Type: \(try text("type", in: inspected)) \(try text("kind")) certificate", "Public key: \(key)",
        "Signing CA: \(signer) (using \(try text("signature_algorithm")))", "Key ID: \"\(try text("key_id"))\"",
        "Serial: \(try decimal(certificate["serial"]))",
        "Valid: \(try validity(certificate["valid_after"], certificate["valid_before"]))",
    ]
    let lists = [
        try list("Principals", (certificate["principals"]?.elements ?? []).map { $0.text?.string ?? "?" }),
        try list("Critical Options", options(certificate["critical_options"])),
        try list("Extensions", options(certificate["extensions"])),
    ]
    return (lines + lists.flatMap { $0 }).map { "        \($0)\n" }.joined()
}

/// A member that ssh-keygen shows and we do not.
struct Unlisted: Error {
    let member: String
}

/// The word for a type: `ssh-keygen -L` writes it in capitals.
private func keyword(_ type: String) throws -> String {
    let words = [
        "ssh-ed25519": "ED25519", "ssh-rsa": "RSA", "ecdsa-sha2-nistp256": "ECDSA", "ecdsa-sha2-nistp384": "ECDSA",
        "ecdsa-sha2-nistp521": "ECDSA",
    ]
    let stem = type.hasSuffix("-cert-v01@openssh.com") ? String(type.dropLast("-cert-v01@openssh.com".count)) : type
    guard let word = words[stem] else { throw Unlisted(member: type) }
    return word
}

private func decimal(_ value: JSON?) throws -> String {
    if case .integer(let number) = value { return String(number) }
    guard let text = value?.text?.string else { throw Unlisted(member: "serial") }
    return text
}

private func validity(_ after: JSON?, _ before: JSON?) throws -> String {
    guard let after = after?.text?.string.dropLast() else { throw Unlisted(member: "valid_after") }
    let before = before?.text?.string.dropLast()
    let isFromTheBeginning = after == "1970-01-01T00:00:00"
    return switch (isFromTheBeginning, before) {
    case (true, nil): "forever"
    case (true, let before?): "before \(before)"
    case (false, nil): "after \(after)"
    case (false, let before?): "from \(after) to \(before)"
    }
}

private func list(_ title: String, _ entries: [String]) throws -> [String] {
    entries.isEmpty ? ["\(title): (none)"] : ["\(title): "] + entries.map { "        \($0)" }
}

private func options(_ value: JSON?) throws -> [String] {
    guard let members = value?.object?.members else { throw Unlisted(member: "options") }
    return members.map { member in
        let name = member.name.string
        switch name {
        case "force-command", "source-address": return "\(name) \(member.value.text?.string ?? "?")"
        case "verify-required", "no-touch-required", "permit-pty", "permit-user-rc", "permit-X11-forwarding",
            "permit-agent-forwarding", "permit-port-forwarding":
            return name
        default:
            guard let text = member.value.text else { return "\(name) UNKNOWN FLAG OPTION" }
            // Their data is one string, RFC 4251 §5, of less than 256 bytes here.
            let data = [0, 0, 0, UInt8(truncatingIfNeeded: text.utf8.count)] + Array(text.utf8)
            let hex = data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return "\(name) UNKNOWN OPTION: \(hex) (len \(data.count))"
        }
    }
}
