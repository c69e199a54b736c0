public import Encodings
internal import IdentityToken
internal import Policy
internal import SSHKeys

/// The one thing that is ever printed for sshd: a line of authorized_keys that lets one key in.
///
/// Only a decision makes one. Nothing of a certificate or token is in it, except a key, an end, and a principal that
/// equals one we expect. Source: sshd(8) "AUTHORIZED_KEYS FILE FORMAT".
public struct AuthorizedKeyLine: Equatable, Sendable {
    /// The line, without its line feed.
    public let text: String

    /// When sshd stops to accept it; `never` for a line without an end.
    public let end: UnixTime

    /// The line that lets Keys in.
    /// - Parameters:
    ///   - certificate: The certificate that the key signed itself.
    ///   - principal: The one name of the certificate's list that we accept.
    ///   - token: What the provider said of whoever holds the key.
    ///   - grant: What the membership file gives them.
    ///   - configuration: The host's.
    ///   - moment: For the end in local time, where sshd wants it so.
    init(
        keys certificate: CertificateContents, principal: Principal, token: VerifiedToken, grant: Grant,
        configuration: Configuration, moment: Moment
    ) {
        self.init(
            permits: configuration.permits.filter { !grant.withheld.contains($0) }, command: grant.command,
            from: grant.from, end: [certificate.end, token.end, grant.until ?? .never].min() ?? token.end,
            principal: principal, key: certificate.signatureKey, configuration: configuration, moment: moment)
    }

    /// The line that lets in what an account's CA signed, until the certificate ends.
    /// - Parameters:
    ///   - certificate: What the CA signed.
    ///   - principal: The one name of the certificate's list that reaches the service.
    ///   - command: The service's.
    ///   - configuration: The host's.
    ///   - moment: For the end in local time, where sshd wants it so.
    init(
        certificate: CertificateContents, principal: Principal, command: Text?, configuration: Configuration,
        moment: Moment
    ) {
        // No line can say what is behind the year 9999, and sshd looks at the certificate's own end besides.
        self.init(
            permits: configuration.permits, command: command, from: nil,
            end: certificate.end > .lastPrintable ? nil : certificate.end, principal: principal,
            key: certificate.signatureKey, configuration: configuration, moment: moment)
    }

    /// The line that lets in an account's plain key: it has no end.
    init(plainKey key: PublicKey, command: Text?, configuration: Configuration, moment: Moment) {
        self.init(
            permits: configuration.permits, command: command, from: nil, end: nil, principal: nil, key: key,
            configuration: configuration, moment: moment)
    }

    /// A line of these parts; with a principal it is a CA's, and lets in what the key signed for that name.
    private init(
        permits: [SessionPermit], command: Text?, from: Text?, end: UnixTime?, principal: Principal?,
        key: PublicKey, configuration: Configuration, moment: Moment
    ) {
        var options = ["restrict"]
        for permit in SessionPermit.allCases where permits.contains(permit) { options.append(permit.rawValue) }
        if let command { options.append("command=\"\(escaped(command))\"") }
        if let from { options.append("from=\"\(escaped(from))\"") }
        if let end {
            switch configuration.expiryTime {
            case .utc: options.append("expiry-time=\"\(end.timestamp)Z\"")
            case .local: options.append("expiry-time=\"\(localTimestamp(end, moment.localTime))\"")
            case .omitted: break
            }
        }
        if let principal { options += ["cert-authority", "principals=\"\(principal.name)\""] }
        text = options.joined(separator: ",") + " " + key.authorizedKeysText
        self.end = end ?? .never
    }
}

/// Inside quotes sshd knows one escape, for the quote; that none stands behind a backslash is the policy's doing.
private func escaped(_ value: Text) -> String {
    String(decoding: value.utf8.flatMap { $0 == UInt8(ascii: "\"") ? [UInt8(ascii: "\\"), $0] : [$0] }, as: UTF8.self)
}

/// The local time that sshd takes for `end`, never for a moment after it.
private func localTimestamp(_ end: UnixTime, _ time: LocalTime) -> String {
    // In summer sshd reads what the clock shows an hour late, so an hour less is printed.
    let shown = time.shown(end)
    var printed = shown - time.readBySSHD(shown).since(end)
    // Where a zone changes more than its summer there, that may still be read too late.
    for _ in 0..<8 where time.readBySSHD(printed) > end { printed = printed - Seconds(1800) }
    return printed.timestamp
}
