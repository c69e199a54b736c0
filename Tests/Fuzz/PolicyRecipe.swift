import SSHKeys

/// A host's files, good for all three ways in as they are, and what a recipe makes of them.
struct PolicyRecipe {
    private var settings: [String] = []
    private var provider: [String] = []
    private var tables: [String] = []
    private var services = PolicyRecipe.goodServices
    /// Where the first line must not let in, another would: a wrong grant shows on the line for sshd.
    var memberLines = [
        "build-box alice@example.com example alice,deploy,root",
        "build-box sub:248289761001 example alice,deploy,root no-user-rc",
        "build-box *@example.com google alice,deploy", "build-box group:dev google alice,deploy no-pty",
    ]
    var accountOptions = "cert-authority"
    private var accountLines: [String] = []
    var revokedLines: [String] = []
    private var keys = Signer.provider.indices.map { PolicyRecipe.key($0, Signer.provider[$0]) }
    private var keySetMembers: TokenRecipe.Members = [
        "fetched_at": "\(CertificateRecipe.now)", "jwks_uri": "\"https://login.example.com/jwks\"",
    ]
    private var isKeySetThere = true

    static let logins = ["alice", "deploy", "root", "pgs", "tuns", "both", "bob", "Alice", "nobody", "guest"]
    static let shifts: [Int64] = [
        -86_400, -301, -31, -30, -29, -1, 0, 1, 29, 30, 299, 300, 301, 3599, 3600, 43_200, 43_201, 86_400, 86_401,
    ]

    private static let goodServices = """
        [[service]]
        name = "admin"
        logins = ["root", "both"]
        [[service]]
        name = "pgs"
        logins = ["pgs", "both"]
        command = "/usr/bin/pgs --account {account} {service}/{login}"
        [[service]]
        name = "tuns"
        logins = ["tuns"]

        """

    typealias Step = @Sendable (inout PolicyRecipe, inout Recipe) -> Void

    /// What every way in depends on.
    static let steps: [Step] = [
        { $0.revokedLines.append(revoked(&$1)) },
        { $0.revokedLines.append(revoked(&$1)) },
        { $0.settings.append($1.one(of: settings)) },
        { $0.tables.append($1.one(of: tables)) },
    ]

    static let accountSteps: [Step] = [
        { $0.accountOptions = $1.one(of: accountOptions) },
        { $0.accountOptions = $1.one(of: accountOptions) },
        { $0.services = $1.one(of: otherServices) },
        { $0.accountLines.append("umbrella \($1.one(of: accountOptions)) \(key(&$1))") },
        { $0.accountLines.append(String(decoding: $1.text(), as: UTF8.self)) },
    ]

    static let personSteps: [Step] = [
        { $0.memberLines.append(member(&$1)) },
        { $0.memberLines.insert(member(&$1), at: 0) },
        { $0.memberLines.append("build-box \($1.one(of: identities)) \($1.one(of: ["example", "*", "google"])) deny") },
        { $0.memberLines = [member(&$1)] },
        { $0.memberLines = [member(&$1)] },
        { $0.memberLines = [($0.memberLines.first ?? "") + " " + options(&$1)] },
        { recipe, _ in recipe.memberLines = [] },
        { $0.memberLines.append(String(decoding: $1.text(), as: UTF8.self)) },
        { $0.provider.append($1.one(of: providerSettings)) },
        { $0.keySetMembers.set("fetched_at", $1.one(of: TokenRecipe.values, or: nil)) },
        { $0.keySetMembers.set("issuer", $1.one(of: TokenRecipe.values, or: nil)) },
        { recipe, _ in recipe.isKeySetThere = false },
        { recipe, choices in
            guard !recipe.keys.isEmpty else { return }
            let index = choices.index(below: recipe.keys.count)
            recipe.keys[index].set(choices.one(of: keyNames), choices.one(of: keyValues, or: nil))
        },
        { $0.keys.append(key($1.index(below: 3), $1.one(of: Signer.all, or: Signer.stranger[0]))) },
        { recipe, choices in
            if !recipe.keys.isEmpty { recipe.keys.remove(at: choices.index(below: recipe.keys.count)) }
        },
    ]

