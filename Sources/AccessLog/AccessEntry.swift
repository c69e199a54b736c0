public import Encodings

/// One record of the access log, read back.
///
/// Members that we do not know are kept, so that a log of a newer pair can be read; a known one that holds something
/// else than we write counts as not there.
/// Source: docs/access-log.md.
public struct AccessEntry: Sendable, Equatable {
    /// What was answered; the raw value is the word in the log.
    public enum Answer: String, CaseIterable, Sendable {
        /// A line for sshd: a yes, and not yet a login.
        case accept
        case refuse
        case fault
    }

    /// When.
    public let time: UnixTime

    /// What was answered.
    public let decision: Answer

    /// `accepted`, or the CODE of a refusal or a fault.
    public let reason: Text

    /// All members in their order, known or not.
    public let members: JSON.Object

    /// The record that `line` holds.
    /// - Parameter line: Without its LF; the caller bounds the size.
    /// - Throws: `.notJSON`, `.notObject`; `.memberMissing` and `.memberValue` for `time`, `decision` and `reason`.
    public init(line: [UInt8]) throws(EntryDefect) {
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: line)
        } catch {
            throw .notJSON(error)
        }
        guard let object = value.object else { throw .notObject }
        members = object
        time = try object.value(.time) { UnixTime(rfc3339: $0.utf8) }
        decision = try object.value(.decision) { text in Answer.allCases.first { Text($0.rawValue) == text } }
        reason = try object.value(.reason) { $0.isEmpty ? nil : $0 }
    }
}

// MARK: - Members

extension AccessEntry {
    /// The local user that was asked for.
    public var login: Text? { members["login"]?.text }

    /// The Space's name.
    public var space: Text? { members["space"]?.text }

    /// The provider's name in pair.toml.
    public var provider: Text? { members["provider"]?.text }

    /// The provider's name for the person.
    public var subject: Text? { members["sub"]?.text }

    /// The person's e-mail.
    public var email: Text? { members["email"]?.text }

    /// The account whose key or CA it was.
    public var account: Text? { members["account"]?.text }

    /// The key id of the certificate, as its CA wrote it.
    public var keyID: Text? { members["key_id"]?.text }

    /// The services that were granted; empty where there is no such member.
    public var services: [Text] { members["services"]?.elements?.compactMap { $0.text } ?? [] }

    /// The key's fingerprint.
    public var key: Text? { members["key"]?.text }

    /// The fingerprint of the key that signed the certificate, where that is another.
    public var ca: Text? { members["ca"]?.text }

    /// When the line for sshd ends; `.never` for a line without an end.
    public var expires: UnixTime? {
        guard let text = members["expires"]?.text else { return nil }
        return text == "never" ? .never : UnixTime(rfc3339: text.utf8)
    }

    /// Who asked, by the names that do not change when an e-mail does.
    public struct Identity: Hashable, Sendable {
        /// The provider's name in pair.toml, `nil` for a certificate of a CA and for a plain key.
        public let provider: Text?
        /// `sub`.
        public let subject: Text?
        /// The account.
        public let account: Text?
        /// The certificate's key id.
        public let keyID: Text?
    }

    /// Who asked; of a refusal that knew nobody yet, nothing is known.
    public var identity: Identity {
        Identity(provider: provider, subject: subject, account: account, keyID: keyID)
    }
}

// MARK: - Defects

/// Why a line of the log is no record.
public enum EntryDefect: Error, Equatable, Sendable {
    /// The members without which there is no record.
    public enum Member: String, Sendable {
        case time, decision, reason

        /// What the member must hold.
        var expected: String {
            switch self {
            case .time: "YYYY-MM-DDTHH:MM:SSZ"
            case .decision: "accept, refuse or fault"
            case .reason: "a code"
            }
        }
    }

    case notJSON(JSONError)
    case notObject
    case memberMissing(Member)
    case memberValue(Member, found: JSON)
    /// Longer than any line we write.
    case tooLong(limit: Int)
    /// The file's last line, and it has no LF: whoever wrote it was cut short.
    case torn
}

extension EntryDefect: CustomStringConvertible {
    /// What was expected and found, without a full stop.
    public var description: String {
        switch self {
        case .notJSON(let error): "\(error)"
        case .notObject: "not a JSON object"
        case .memberMissing(let member): "\(member.rawValue) is missing: \(member.expected)"
        case .memberValue(let member, .string(let found)):
            "\(member.rawValue): \(member.expected) expected, \(quoted(found)) found"
        case .memberValue(let member, let found):
            "\(member.rawValue): \(member.expected) expected, \(quoted(found.encoded)) found"
        case .tooLong(let limit): "longer than \(limit) bytes"
        case .torn: "the last line does not end in a newline"
        }
    }
}

extension JSON.Object {
    /// What `convert` makes of the text of `member`, which must be there.
    fileprivate func value<Value>(
        _ member: EntryDefect.Member, _ convert: (Text) -> Value?
    ) throws(EntryDefect) -> Value {
        guard let found = self[Text(member.rawValue)] else { throw .memberMissing(member) }
        guard let value = found.text.flatMap(convert) else { throw .memberValue(member, found: found) }
        return value
    }
}
