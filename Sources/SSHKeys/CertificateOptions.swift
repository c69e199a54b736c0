internal import SSHWire

/// One named option of a certificate: a critical option or an extension.
public struct CertificateOption: Hashable, Sendable {
    /// Printable ASCII.
    public let name: String

    /// As it stands, with its inner length where it has one; empty for flags.
    public let data: [UInt8]

    /// An option with `data` as it will stand in the certificate.
    public init(name: String, data: [UInt8]) {
        self.name = name
        self.data = data
    }

    /// A flag: an option without data.
    public init(flag name: String) { self.init(name: name, data: []) }

    /// An option whose data is one `string`.
    public init(name: String, string value: [UInt8]) {
        var writer = WireWriter()
        writer.string(value)
        self.init(name: name, data: writer.bytes)
    }

    /// The one `string` that the data holds.
    /// - Returns: Its bytes.
    /// - Throws: `KeyError.optionData` where the data is anything else.
    public func string() throws(KeyError) -> [UInt8] {
        do throws(WireError) {
            return Array(try WireReader.decode(data[...]) { (r) throws(WireError) in try r.string() })
        } catch {
            throw .optionData(name)
        }
    }
}

/// A critical option that sshd enforces: whoever does not know one must refuse the certificate.
///
/// Source: PROTOCOL.certkeys "Critical options".
public enum CriticalOption: Hashable, Sendable {
    /// The only command that may run.
    case forceCommand([UInt8])
    /// Comma-separated CIDR blocks.
    case sourceAddress([UInt8])
    /// The authenticator must have verified its user.
    case verifyRequired
    /// Any other, by name.
    case unknown(String)

    init(_ option: CertificateOption) throws(KeyError) {
        switch option.name {
        case "force-command": self = .forceCommand(try option.string())
        case "source-address": self = .sourceAddress(try option.string())
        case "verify-required":
            guard option.data.isEmpty else { throw .optionData(option.name) }
            self = .verifyRequired
        default: self = .unknown(option.name)
        }
    }
}

/// The extensions that OpenSSH gives a meaning; all are flags.
///
/// Source: PROTOCOL.certkeys "Extensions".
public enum PermitExtension: String, CaseIterable, Sendable {
    case noTouchRequired = "no-touch-required"
    case x11Forwarding = "permit-X11-forwarding"
    case agentForwarding = "permit-agent-forwarding"
    case portForwarding = "permit-port-forwarding"
    case pty = "permit-pty"
    case userRC = "permit-user-rc"
}

/// The options in one of a certificate's two lists: sorted by name, none twice.
func decodeOptions(_ bytes: ArraySlice<UInt8>, field: KeyError.Field) throws(KeyError) -> [CertificateOption] {
    try decoding(bytes, as: field) { (r) throws(KeyError) in
        var options: [CertificateOption] = []
        while !r.isAtEnd {
            let name = try reading(field) { () throws(WireError) in try r.name() }
            let data = try reading(field) { () throws(WireError) in try r.string() }
            if let last = options.last?.name {
                guard last != name else { throw .optionTwice(name, in: field) }
                guard last.utf8.lexicographicallyPrecedes(name.utf8) else {
                    throw .optionsOutOfOrder(name, in: field)
                }
            }
            options.append(CertificateOption(name: name, data: Array(data)))
        }
        return options
    }
}

func encodeOptions(_ options: [CertificateOption]) -> [UInt8] {
    var writer = WireWriter()
    for option in options.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
        writer.string(option.name)
        writer.string(option.data)
    }
    return writer.bytes
}