    // MARK: - Lines

    private static let identities = [
        "alice@example.com", "*@example.com", "sub:248289761001", "group:sre", "claim:department=ops",
        "Alice@Example.com", "\"group:sre\"", "bob@example.com", "sub:1", "group:dev", "claim:email_verified=true",
        "*@EXAMPLE.com", "claim:groups=sre", "*@evil.example",
    ]

    private static func member(_ choices: inout Recipe) -> String {
        let space = choices.one(of: ["build-box", "*", "\"build-box\"", "other", "build-box2"])
        let identity = choices.one(of: identities)
        let provider = choices.one(of: ["example", "google", "*", "nowhere"])
        let logins = choices.one(of: [
            "alice", "deny", "{email-local}", "alice,deploy", "{claim:department}", "deploy", "root",
            "{claim:sub},alice",
            "pgs,tuns",
        ])
        return "\(space) \(identity) \(provider) \(logins) \(choices.index(below: 3) == 1 ? options(&choices) : "")"
    }

    private static func options(_ choices: inout Recipe) -> String {
        let values = [
            "role=owner", "until=2026-11-22T12:00:00Z", "until=2026-11-22T12:00:01Z", "until=2026-11-22T12:04:59Z",
            "until=2026-11-22T11:59:59Z", "until=2030-01-01T00:00:00Z", "from=\"10.0.0.0/8,::1\"", "from=*",
            "command=\"/bin/sh -c \\\"a, b\\\"\"", "command=id", "command=\"a\\\\b\"", "command=\"größe\"",
            "no-pty", "no-port-forwarding", "no-agent-forwarding", "no-user-rc", "require=department:ops",
            "require=groups:sre", "require=\"https://a.example/roles:admin\"", "require=sub:248289761001",
            "unix-group=root", "unix-group=\"root\"", "unix-group=nowhere",
        ]
        var chosen = [choices.one(of: values)]
        while choices.byte() & 3 == 3 { chosen.append(choices.one(of: values)) }
        if choices.byte() & 7 == 7 {
            let text = String(decoding: choices.text(), as: UTF8.self)
            let escaped = text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
            chosen.append("command=\"\(String(escaped))\"")
        }
        return chosen.joined(separator: ",")
    }

    private static let accountOptions = [
        "cert-authority", "cert-authority,services=\"pgs\"", "cert-authority,services=\"tuns\"",
        "cert-authority,services=\"admin\"", "cert-authority,services=\"pgs,tuns\"", "", "services=\"pgs\"",
        "cert-authority,services=\"pgs,admin\"", "cert-authority,cert-authority", "restrict",
    ]

    private static func key(_ choices: inout Recipe) -> String {
        choices.one(of: Signer.all, or: Signer.stranger[0]).text
    }

    private static func revoked(_ choices: inout Recipe) -> String {
        func fingerprint() -> String { choices.one(of: Signer.all, or: Signer.stranger[0]).fingerprint }
        switch choices.index(below: 4) {
        case 0: return "key \(fingerprint())"
        case 1:
            let provider = choices.one(of: ["example", "*", "google"])
            return "identity \(provider) "
                + choices.one(of: ["sub:248289761001", "alice@example.com", "ALICE@example.com", "sub:1"])
        case 2:
            let first = UInt64(choices.byte())
            return "cert \(fingerprint()) serial=\(first)" + choices.one(of: ["", "-300", "-\(first)", "-0", "-"])
        default:
            return "cert \(fingerprint()) id=\"" + choices.one(of: ["alice@example.com", "Alice@example.com", "x"])
                + "\""
        }
    }

    // MARK: - Settings

