public import Encodings
public import Policy

/// Why a file of the admin's was not changed.
public enum EditError: Error, Equatable, Sendable {
    /// The file as it is ends in the middle of a line.
    case torn(String)
    /// The file as it is cannot be used.
    case policy(PolicyError)
    case lineTooLong
    /// What is asked for cannot stand on a line.
    case request(PolicyError.Reason)
    case providerUnknown(Text, known: [String])
    case providerAmbiguous([String])
    case untilMalformed(Text)
    case untilPassed(UnixTime)
    /// The new line would never count: others stand in front of it.
    case shadowed(by: [Int])
    /// The new line would never count.
    case denied(by: Int)
    /// No line of the Space is about that identity, provider and login.
    case nothingToRemove(elsewhere: [Elsewhere])
    case key(KeyTextError)
    case keyTwice(account: String, line: Int)
    case keyRevoked(line: Int)
    case serviceUnknown(String, known: [String])
    case accountUnknown(String)
    case accountKeyUnknown(String)
    /// Refused already, by that line.
    case revokedBefore(line: Int)
    case serialsMalformed(Text)

    /// Lines that were not asked for and are about the same.
    public enum Elsewhere: Sendable, Equatable {
        /// A deny, where grants were asked for.
        case deny(line: Int)
        /// A grant, where denies were.
        case grant(line: Int)
        /// A line for every Space.
        case everySpace(line: Int)
    }
}

extension EditError: CustomStringConvertible {
    /// What was expected and found, without a full stop.
    public var description: String {
        switch self {
        case .torn(let path): "\(path): the last line does not end in a newline"
        case .policy(let error): "\(error)"
        case .lineTooLong: "the new line would be longer than \(LineFile.maximumLine) bytes"
        case .request(let reason): "\(reason)"
        case .providerUnknown(let name, _): "pair.toml has no provider \(quoted(name))"
        case .providerAmbiguous(let names):
            names.isEmpty ? "pair.toml has no provider" : "which provider is not said"
        case .untilMalformed(let text): "until: 2026-12-31T00:00:00Z or +30d expected, \(quoted(text)) found"
        case .untilPassed(let end): "until: \(end.rfc3339) is over"
        case .shadowed(let lines):
            "\(place(lines)) in front of it \(lines.count == 1 ? "gives" : "give") this already: the new line would never "
                + "count"
        case .denied(let line): "line \(line) denies them: the new line would never count"
        case .nothingToRemove: "no such line"
        case .key(let error): "\(error)"
        case .keyTwice(let account, let line): "the key stands on line \(line) already, of account \(account)"
        case .keyRevoked(let line): "the key is revoked, by line \(line) of the revoked file"
        case .serviceUnknown(let name, _): "pair.toml has no service \(quoted(name))"
        case .accountUnknown(let name): "no account \(quoted(name))"
        case .accountKeyUnknown(let fingerprint): "the account has no key \(fingerprint)"
        case .revokedBefore(let line): "revoked already, by line \(line)"
        case .serialsMalformed(let text): "serial: a number or FIRST-LAST expected, \(quoted(text)) found"
        }
    }

    /// What to do, in a sentence or two.
    public var advice: String? {
        switch self {
        case .torn(let path): "End \(path) with a newline once it is whole; it may be half written."
        case .policy:
            "Nobody enters while it is so. Mend it with an editor first; `pair spaces check` lists everything."
        case .lineTooLong: "Split it into several lines."
        case .request: "Nothing was changed."
        case .providerUnknown(_, let known), .providerAmbiguous(let known):
            known.isEmpty ? "Add a [[provider]] to pair.toml first." : "Pass --provider with one of: \(listed(known))."
        case .untilMalformed: "Write the moment in UTC, or how long from now: +8h, +30d."
        case .untilPassed: "Check the date; a grant that is over lets nobody in."
        case .shadowed:
            "The first line that matches gives all its options. Pass --replace to put the new line in its place, or --first "
                + "to put it in front."
        case .denied: "A deny outweighs every grant. Take it out first: `pair spaces remove --deny IDENTITY`."
        case .nothingToRemove(let elsewhere):
            elsewhere.isEmpty ? "`pair spaces members` shows what there is." : advice(elsewhere)
        case .key(let error): error.advice
        case .keyTwice:
            "A key stands once in the file. Remove that line first: `pair accounts remove ACCOUNT --key SHA256:…`."
        case .keyRevoked: "A revoked key enters nowhere: use a new one."
        case .serviceUnknown(_, let known):
            "Add the [[service]] to pair.toml first\(known.isEmpty ? "" : ", or name one of: \(listed(known))")."
        case .accountUnknown, .accountKeyUnknown: "`pair accounts list` shows what there is."
        case .revokedBefore: nil
        case .serialsMalformed: "ssh-keygen -L -f CERTIFICATE shows a certificate's serial."
        }
    }

    private func place(_ lines: [Int]) -> String {
        (lines.count == 1 ? "line " : "lines ") + listed(lines.map(String.init))
    }

    private func advice(_ elsewhere: [Elsewhere]) -> String {
        elsewhere.map { place in
            switch place {
            case .deny(let line): "Line \(line) is a deny: --deny takes it out."
            case .grant(let line): "Line \(line) is a grant: leave out --deny to take it out."
            case .everySpace(let line): "Line \(line) is for every Space: --space '*' takes it out."
            }
        }.joined(separator: " ")
    }
}
