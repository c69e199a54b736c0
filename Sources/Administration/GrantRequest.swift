public import Encodings
public import Policy
internal import TOML

/// A line of `members` that is asked for.
public struct GrantRequest: Sendable, Equatable {
    /// As IDENTITY has it, without quotes.
    public let identity: Text
    /// A provider's name.
    public let provider: Text
    /// Elements of LOGINS.
    public let logins: [Text]
    /// What stands in OPTIONS.
    public let options: MembershipLine.Options

    /// The request that `identity` of `provider` may enter as `logins`.
    public init(identity: Text, provider: Text, logins: [Text], options: MembershipLine.Options) {
        self.identity = identity
        self.provider = provider
        self.logins = logins
        self.options = options
    }

    /// The line for `space`; whether it can stand in the file is for the parser to say.
    func line(for space: Text) -> [UInt8] {
        let names = Text(logins.map(\.string).joined(separator: ","))
        var columns = [space, identity, provider, names].map(column)
        if !options.words.isEmpty { columns.append(options.words.joined(separator: ",")) }
        return Array(columns.joined(separator: "  ").utf8)
    }
}

extension MembershipLine.Options {
    /// As OPTIONS has them, each by itself.
    public var words: [String] {
        var words: [String] = []
        if let role { words.append("role=" + optionValue(role)) }
        if let until { words.append("until=" + until.rfc3339) }
        if let from { words.append("from=" + optionValue(from)) }
        if let command { words.append("command=" + optionValue(command)) }
        words += requirements.map { "require=" + optionValue($0.text) }
        if let unixGroup { words.append("unix-group=" + optionValue(unixGroup)) }
        for permit in SessionPermit.allCases where withheld.contains(permit) { words.append("no-" + permit.rawValue) }
        return words
    }
}

extension MembershipLine.Requirement {
    /// `CLAIM:VALUE`.
    public var text: Text { Text(claim.string + ":" + value.string) }
}

/// The end that `text` says: RFC 3339 in UTC, or `+30d` from `now` on.
///
/// - Throws: `.untilMalformed`, `.untilPassed`.
public func end(_ text: Text, from now: UnixTime) throws(EditError) -> UnixTime {
    let moment: UnixTime?
    if text.utf8.first == UInt8(ascii: "+") {
        let span = Seconds(setting: Text(String(decoding: text.utf8.dropFirst(), as: UTF8.self)))
        moment = span.map { now + $0 }
    } else {
        moment = UnixTime(rfc3339: text.utf8)
    }
    guard let moment, moment <= .lastPrintable else { throw .untilMalformed(text) }
    guard moment > now else { throw .untilPassed(moment) }
    return moment
}
