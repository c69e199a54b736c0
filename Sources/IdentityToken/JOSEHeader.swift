internal import Encodings

/// The protected header of a signature, as far as we follow it.
///
/// What names a key by itself (`jwk`, `jku`, `x5u`, `x5c`) is not read. Source: RFC 7515 §4.
struct JOSEHeader: Equatable, Sendable {
    let members: JSON.Object

    /// `typ`, `nil` where absent.
    let type: Text?

    /// `kid`, `nil` where absent.
    let keyID: Text?

    init(_ bytes: [UInt8], part: TokenError.Part) throws(TokenError) {
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: bytes)
        } catch {
            throw .header(part, .json(error))
        }
        guard let object = value.object else { throw .header(part, .notAnObject) }
        for name in ["crit", "b64"] where object[Text(name)] != nil { throw .header(part, .forbidden(name)) }
        members = object
        type = try Self.text("typ", of: object, part: part)
        keyID = try Self.text("kid", of: object, part: part)
    }

    private static func text(
        _ name: String, of object: JSON.Object, part: TokenError.Part
    ) throws(TokenError) -> Text? {
        guard let value = object[Text(name)] else { return nil }
        guard let text = value.text else { throw .header(part, .notText(name)) }
        return text
    }

    /// The algorithm, provided that it is among `allowed`.
    func algorithm(among allowed: [SigningAlgorithm]) throws(TokenError) -> SigningAlgorithm {
        guard let name = members["alg"]?.text else { throw .algorithm(.missing) }
        guard let algorithm = name.ascii.flatMap(SigningAlgorithm.init(name:)) else { throw .algorithm(.unknown(name)) }
        guard allowed.contains(algorithm) else { throw .algorithm(.notListed(algorithm)) }
        return algorithm
    }
}
