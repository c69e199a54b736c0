public import Encodings
internal import SSHKeys
internal import Signatures

/// Why a token, or the key set it is checked with, is not good enough; nothing of the token's bytes is quoted.
public enum TokenError: Error, Equatable, Sendable {
    case tooLarge(Int)
    /// How many there are, where there should be the 5 of a PK token or the 3 of an ID token.
    case segments(Int, expected: Int)
    case base64(Part)
    case header(Part, HeaderDefect)
    case role(Part, found: Text?)
    case cosigned
    case clientHeader(ClientHeaderDefect)
    case clientHeaderNotCanonical
    case clientKeyMismatch
    case clientSignature
    case claims(ClaimDefect)
    /// Issued to no client of ours.
    case audience([Text], authorizedParty: Text?)
    case tokenType(Text?)
    case algorithm(AlgorithmDefect)
    case keySet(KeySetDefect)
    case keySetStale(Seconds)
    case keySetInFuture(UnixTime)
    case keyIDUnknown(Text?)
    case keyIDAmbiguous(Text?)
    case providerSignature
    case commitment
    case issuedInFuture(UnixTime)
    case notYetValid(UnixTime)
    case tokenExpired(UnixTime)
    case keysExpired(UnixTime)
    case refreshedIdentity(String)
    case refreshedSignature
    case refreshedNonce
    case refreshedOrder
    case refreshedExpired(UnixTime)
    case renewalTooOld(Seconds)
    case libcrypto(LibcryptoFailure)

    /// The parts of a PK token.
    public enum Part: String, Sendable {
        case payload
        case providerHeader = "provider's header"
        case providerSignature = "provider's signature"
        case clientHeader = "client's header"
        case clientSignature = "client's signature"
        case refreshedHeader = "refreshed token's header"
        case refreshedPayload = "refreshed token's payload"
        case refreshedSignature = "refreshed token's signature"
    }

    /// What is wrong with a JOSE header.
    public enum HeaderDefect: Equatable, Sendable {
        case json(JSONError)
        case notAnObject
        case notText(String)
        /// `crit` or `b64`: extensions that change what a signature means.
        case forbidden(String)
    }

    /// What is wrong with the header by which a client commits to a key.
    public enum ClientHeaderDefect: Equatable, Sendable {
        case member(String)
        case algorithm
        case keyAlgorithm
        case key(String)
        case extra(Text)
    }

    /// What is wrong with the claims.
    public enum ClaimDefect: Equatable, Sendable {
        case json(JSONError)
        case notAnObject
        case missing(String)
        case shape(String)
        case time(String)
        case control(String)
    }

    /// Why a signature's algorithm is not taken.
    public enum AlgorithmDefect: Equatable, Sendable {
        case missing
        case unknown(Text)
        case notListed(SigningAlgorithm)
        /// What the key that the header names is, where another is needed.
        case keyDoesNotFit(String)
    }

    /// What is wrong with a key set.
    public enum KeySetDefect: Equatable, Sendable {
        case json(JSONError)
        case tooLarge
        case tooManyKeys
        case member(String)
        case issuer(Text)
        case noKeys
        case secretKey(index: Int)
        case key(index: Int, String)
    }
}

/// A failure of libcrypto's own, by its description.
public struct LibcryptoFailure: Error, Equatable, Sendable {
    /// The call and the code.
    public let description: String

    /// A failure that is described so.
    public init(description: String) { self.description = description }

    init(_ error: LibcryptoError) { description = error.description }
}

