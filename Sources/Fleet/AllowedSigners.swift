public import Encodings
internal import Foundation
internal import SSHKeys

/// Who may sign: a file of ssh-keygen's format, a signer on each line.
///
/// Source: ssh-keygen(1) "ALLOWED SIGNERS"; OpenSSH's `sshsig.c`.
public struct AllowedSigners: Sendable {
    /// One line.
    struct Line: Sendable {
        let number: Int
        let principals: String
        let key: PublicKey
        var isAuthority = false
        /// `nil` where any will do.
        var namespaces: String?
        var validAfter: UnixTime?
        var validBefore: UnixTime?
    }

    let lines: [Line]

    /// The signers that a file names; empty lines and comments are passed over.
    /// - Parameters:
    ///   - bytes: The file.
    ///   - secondsFromUTC: How far ahead of UTC local time is at a moment given as if it were UTC: times in the file that
    ///     do not end in Z are local.
    /// - Throws: `AllowedSignersError.line` for the first line that is not as it should be, also where OpenSSH would pass
    ///   over it: whoever may sign for a fleet is to be read as it was meant.
    public init(
        parsing bytes: [UInt8], secondsFromUTC: (UnixTime) -> Seconds = { _ in Seconds(0) }
    ) throws(AllowedSignersError) {
        var lines: [Line] = []
        for (index, raw) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = raw.drop { $0 == 0x20 || $0 == 0x09 }
            guard let first = line.first, first != UInt8(ascii: "#"), first != 0x0D else { continue }
            do throws(AllowedSignersError.Defect) {
                lines.append(try Line(line, number: index + 1, secondsFromUTC: secondsFromUTC))
            } catch {
                throw .line(index + 1, error)
            }
        }
        self.lines = lines
    }

    /// Whose signature it is, where they may sign for its namespace at `now`.
    ///
    /// Says nothing about any message; see `MessageSignature.verify(over:)`.
    /// - Returns: The principals of the line that allows it: its patterns, or those of a certificate's principals that
    ///   they match.
    /// - Throws: `AllowedSignersError.notAllowed`, with what stood closest in the way.
    public func principals(
        of signature: MessageSignature, at now: UnixTime
    ) throws(AllowedSignersError) -> String {
        var obstacle = AllowedSignersError.Obstacle.unknown
        for line in lines {
            do throws(AllowedSignersError.Obstacle) {
                guard let principals = try line.principals(of: signature, at: now) else { continue }
                return principals
            } catch {
                obstacle = error
            }
        }
        throw .notAllowed(obstacle)
    }
}

extension AllowedSigners.Line {
    /// `nil` where the line is about somebody else.
    fileprivate func principals(
        of signature: MessageSignature, at now: UnixTime
    ) throws(AllowedSignersError.Obstacle) -> String? {
        switch (signature.signer, isAuthority) {
        case (.key(let key), false):
            guard key == self.key else { return nil }
            try check(signature, at: now)
            return principals
        case (.certificate(let certificate), true):
            guard certificate.contents.signatureKey == key else { return nil }
            try check(signature, at: now)
            return try principals(of: certificate, at: now)
        // A line for a key says nothing of certificates for it, nor one for an authority of the authority itself.
        case (.key, true), (.certificate, false): return nil
        }
    }

    private func check(_ signature: MessageSignature, at now: UnixTime) throws(AllowedSignersError.Obstacle) {
        if let namespaces, !isMatched(signature.namespace, byList: namespaces) { throw .namespace(signature.namespace) }
        if let validAfter, now < validAfter { throw .notYet(validAfter) }
        if let validBefore, now > validBefore { throw .noLonger(validBefore) }
    }

    private func principals(
        of certificate: Certificate, at now: UnixTime
    ) throws(AllowedSignersError.Obstacle) -> String {
        let contents = certificate.contents
        do throws(SignatureError) {
            try certificate.verifySignature()
        } catch {
            throw .certificate("\(error)")
        }
        guard contents.kind == .user else { throw .certificate("of a user expected, of a host found") }
        guard let seconds = UInt64(exactly: now.seconds), contents.validAfter <= seconds, seconds < contents.validBefore
        else { throw .certificate("not valid at this time") }
        // None means anything here.
        guard contents.criticalOptions.isEmpty else { throw .certificate("no critical option expected") }
        let matching = contents.principals.map { String(decoding: $0, as: UTF8.self) }
            .filter { isMatched($0, byList: principals) }
        guard !matching.isEmpty else { throw .certificate("no principal that this line allows") }
        return matching.joined(separator: ",")
    }

