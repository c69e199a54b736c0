import Encodings
import IdentityToken
import SSHKeys

/// Why a line is no key that can be shown.
enum InspectionError: Error, Equatable, CustomStringConvertible {
    case line(AuthorizedKeyError)
    case key(KeyError)
    case typeMismatch(stated: String, found: String)
    case fingerprint(String)

    var description: String {
        switch self {
        case .line(let error): "\(error)"
        case .key(let error): "\(error)"
        case .typeMismatch(let stated, let found): "type: \(quoted(stated)) in front of a \(found)"
        case .fingerprint(let failure): failure
        }
    }
}

/// One public key or certificate, as it is shown.
struct Inspection {
    let type: String
    let key: PublicKey
    let fingerprint: Fingerprint
    let comment: Text
    /// `nil` for a plain key.
    let certificate: Certificate?
    /// `nil` for a plain key.
    let authority: Fingerprint?

    /// What a line of a `.pub` or authorized_keys file holds; options in front of the key are passed over.
    init(line: some Collection<UInt8>) throws(InspectionError) {
        let entry: AuthorizedKey
        do throws(AuthorizedKeyError) {
            entry = try AuthorizedKey(line: line)
        } catch {
            throw .line(error)
        }
        do throws(KeyError) {
            if KeyAlgorithm(certificateName: entry.type) != nil {
                let certificate = try Certificate(blob: entry.blob[...])
                self.certificate = certificate
                key = certificate.contents.key
            } else {
                certificate = nil
                key = try PublicKey(blob: entry.blob[...])
            }
        } catch {
            throw .key(error)
        }
        comment = entry.comment
        type = certificate == nil ? key.algorithm.rawValue : key.algorithm.certificateName
        guard entry.type == type else { throw .typeMismatch(stated: entry.type, found: type) }
        do {
            fingerprint = try key.fingerprint()
            authority = try certificate?.contents.signatureKey.fingerprint()
        } catch {
            throw .fingerprint("\(error)")
        }
    }

    /// For programs.
    var json: JSON {
        var object = JSON.Object()
        object.add("type", type)
        object.add("fingerprint", "\(fingerprint)")
        object.add("comment", .string(comment))
        if let certificate { object.add("certificate", .object(fields(of: certificate))) }
        return .object(object)
    }

    private func fields(of certificate: Certificate) -> JSON.Object {
        let contents = certificate.contents
        var fields = JSON.Object()
        fields.add("serial", number(contents.serial))
        fields.add("kind", contents.kind == .user ? "user" : "host")
        fields.add("key_id", .string(text(contents.keyID)))
        fields.add("principals", .array(contents.principals.map { .string(text($0)) }))
        fields.add("valid_after", time(contents.validAfter))
        fields.add("valid_before", time(contents.validBefore))
        fields.add("critical_options", .object(options(contents.criticalOptions)))
        fields.add("extensions", .object(options(contents.extensions)))
        fields.add("ca_type", contents.signatureKey.algorithm.rawValue)
        fields.add("ca_fingerprint", authority.map { "\($0)" })
        fields.add("signature_algorithm", try? certificate.signatureAlgorithm)
        if let claims { fields.add("token", .object(claims)) }
        return fields
    }

    /// The claims of the token in it, verified by nobody; `nil` where there is none that can be read.
    private var claims: JSON.Object? {
        try? certificate.flatMap { CompactToken(in: $0) }?.unverifiedClaims().all
    }

    /// Extensions whose data lets somebody in: never shown.
    private static let secrets = [CompactToken.certificateExtension, "openpubkey-act"]

    private func options(_ options: [CertificateOption]) -> JSON.Object {
        var object = JSON.Object()
        for option in options {
            let isSecret = Self.secrets.contains(option.name)
            object.add(Text(option.name), isSecret || option.data.isEmpty ? .bool(true) : value(of: option))
        }
        return object
    }

    /// The text in an option's data, or the data in base64 where it is no text.
    private func value(of option: CertificateOption) -> JSON {
        if let bytes = try? option.string(), let text = Text(validating: bytes) { return .string(text) }
        return .string(Text(Base64.standard.encode(option.data)))
    }

    /// Bytes that should be text; what is not UTF-8 is replaced.
    private func text(_ bytes: [UInt8]) -> Text { Text(String(decoding: bytes, as: UTF8.self)) }

    /// As RFC 7493 §2.2 wants large numbers.
    private func number(_ value: UInt64) -> JSON {
        value <= 1 << 53 ? .integer(Int64(value)) : .string(Text(String(value)))
    }

    private func time(_ seconds: UInt64) -> JSON {
        let moment = UnixTime(seconds: Int64(clamping: seconds))
        return moment > .lastPrintable ? .null : .string(Text(moment.rfc3339))
    }

    /// For people.
    var text: String {
        var lines = [("type", type), ("fingerprint", "\(fingerprint)")]
        if !comment.isEmpty { lines.append(("comment", quoted(comment))) }
        if let certificate { lines += rows(of: certificate) }
        return lines.map { name, value in name + String(repeating: " ", count: max(1, 18 - name.count)) + value }
            .joined(separator: "\n")
    }

    private func rows(of certificate: Certificate) -> [(String, String)] {
        let contents = certificate.contents
        var rows = [
            ("kind", contents.kind == .user ? "user certificate" : "host certificate"),
            ("key id", quoted(contents.keyID)), ("serial", String(contents.serial)),
            ("signed by", "\(contents.signatureKey.algorithm.rawValue) \(authority.map { "\($0)" } ?? "")"),
            ("with", (try? certificate.signatureAlgorithm) ?? "a malformed signature"),
            ("valid", "\(contents.start.rfc3339) to \(contents.end.rfc3339)"),
            ("principals", list(contents.principals.map { quoted($0) })),
            ("critical options", list(contents.criticalOptions.map(\.name))),
            ("extensions", list(contents.extensions.map(\.name))),
        ]
        if let claims {
            rows.append(("token", String(decoding: JSON.object(claims).encoded, as: UTF8.self) + " (not verified)"))
        }
        return rows
    }

    private func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
