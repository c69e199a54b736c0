import Encodings
import Policy

/// A pair.toml with two providers and this Space's name.
let baseTOML = """
    space = "build-box"

    [[provider]]
    name = "google"
    issuer = "https://accounts.google.com"
    client_ids = ["1234.apps.googleusercontent.com"]

    [[provider]]
    name = "okta"
    issuer = "https://example.okta.com"
    client_ids = ["pair"]

    """

/// The configuration that `toml` is.
func configuration(_ toml: String = baseTOML) throws(PolicyError) -> Configuration {
    try Configuration(parsing: Array(toml.utf8), file: "/etc/pair/pair.toml")
}

/// Calls `take` with each line of `text` and its number; a last line needs no LF here.
func forEachLine(
    of text: [UInt8], _ take: (Span<UInt8>, Int) throws(PolicyError) -> Void
) throws(PolicyError) {
    let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() { try take(line.span, index + 1) }
}

/// What a membership file with `text` says of `person`.
func outcome(
    _ text: String, _ person: Person = Person(), login: String = "alice", uid: UInt32? = 1001
) throws(PolicyError) -> MembershipOutcome {
    try outcome(Array(text.utf8), person, login: login, uid: uid)
}

func outcome(
    _ bytes: [UInt8], _ person: Person = Person(), login: String = "alice", uid: UInt32? = 1001
) throws(PolicyError) -> MembershipOutcome {
    let query = MembershipQuery(login: login, uid: uid, identity: person.identity, now: Person.now)
    var scan = MembershipScan(query, under: try configuration(), file: "members")
    try forEachLine(of: bytes) { (line, number) throws(PolicyError) in try scan.take(line, number: number) }
    return scan.outcome
}

/// Somebody whose token was verified.
struct Person: Sendable {
    /// 2026-11-22T12:00:00Z.
    static let now = UnixTime(seconds: 1_795_348_800)

    var provider = "google"
    var email: Text? = "alice@example.com"
    var isVerified = true
    /// JSON of the claims beside these.
    var claims = "{}"

    var identity: Identity {
        let object = (try? JSON(parsing: Array(claims.utf8)))?.object ?? JSON.Object()
        let issuer: Text = provider == "google" ? "https://accounts.google.com" : "https://example.okta.com"
        return Identity(
            providerName: provider, issuer: issuer, subject: "1101694", email: email, isEmailVerified: isVerified,
            claims: object, groupsClaim: "groups")
    }
}

extension MembershipOutcome {
    /// The line of a grant, `nil` for any other outcome.
    var grantedLine: Int? {
        if case .granted(let grant) = self { grant.line } else { nil }
    }
}
