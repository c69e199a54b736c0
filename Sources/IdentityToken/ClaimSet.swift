public import Encodings

/// What a token says of a person, with the shapes checked that a decision rests on.
///
/// Source: OpenID Connect Core 1.0 §2, RFC 7519 §4.1.
public struct ClaimSet: Sendable {
    /// Every claim, as parsed.
    public let all: JSON.Object

    /// `iss`: never empty.
    public let issuer: Text

    /// `sub`: never empty; it names a person within its issuer.
    public let subject: Text

    /// `aud`: one or several client ids; may be empty where the provider sent an empty list.
    public let audiences: [Text]

    /// `azp`: the client that the token was issued to, `nil` where absent.
    public let authorizedParty: Text?

    /// `iat`, cut to the second.
    public let issuedAt: UnixTime

    /// `exp`, cut to the second; the token is over from then on.
    public let expires: UnixTime

    /// `nbf`, cut to the second, `nil` where absent.
    public let notBefore: UnixTime?

    /// `email`, `nil` where absent or not a string.
    public let email: Text?

    /// Whether `email_verified` is JSON `true`; the string `"true"` is not.
    public let isEmailVerified: Bool

    init(parsing payload: [UInt8]) throws(TokenError) {
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: payload)
        } catch {
            throw .claims(.json(error))
        }
        guard let object = value.object else { throw .claims(.notAnObject) }
        all = object
        issuer = try Self.name("iss", in: object)
        subject = try Self.name("sub", in: object)
        audiences = try Self.audiences(in: object)
        if let party = object["azp"] {
            guard let text = party.text else { throw .claims(.shape("azp")) }
            authorizedParty = text
        } else {
            authorizedParty = nil
        }
        issuedAt = try Self.time("iat", in: object)
        expires = try Self.time("exp", in: object)
        notBefore = object["nbf"] == nil ? nil : try Self.time("nbf", in: object)
        email = object["email"]?.text
        guard email?.hasControls != true else { throw .claims(.control("email")) }
        isEmailVerified = object["email_verified"] == .bool(true)
    }

    private static func name(_ name: String, in object: JSON.Object) throws(TokenError) -> Text {
        guard let value = object[Text(name)] else { throw .claims(.missing(name)) }
        guard let text = value.text, !text.isEmpty else { throw .claims(.shape(name)) }
        guard !text.hasControls else { throw .claims(.control(name)) }
        return text
    }

    private static func audiences(in object: JSON.Object) throws(TokenError) -> [Text] {
        guard let value = object["aud"] else { throw .claims(.missing("aud")) }
        if let text = value.text { return [text] }
        let texts = value.elements?.map { $0.text } ?? [nil]
        let audiences = texts.compactMap { $0 }
        guard audiences.count == texts.count else { throw .claims(.shape("aud")) }
        return audiences
    }

    /// Google sends integers, others floats (RFC 7519 §2, NumericDate).
    private static func time(_ name: String, in object: JSON.Object) throws(TokenError) -> UnixTime {
        guard let value = object[Text(name)] else { throw .claims(.missing(name)) }
        let seconds: Double
        switch value {
        case .integer(let integer): seconds = Double(integer)
        case .number(let number): seconds = number
        case .null, .bool, .string, .array, .object: throw .claims(.shape(name))
        }
        guard seconds >= 0, seconds <= Double(UnixTime.lastPrintable.seconds) else { throw .claims(.time(name)) }
        return UnixTime(seconds: Int64(seconds))
    }

    /// Whether the token was issued to one of `clients`.
    ///
    /// With several audiences `azp` must say so too; an `azp` that is not ours refuses in any case.
    /// Source: OpenID Connect Core 1.0 §3.1.3.7, points 3 to 5.
    public func isIssued(toOneOf clients: [Text]) -> Bool {
        guard audiences.contains(where: clients.contains) else { return false }
        if let authorizedParty { return clients.contains(authorizedParty) }
        return audiences.count == 1
    }
}
