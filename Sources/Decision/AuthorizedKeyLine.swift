public import Encodings
internal import IdentityToken
internal import Policy
internal import SSHKeys

/// The one thing that is ever printed for sshd: a line of authorized_keys that lets one key in.
///
/// Only a decision makes one. Nothing of a certificate or token is in it, except a key and a principal that equals one
/// we expect. Source: sshd(8) "AUTHORIZED_KEYS FILE FORMAT".
public struct AuthorizedKeyLine: Equatable, Sendable {
    /// The line, without its line feed.
    public let text: String

    /// When sshd stops to accept it.
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
        let end = [certificate.end, token.end, grant.until ?? .never].min() ?? token.end
        var options = ["restrict"]
        for permit in SessionPermit.allCases
        where configuration.permits.contains(permit) && !grant.withheld.contains(permit) {
            options.append(permit.rawValue)
        }
        if let command = grant.command { options.append("command=\"\(escaped(command))\"") }
        if let from = grant.from { options.append("from=\"\(escaped(from))\"") }
        switch configuration.expiryTime {
        case .utc: options.append("expiry-time=\"\(end.timestamp)Z\"")
        case .local: options.append("expiry-time=\"\(localTimestamp(end, moment.localTime))\"")
        case .omitted: break
        }
        options += ["cert-authority", "principals=\"\(principal.name)\""]
        text = options.joined(separator: ",") + " " + certificate.signatureKey.authorizedKeysText
        self.end = end
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
