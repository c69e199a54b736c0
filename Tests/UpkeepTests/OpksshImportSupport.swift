// opkssh's files as texts, and what is asked of what comes of them.

import Encodings
import Policy

@testable import Upkeep

/// Two providers, in lines of opkssh's.
let opksshProviders = """
    https://accounts.google.com 1234.apps.googleusercontent.com 24h
    https://idp.example.com pair 12h

    """

/// The import of these texts, for the Space build-box.
func imported(
    providers: String = opksshProviders, policy: String? = nil, settings: String? = nil,
    homes: [(login: String, text: String)] = [], plugins: [String] = []
) throws(OpksshImportError) -> OpksshImport {
    var files = OpksshFiles(providers: OpksshFile(path: "providers", bytes: Array(providers.utf8)))
    files.policy = policy.map { OpksshFile(path: "auth_id", bytes: Array($0.utf8)) }
    files.serverConfiguration = settings.map { OpksshFile(path: "config.yml", bytes: Array($0.utf8)) }
    files.homes = homes.map {
        ($0.login, OpksshFile(path: "/home/\($0.login)/.opk/auth_id", bytes: Array($0.text.utf8)))
    }
    files.plugins = plugins
    return try OpksshImport(of: files, space: "build-box")
}

extension OpksshImport {
    /// What pair.toml says, by the parser that judges logins.
    var parsed: Configuration {
        get throws(PolicyError) { try Configuration(parsing: Array(configuration.utf8), file: "pair.toml") }
    }

    /// The lines of members that are no comments, each column set off by one blank.
    var grants: [String] {
        members.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            // No value in these tests has two blanks in a row.
            line.split(separator: " ").joined(separator: " ")
        }
    }

    /// The comments of members below its first line and its headings.
    var comments: [String] {
        members.split(separator: "\n").filter { $0.hasPrefix("#") }.dropFirst().map(String.init)
            .filter { !$0.hasPrefix("# From ") && !$0.hasPrefix("# Refused by ") }
    }

    /// What members says of somebody at a provider.
    func outcome(
        for login: String, at provider: String, claims: String, email: Text? = nil, isVerified: Bool = true
    ) throws -> MembershipOutcome {
        let configuration = try parsed
        let object = try JSON(parsing: Array(claims.utf8)).object ?? JSON.Object()
        let issuer = configuration.providers.first { $0.name == provider }?.issuer ?? ""
        let identity = Identity(
            providerName: provider, issuer: issuer, subject: object["sub"]?.text ?? "1101694", email: email,
            isEmailVerified: isVerified, claims: object, groupsClaim: "groups")
        let query = MembershipQuery(login: login, uid: 1001, identity: identity, now: UnixTime(seconds: 1_795_348_800))
        var scan = MembershipScan(query, under: configuration, file: "members")
        for (index, line) in members.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = Array(line)
            try scan.take(line.span, number: index + 1)
        }
        return scan.outcome
    }
}
