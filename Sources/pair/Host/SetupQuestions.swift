import Encodings
import Foundation
import HTTP
import HostFiles
import Policy
import Upkeep

/// What set-up needs to know, from flags, from the host as it is, and from whoever sits at the terminal.
struct SetupQuestions {
    private let command: Host.Setup
    private let places: HostPlaces
    private let configuration: Configuration?
    private var missing: [String] = []

    init(command: Host.Setup, places: HostPlaces) {
        self.command = command
        self.places = places
        configuration = try? places.readConfiguration(ownedBy: .rootOrSelf)
    }

    private var canAsk: Bool { !command.json && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// What is asked for.
    /// - Throws: A `Failure` that names the flags which are missing, where nobody can be asked.
    mutating func request() throws -> SetupRequest {
        var request = SetupRequest(program: try program(), pairProgram: Self.ownPath)
        if configuration == nil {
            request.space = try space()
            request.provider = try provider()
        } else {
            request.space = command.space
            request.provider = wanted(issuer: command.issuer, clientID: command.clientID)
        }
        request.logins = command.logins
        request.member = command.member.map { Text($0) }
        if !isOfFleet, needsMember || command.member != nil || !command.logins.isEmpty {
            request.member = try member().map { Text($0) }
            if request.logins.isEmpty, let login = try login() { request.logins = [login] }
        }
        if let member = request.member, IdentityPattern(member) == nil { throw Failure.noIdentity(member) }
        guard missing.isEmpty else { throw Failure.missing(missing) }
        request.scope = command.all ? .everybody : command.scope.isEmpty ? nil : .logins(Set(command.scope).sorted())
        request.keyFiles = keyFiles
        return request
    }

    private var keyFiles: SetupRequest.KeyFiles? {
        if command.keepAuthorizedKeys == true { return .kept }
        if command.breakGlass == true { return .breakGlass }
        return command.keepAuthorizedKeys == false || command.breakGlass == false ? .some(.none) : nil
    }

    /// Whether who may enter is said elsewhere.
    private var isOfFleet: Bool { configuration?.policySource != nil }

    /// Whether nobody is a member yet.
    private var needsMember: Bool {
        guard let configuration else { return true }
        let path = configuration.resolve(configuration.members.path)
        let bytes = try? HostFile(path, ownedBy: .rootOrSelf).read(limit: 1 << 24)
        return (bytes ?? []).split(separator: 0x0A).allSatisfy { $0.first == UInt8(ascii: "#") }
    }

    // MARK: - One by one

    private mutating func space() throws -> String {
        if let space = command.space { return space }
        // A machine without a name of its own is no reason to ask.
        let name = ProcessInfo.processInfo.hostName
        let short = String(name.prefix { $0 != "." })
        let usual = isSpaceName(short.utf8) ? short : "host"
        guard canAsk else { return usual }
        return try ask("Name of this Space", usual: usual) { isSpaceName($0.utf8) ? nil : "letters, digits, . _ -" }
            ?? usual
    }

    private mutating func provider() throws -> SetupRequest.WantedProvider? {
        if command.issuer == nil, !canAsk {
            missing += ["--issuer", "--client-id"]
            return nil
        }
        let issuer = try command.issuer ?? ask("Issuer of your OpenID provider") { Self.faultOfIssuer($0) }
        let clientID = try command.clientID ?? ask("Client id there") { $0.isEmpty ? "not empty" : nil }
        return wanted(issuer: issuer, clientID: clientID)
    }

    private static func faultOfIssuer(_ text: String) -> String? {
        do {
            let address = try WebAddress(Text(text))
            return address.scheme == .https || address.isLoopback ? nil : "https"
        } catch {
            return error.description
        }
    }

    private func wanted(issuer: String?, clientID: String?) -> SetupRequest.WantedProvider? {
        guard let issuer, let clientID else { return nil }
        return SetupRequest.WantedProvider(name: command.provider, issuer: Text(issuer), clientID: Text(clientID))
    }

    private mutating func member() throws -> String? {
        if let member = command.member { return member }
        guard canAsk else {
            missing.append("--member")
            return nil
        }
        return try ask("Who may enter (e-mail, group:NAME or sub:…)") {
            IdentityPattern(Text($0)) == nil ? "alice@example.com, group:NAME, sub:…" : nil
        }
    }

    private mutating func login() throws -> String? {
        guard canAsk else {
            missing.append("--login")
            return nil
        }
        return try ask("As which local user") { name in
            guard isLoginName(name.utf8) else { return "the name of a local user" }
            let user = try? LocalUsers().user(named: name)
            return user == nil ? "a user of this machine" : nil
        }
    }

    /// `pair-authkeys` without a link in its path: as it is said, else beside this program, else where packages put it.
    private func program() throws -> String {
        let folder = (Self.ownPath as NSString).deletingLastPathComponent
        let paths = command.program.map { [$0] } ?? ["/usr/bin/pair-authkeys", "\(folder)/pair-authkeys"]
        for path in paths where FileManager.default.isExecutableFile(atPath: path) {
            return URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        }
        throw SetupError.helperMissing(paths)
    }

    private static let ownPath =
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "pair"

    // MARK: - Asking

    /// Asks until the answer will do; an empty one is the usual one, where there is such.
    private func ask(_ question: String, usual: String? = nil, fault: (String) -> String?) throws -> String? {
        while true {
            Terminal.write("\(question)\(usual.map { " [\($0)]" } ?? ""): ")
            guard let line = readLine() else { throw Failure.noAnswer }
            let answer = line.trimmingCharacters(in: .whitespaces)
            if answer.isEmpty, let usual { return usual }
            guard let expected = fault(answer) else { return answer }
            Terminal.write("  expected: \(expected)\n")
        }
    }
}

extension Failure {
    fileprivate static func missing(_ flags: [String]) -> Failure {
        Failure(
            description: "not said, and nobody to ask: \(flags.joined(separator: ", "))",
            advice: "Give these flags, or run it on a terminal. For example: pair host setup --issuer "
                + "https://accounts.google.com --client-id ID --member alice@example.com --login deploy")
    }

    fileprivate static func noIdentity(_ member: Text) -> Failure {
        Failure(
            description: "--member: an identity expected, found \(quoted(member))",
            advice: "Give an e-mail, sub:…, group:…, claim:NAME=VALUE or *@DOMAIN.")
    }

    fileprivate static let noAnswer = Failure(description: "no answer", advice: "Nothing was changed.")
}
