internal import Encodings
public import SSHWire

/// Why some bytes are not an OpenSSH public key or certificate.
public enum KeyError: Error, Equatable, Sendable {
    case wire(WireError, in: Field)
    case unknownAlgorithm(String)
    case certificateExpected(found: KeyAlgorithm)
    case plainKeyExpected(found: String)
    case curve(found: String, expected: String)
    case keyLength(found: Int, expected: Int)
    case pointForm
    case nul(in: Field)
    case certificateKind(UInt32)
    case nestedCertificate(String)
    case tooManyPrincipals
    case optionsOutOfOrder(String, in: Field)
    case optionTwice(String, in: Field)
    case optionData(String)

    /// The parts of a key or certificate, by the names that OpenSSH's PROTOCOL.certkeys gives them.
    public enum Field: String, Sendable {
        case type
        case nonce
        case publicKey = "public key"
        case serial
        case kind = "type (user or host)"
        case keyID = "key id"
        case principals = "valid principals"
        case validity
        case criticalOptions = "critical options"
        case extensions
        case reserved
        case signatureKey = "signature key"
        case signature
    }
}

extension KeyError: CustomStringConvertible {
    /// Where, what was expected and what was found.
    public var description: String {
        switch self {
        case .wire(let error, let field): "\(field.rawValue): \(error)"
        case .unknownAlgorithm(let name): "type: no key type that is supported: \(quoted(name))"
        case .certificateExpected(let found): "type: a certificate expected, \(found.rawValue) found"
        case .plainKeyExpected(let found): "type: a plain key expected, \(quoted(found)) found"
        case .curve(let found, let expected): "public key: curve \(expected) expected, \(quoted(found)) found"
        case .keyLength(let found, let expected): "public key: \(expected) bytes expected, \(found) found"
        case .pointForm: "public key: an uncompressed point expected"
        case .nul(let field): "\(field.rawValue): a zero byte"
        case .certificateKind(let kind): "type: 1 (user) or 2 (host) expected, \(kind) found"
        case .nestedCertificate(let name): "signature key: a plain key expected, \(quoted(name)) found"
        case .tooManyPrincipals: "valid principals: more than \(Certificate.maximumPrincipals)"
        case .optionsOutOfOrder(let name, let field): "\(field.rawValue): \(quoted(name)) is out of order"
        case .optionTwice(let name, let field): "\(field.rawValue): \(quoted(name)) stands twice"
        case .optionData(let name): "option \(quoted(name)): its data is malformed"
        }
    }
}

/// Reads one field, naming it in the error.
func reading<Value>(
    _ field: KeyError.Field, _ body: () throws(WireError) -> Value
) throws(KeyError) -> Value {
    do throws(WireError) {
        return try body()
    } catch {
        throw .wire(error, in: field)
    }
}

/// Reads `bytes` whole, naming the field that leftover bytes follow.
func decoding<Value>(
    _ bytes: ArraySlice<UInt8>, as field: KeyError.Field, _ body: (inout WireReader) throws(KeyError) -> Value
) throws(KeyError) -> Value {
    try WireReader.decode(bytes, leftover: { .wire($0, in: field) }, body)
}
