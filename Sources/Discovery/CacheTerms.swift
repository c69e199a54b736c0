public import Encodings
public import HTTP

/// What a provider says about keeping its answer.
public struct CacheTerms: Sendable, Equatable {
    /// Names this very answer when it is asked for again; `nil` where the provider gave no name that can be sent back.
    public let entityTag: EntityTag?

    /// For how much longer the answer is good; `nil` where the provider does not say.
    public let freshFor: Seconds?

    /// The terms `entityTag` and `freshFor`.
    public init(entityTag: EntityTag? = nil, freshFor: Seconds? = nil) {
        self.entityTag = entityTag
        self.freshFor = freshFor
    }

    /// The terms of `response`.
    public init(_ response: HTTPResponse) {
        let entityTag = response.entityTag.flatMap { EntityTag($0) }
        let freshFor = response.freshFor.map { span in
            // What a cache on the way has kept for a while is good for that much less (RFC 9111 §4.2.3).
            let left = span.count.subtractingReportingOverflow(CacheTerms.age(of: response))
            return Seconds(left.overflow ? 0 : max(left.partialValue, 0))
        }
        self.init(entityTag: entityTag, freshFor: freshFor)
    }

    private static func age(of response: HTTPResponse) -> Int64 {
        guard let text = response["Age"]?.ascii, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return 0 }
        return Int64(text) ?? (text.isEmpty ? 0 : .max)
    }
}

/// An entity tag: a server's name for one version of what is at an address.
///
/// Source: RFC 9110 §8.8.3.
public struct EntityTag: Sendable, Hashable {
    /// The longest that is kept, in bytes; real ones have a few dozen.
    public static let maximumCount = 256

    /// As it goes over the wire, quotes and all: `"v1"`, `W/"v1"`.
    public let text: Text

    /// The tag that `text` is, `nil` where it is none, or none that is to be sent back.
    public init?(_ text: Text) {
        let opaque = text.utf8.starts(with: "W/".utf8) ? text.utf8.dropFirst(2) : text.utf8[...]
        let quote = UInt8(ascii: "\"")
        guard text.utf8.count <= EntityTag.maximumCount, opaque.count >= 2 else { return nil }
        guard opaque.first == quote, opaque.last == quote else { return nil }
        let isClean = opaque.dropFirst().dropLast().allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != quote }
        guard isClean else { return nil }
        self.text = text
    }
}