    private static let settings = [
        "clock_skew = \"0s\"", "clock_skew = \"1h\"", "template_min_uid = 1", "template_min_uid = 1002",
        "unix_groups = true", "unix_groups = false",
        "revoked = \"gone\"",
    ]
    private static let providerSettings = [
        "algorithms = [\"ES256\"]", "algorithms = [\"EdDSA\"]", "algorithms = [\"RS256\"]",
        "token_types = [\"at+jwt\"]", "token_types = [\"JWT\", \"at+jwt\"]", "keys_lifetime = \"1h\"",
        "keys_lifetime = \"1s\"", "renewable_for = \"1s\"", "renewable_for = \"30d\"", "beyond_token_expiry = true",
        "max_key_set_age = \"1s\"", "max_key_set_age = \"30d\"", "groups_claim = \"department\"",
    ]
    private static let tables = [
        "[session]\npermit = []", "[session]\npermit = [\"X11-forwarding\", \"pty\"]", "[line]\nexpiry_time = \"none\"",
        "[line]\nexpiry_time = \"local\"", "[line]\nexpiry_time = \"utc\"",
    ]
    private static let otherServices = [
        "", "[[service]]\nname = \"pgs\"\nlogins = [\"pgs\"]\n", "[[service]]\nname = \"admin\"\nlogins = [\"pgs\"]\n",
        "[[service]]\nname = \"tuns\"\nlogins = [\"pgs\", \"both\"]\ncommand = \"{login}{account}}{account\"\n",
        "[[service]]\nname = \"pgs\"\nlogins = [\"pgs\", \"both\"]\ncommand = \"echo \\\"{login}\\\"\"\n",
    ]

    private static let keyNames = ["kid", "alg", "use", "key_ops", "kty", "crv", "x", "y", "d", "k"]
    private static let keyValues: [String?] = [
        nil, "\"key-0\"", "\"key-1\"", "\"EdDSA\"", "\"Ed25519\"", "\"ES256\"", "\"RS256\"", "\"sig\"", "\"enc\"",
        "[\"verify\"]", "[\"sign\"]", "[]", "1", "\"OKP\"", "\"EC\"", "\"oct\"", "\"AA\"", "\"\"", "\"P-256\"",
    ]

    private static func key(_ index: Int, _ signer: Signer) -> TokenRecipe.Members {
        var members: TokenRecipe.Members = ["kid": "\"key-\(index)\""]
        for (name, json) in signer.members { members.set(name, json) }
        return members
    }

    // MARK: - The files

    var toml: [UInt8] {
        let parts =
            ["space = \"build-box\""] + settings
            + [
                "[[provider]]", "name = \"example\"", "issuer = \"https://login.example.com\"",
                "client_ids = [\"pair-ssh\", \"pair-other\"]",
            ] + provider
            + [
                "[[provider]]", "name = \"google\"", "issuer = \"https://accounts.google.com\"",
                "client_ids = [\"pair-google\", \"pair-ssh\"]", services,
            ] + tables
        return Array((parts.joined(separator: "\n") + "\n").utf8)
    }

    private func file(_ lines: [String]) -> [UInt8] { Array(lines.map { $0 + "\n" }.joined().utf8) }

    var members: [UInt8] { file(memberLines) }

    /// The users' own keys stand there where they are to log in with them alone.
    func accounts(of isPlain: Bool) -> [UInt8] {
        let authorities = Signer.authority.map { "acme \(accountOptions) \($0.text)" }
        let users = Signer.user.map { "acme \($0.text) laptop" }
        return file(authorities + (isPlain ? users : []) + accountLines)
    }

    var revoked: [UInt8]? { revokedLines.isEmpty ? nil : file(revokedLines) }

    var keySets: [String: [UInt8]] {
        guard isKeySetThere else { return [:] }
        let list = keys.map { String(decoding: $0.text, as: UTF8.self) }.joined(separator: ",")
        var sets: [String: [UInt8]] = [:]
        for (name, issuer) in [("example", "https://login.example.com"), ("google", "https://accounts.google.com")] {
            var members = keySetMembers
            if !members.all.contains(where: { $0.name == "issuer" }) { members.set("issuer", "\"\(issuer)\"") }
            members.set("keys", "[\(list)]")
            sets[name] = members.text
        }
        return sets
    }
}
