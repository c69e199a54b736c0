import Encodings
import SSHKeys

@testable import TestSupport

/// A login by one of the three ways in, good as it is: a person's Keys, an account's certificate, an account's key; and
/// what a recipe changes of it, each thing signed again by whom it says.
struct LoginRecipe {
    private enum Way: CaseIterable {
        case keys
        case authority
        case plainKey
    }

    private let way: Way
    var certificate: CertificateRecipe
    var token: TokenRecipe
    var policy = PolicyRecipe()
    var login = "alice"
    var uid: UInt32? = 1001
    private var keyType: String?
    private(set) var now = CertificateRecipe.now
    private(set) var isAltered = false

    /// A login of each way in, with each type of key and of CA, at either provider, and renewed, with nothing changed.
    static let good: [[UInt8]] = (0..<48).map { [$0] }

    /// Each of them, and with single steps.
    static let seeds: [[UInt8]] =
        good
        + [0, 12, 24, 1, 2].flatMap { (kinds: UInt8) in
            (0..<15).flatMap { step in (0..<12).map { [kinds, step, $0, $0 &* 7, step] } }
        }

    init(_ bytes: [UInt8]) {
        var choices = Recipe(bytes)
        let kinds = choices.byte()
        way = Way.allCases[Int(kinds) % 3]
        let user = Signer.user[Int(kinds / 3 & 1)]
        token = TokenRecipe(client: user)
        if kinds / 12 & 1 == 1 { token.issueAtGoogle() }
        if kinds / 24 & 1 == 1 { token.refreshed = [] }
        switch way {
        case .keys: certificate = CertificateRecipe(certified: user, signer: user)
        case .authority, .plainKey:
            certificate = CertificateRecipe(certified: user, signer: Signer.authority[Int(kinds / 6 & 1)])
            certificate.principals = [Array("pgs".utf8)]
            login = "pgs"
        }
        isAltered = !choices.isAtEnd
        let steps = steps
        while !choices.isAtEnd { steps[choices.index(below: steps.count)](&self, &choices) }
    }

    /// What the way in depends on, most of it twice as likely as what spoils any login.
    private var steps: [Step] {
        switch way {
        case .keys: LoginRecipe.common + LoginRecipe.ofKeys
        case .authority: LoginRecipe.common + LoginRecipe.ofAuthority
        case .plainKey: LoginRecipe.common + LoginRecipe.ofAccount
        }
    }

    private static let common: [Step] = [
        { recipe, choices in
            switch choices.byte() {
            case 0..<130: recipe.login = choices.one(of: PolicyRecipe.logins)
            case 130..<210: recipe.now += choices.one(of: PolicyRecipe.shifts, or: 0)
            case 210..<235: recipe.keyType = choices.one(of: types)
            default: recipe.login = String(decoding: choices.text(), as: UTF8.self)
            }
        },
        { recipe, choices in recipe.step(PolicyRecipe.steps, \.policy, &choices) },
    ]

    private static let ofCertificate: [Step] = [
        { recipe, choices in recipe.step(CertificateRecipe.steps, \.certificate, &choices) },
        { recipe, choices in recipe.step(CertificateRecipe.breaks, \.certificate, &choices) },
        { $0.certificate.principals.append(Array($1.one(of: names).utf8)) },
        { $0.certificate.principals = [Array($1.one(of: names).utf8)] },
    ]

    private static let ofAccount: [Step] = [
        { recipe, choices in recipe.step(PolicyRecipe.accountSteps, \.policy, &choices) },
        { recipe, choices in recipe.step(PolicyRecipe.accountSteps, \.policy, &choices) },
    ]

    private static let ofAuthority =
        ofAccount + ofCertificate + [
            { recipe, choices in
                scenesOfAuthority[choices.index(below: scenesOfAuthority.count)](&recipe, &choices)
            }
        ]

    private static let ofKeys: [Step] =
        ofCertificate + [
            { recipe, choices in recipe.step(TokenRecipe.steps, \.token, &choices) },
            { recipe, choices in recipe.step(TokenRecipe.steps, \.token, &choices) },
            { recipe, choices in recipe.step(PolicyRecipe.personSteps, \.policy, &choices) },
            { recipe, choices in recipe.step(PolicyRecipe.personSteps, \.policy, &choices) },
            { recipe, choices in scenes[choices.index(below: scenes.count)](&recipe, &choices) },
            { recipe, choices in scenes[choices.index(below: scenes.count)](&recipe, &choices) },
            { $0.uid = $1.one(of: [1001, nil, 0, 999, 1000, 65_533, 65_534, 65_535, .max], or: nil) },
        ]

    private static let names = ["admin", "pgs", "tuns", "alice", "opkssh-wildcard"]

    private static let types = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-ed25519-cert-v01@openssh.com",
        "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ssh-rsa", "",
    ]

    private mutating func step<Part>(
        _ steps: [@Sendable (inout Part, inout Recipe) -> Void], _ part: WritableKeyPath<LoginRecipe, Part>,
        _ choices: inout Recipe
    ) {
        steps[choices.index(below: steps.count)](&self[keyPath: part], &choices)
    }

    private var blob: [UInt8] {
        guard way != .plainKey else { return certificate.certified.publicKey.blob }
        guard way == .keys else { return certificate.blob }
        var certificate = certificate
        var option = CertificateRecipe.Option(Array("openpubkey-pkt".utf8), string: nil)
        option.data = token.text
        for _ in 0..<token.wraps { option = CertificateRecipe.Option(option.name, string: option.data) }
        // A token that the recipe has put there stays; the list's order is the recipe's matter.
        if certificate.extensions.contains(where: { $0.name == option.name }) { return certificate.blob }
        certificate.extensions.insert(option, at: 0)
        return certificate.blob
    }

    /// What a host is asked, and what it has.
    var made: Case {
        Case(
            toml: policy.toml, members: policy.members, accounts: policy.accounts(of: way == .plainKey),
            revoked: policy.revoked, keySets: policy.keySets, groups: ["root": .success(.member)], login: Text(login),
            uid: uid, key: Array(base64(blob).utf8), keyType: keyType.map { Text($0) },
            now: UnixTime(seconds: now))
    }
}