    fileprivate init(
        _ line: ArraySlice<UInt8>, number: Int, secondsFromUTC: (UnixTime) -> Seconds
    ) throws(AllowedSignersError.Defect) {
        let principals: ArraySlice<UInt8>
        var rest: ArraySlice<UInt8>
        if line.first == UInt8(ascii: "\"") {
            principals = line.dropFirst().prefix { $0 != UInt8(ascii: "\"") }
            rest = line.dropFirst(principals.count + 2)
        } else {
            principals = line.prefix { $0 != 0x20 && $0 != 0x09 }
            rest = line.dropFirst(principals.count)
        }
        if rest.last == 0x0D { rest.removeLast() }
        guard !principals.isEmpty, let name = Text(validating: principals) else { throw .principals }
        let read: AuthorizedKey
        do throws(AuthorizedKeyError) {
            read = try AuthorizedKey(line: rest)
        } catch {
            throw .key("\(error)")
        }
        do throws(KeyError) {
            self.init(number: number, principals: name.string, key: try PublicKey(blob: read.blob[...]))
        } catch {
            throw .key("\(error)")
        }
        guard read.type == key.algorithm.rawValue else { throw .key("its type is not the one in front") }
        for option in read.options { try take(option, secondsFromUTC) }
        if let validAfter, let validBefore, validBefore <= validAfter { throw .neverValid }
    }

    private mutating func take(
        _ option: AuthorizedKey.Option, _ secondsFromUTC: (UnixTime) -> Seconds
    ) throws(AllowedSignersError.Defect) {
        switch (option.name.lowercased(), option.value) {
        case ("cert-authority", nil): isAuthority = true
        case ("namespaces", let value?) where namespaces == nil: namespaces = value.string
        case ("valid-after", let value?) where validAfter == nil:
            validAfter = try Self.time(value.string, secondsFromUTC)
        case ("valid-before", let value?) where validBefore == nil:
            validBefore = try Self.time(value.string, secondsFromUTC)
        default: throw .option(option.name)
        }
    }

    /// `YYYYMMDD[HHMM[SS]][Z]`.
    ///
    /// Source: OpenSSH's `misc.c`, `parse_absolute_time`.
    private static func time(
        _ text: String, _ secondsFromUTC: (UnixTime) -> Seconds
    ) throws(AllowedSignersError.Defect) -> UnixTime {
        let isUTC = text.hasSuffix("Z")
        let digits = isUTC ? text.dropLast() : text[...]
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), [8, 12, 14].contains(digits.count) else {
            throw .time(text)
        }
        let all = Array(digits + String(repeating: "0", count: 14 - digits.count))
        func part(_ range: Range<Int>) -> String { String(all[range]) }
        let written =
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z"
        guard let time = UnixTime(rfc3339: written.utf8) else { throw .time(text) }
        return isUTC ? time : time - secondsFromUTC(time)
    }
}

/// Why a file of signers cannot be used, or does not allow a signature.
public enum AllowedSignersError: Error, Equatable, Sendable {
    case line(Int, Defect)
    case notAllowed(Obstacle)

    /// What is wrong with a line.
    public enum Defect: Error, Equatable, Sendable {
        case principals
        case key(String)
        case option(String)
        case time(String)
        case neverValid
    }

    /// What stands in the way of a signature.
    public enum Obstacle: Error, Equatable, Sendable {
        case unknown
        case namespace(String)
        case notYet(UnixTime)
        case noLonger(UnixTime)
        case certificate(String)
    }
}

extension AllowedSignersError: CustomStringConvertible {
    /// Where, what was expected and what was found.
    public var description: String {
        switch self {
        case .line(let number, let defect):
            switch defect {
            case .principals: "line \(number): principals expected in front, in UTF-8"
            case .key(let what): "line \(number): \(what)"
            case .option(let name): "line \(number): option \(quoted(name)) is none, or is there twice"
            case .time(let text): "line \(number): YYYYMMDD[HHMM[SS]][Z] expected, \(quoted(text)) found"
            case .neverValid: "line \(number): valid-before is not after valid-after"
            }
        case .notAllowed(let obstacle):
            switch obstacle {
            case .unknown: "signer: none of the allowed"
            case .namespace(let name): "signer: not allowed to sign for \(quoted(name))"
            case .notYet(let time): "signer: not allowed before \(time.rfc3339)"
            case .noLonger(let time): "signer: not allowed since \(time.rfc3339)"
            case .certificate(let what): "signer: certificate: \(what)"
            }
        }
    }
}

/// Whether a list of patterns matches `text`: one of them does, and none behind `!`.
///
/// Source: ssh_config(5) "PATTERNS"; OpenSSH's `match.c`.
func isMatched(_ text: String, byList list: String) -> Bool {
    var isMatched = false
    for entry in list.split(separator: ",", omittingEmptySubsequences: true) {
        let isNegated = entry.hasPrefix("!")
        let pattern = Array(entry.dropFirst(isNegated ? 1 : 0).utf8)
        if matches(Array(text.utf8)[...], pattern[...]) {
            if isNegated { return false }
            isMatched = true
        }
    }
    return isMatched
}

/// `*` stands for any text and `?` for one byte.
private func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    var (text, pattern) = (text, pattern)
    // Where the last star stood, and what of the text it has left to the rest.
    var star: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
    while let byte = text.first {
        if pattern.first == UInt8(ascii: "*") {
            pattern = pattern.dropFirst()
            star = (pattern, text)
        } else if let expected = pattern.first, expected == byte || expected == UInt8(ascii: "?") {
            pattern = pattern.dropFirst()
            text = text.dropFirst()
        } else if let (rest, from) = star {
            star = (rest, from.dropFirst())
            (pattern, text) = (rest, from.dropFirst())
        } else {
            return false
        }
    }
    return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
}