extension TokenError: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .tooLarge(let count): "\(count) bytes; at most \(CompactToken.maximumCount) are read"
        case .segments(let count, expected: 3): "3 segments of a signed ID token expected, \(count) found"
        case .segments(let count, let expected):
            "\(expected) segments expected, with a refreshed token behind them or not, \(count) found"
        case .base64(let part): "\(part.rawValue): not strict base64url"
        case .header(let part, let defect): "\(part.rawValue): \(defect)"
        case .role(let part, let found):
            "\(part.rawValue): typ \(part == .clientHeader ? "CIC" : "JWT") expected, "
                + (found.map { "\(quoted($0)) found" } ?? "none found")
        case .cosigned: "a cosigner's signature: not supported"
        case .clientHeader(let defect): "client's header: \(defect)"
        case .clientHeaderNotCanonical: "client's header: not in its canonical form"
        case .clientKeyMismatch: "upk is another key than the certificate's"
        case .clientSignature: "the client's signature does not match"
        case .claims(let defect): "claims: \(defect)"
        case .audience(let audiences, let party):
            "not issued to a client of ours: aud "
                + (audiences.isEmpty ? "names nobody" : audiences.map { quoted($0) }.joined(separator: ", "))
                + (party.map { ", azp \(quoted($0))" } ?? "")
        case .tokenType(let type): "typ \(type.map { quoted($0) } ?? "absent") is not in the provider's token_types"
        case .algorithm(let defect): "\(defect)"
        case .keySet(let defect): "key set: \(defect)"
        case .keySetStale(let age): "the key set is \(age) old"
        case .keySetInFuture(let time): "the key set was fetched in the future, at \(time.rfc3339)"
        case .keyIDUnknown(let id): id.map { "no key \(quoted($0)) in the key set" } ?? "no kid, and no key fits"
        case .keyIDAmbiguous(let id):
            id.map { "several keys \(quoted($0)) in the key set" } ?? "no kid, and several keys fit"
        case .providerSignature: "the provider's signature does not match"
        case .commitment: "the nonce does not commit to this key"
        case .issuedInFuture(let time): "issued in the future, at \(time.rfc3339)"
        case .notYetValid(let time): "not valid before \(time.rfc3339)"
        case .tokenExpired(let time): "the ID token expired at \(time.rfc3339)"
        case .keysExpired(let time): "the Keys' lifetime ended at \(time.rfc3339)"
        case .refreshedIdentity(let claim): "the refreshed token has another \(claim)"
        case .refreshedSignature: "the refreshed token's signature or type is not the provider's"
        case .refreshedNonce: "the refreshed token has another nonce: it is of another sign-in"
        case .refreshedOrder: "the refreshed token is older than the original"
        case .refreshedExpired(let time): "the refreshed token expired at \(time.rfc3339)"
        case .renewalTooOld(let age): "the original sign-in was \(age) ago"
        case .libcrypto(let failure): failure.description
        }
    }
}

extension TokenError.HeaderDefect: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .json(let error): "\(error)"
        case .notAnObject: "a JSON object expected"
        case .notText(let name): "\(name) must be a string"
        case .forbidden(let name): "\(name) is not supported"
        }
    }
}

extension TokenError.ClientHeaderDefect: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .member(let name): "\(name) is missing or malformed"
        case .algorithm: "alg must be ES256, EdDSA or RS256"
        case .keyAlgorithm: "upk has another alg than the header"
        case .key(let what): "upk: \(what)"
        case .extra(let name): "member \(quoted(name)) is not a string"
        }
    }
}

extension TokenError.ClaimDefect: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .json(let error): "\(error)"
        case .notAnObject: "a JSON object expected"
        case .missing(let name): "\(name) is missing"
        case .shape(let name): "\(name) has the wrong type or is empty"
        case .time(let name): "\(name) is not a time between 1970 and 9999"
        case .control(let name): "\(name) holds a control character"
        }
    }
}

extension TokenError.AlgorithmDefect: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .missing: "no alg in the provider's header"
        case .unknown(let name): "alg \(quoted(name)) is not supported"
        case .notListed(let algorithm): "alg \(algorithm.rawValue) is not in the provider's algorithms"
        case .keyDoesNotFit(let what): "the key does not fit: \(what)"
        }
    }
}

extension TokenError.KeySetDefect: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .json(let error): "\(error)"
        case .tooLarge: "more than \(KeySet.maximumCount) bytes"
        case .tooManyKeys: "more than \(KeySet.maximumKeys) keys"
        case .member(let name): "\(name) is missing or malformed"
        case .issuer(let found): "of another issuer, \(quoted(found))"
        case .noKeys: "no keys in it"
        case .secretKey(let index): "key \(index): a secret or private key; whoever can read it can sign"
        case .key(let index, let what): "key \(index): \(what)"
        }
    }
}
