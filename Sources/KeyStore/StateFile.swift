internal import Encodings
internal import SSHKeys

// The state as a file of JSON: one object, one line.

extension StoredState {
    /// What a file of ours says first, so that a later pair can tell it from its own.
    static let version: Int64 = 1

    /// Far more than any refresh token needs.
    static let maximumCount = 64 * 1024

    /// More fingerprints than are ever kept.
    static let maximumKeys = 16

    /// The file's bytes.
    var file: [UInt8] {
        var identity = JSON.Object()
        identity.add("sub", .string(subject))
        identity.addAny("email", email.map { .string($0) })
        var object = JSON.Object()
        object.add("version", .integer(StoredState.version))
        object.add("name", .string(Text(name)))
        object.add("provider", .object(provider.members))
        object.add("keys", .array(keys.map { .string(Text($0.description)) }))
        object.add("in_agent", .bool(isInAgent))
        object.addAny("refresh_token", refreshToken.map { .string($0) })
        object.add("identity", .object(identity))
        object.add("issued", .integer(issued.seconds))
        object.add("expires", .integer(expires.seconds))
        return JSON.object(object).encoded + [UInt8(ascii: "\n")]
    }

    /// The state that a file holds.
    ///
    /// Members that we do not know are passed over, and are gone when the state is next written.
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - name: What the file is named after.
    /// - Throws: Each case of `StateDefect`.
    init(file bytes: [UInt8], name: String) throws(StateDefect) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: bytes)
        } catch {
            throw .json(error)
        }
        guard let object = json.object else { throw .member("") }
        let file = Members(object, of: "")
        // Before all else: another version may have any other members.
        let version = try file.integer("version")
        guard version == StoredState.version else { throw .version(version) }
        let found = try file.text("name")
        guard found == Text(name) else { throw .name(found) }
        let identity = try file.members("identity")
        self.init(
            name: name, provider: try StoredProvider(file.members("provider")),
            keys: try StoredState.fingerprints(file.texts("keys") ?? []), isInAgent: try file.flag("in_agent"),
            refreshToken: try file.optionalText("refresh_token"), subject: try identity.text("sub"),
            email: try identity.optionalText("email"), issued: UnixTime(seconds: try file.integer("issued")),
            expires: UnixTime(seconds: try file.integer("expires")))
    }

    private static func fingerprints(_ texts: [Text]) throws(StateDefect) -> [Fingerprint] {
        let fingerprints = texts.compactMap { Fingerprint($0) }
        guard fingerprints.count == texts.count, (1...maximumKeys).contains(texts.count) else { throw .member("keys") }
        return fingerprints
    }
}

extension StoredProvider {
    fileprivate var members: JSON.Object {
        func list(_ texts: [Text]?) -> JSON? { texts.map { .array($0.map { .string($0) }) } }
        let pairs = parameters.map { $0.map { JSON.array([.string($0.name), .string($0.value)]) } }
        var object = JSON.Object()
        object.add("name", .string(name))
        object.add("issuer", .string(issuer))
        object.add("client_id", .string(clientID))
        object.addAny("scopes", list(scopes))
        object.addAny("redirect_uris", list(redirectURIs))
        // A list, and not an object, in which no name could stand twice.
        object.addAny("parameters", pairs.map { .array($0) })
        object.addAny("keys_lifetime", keysLifetime.map { .integer($0.count) })
        object.addAny("renewable_for", renewableFor.map { .integer($0.count) })
        object.addAny("beyond_token_expiry", beyondTokenExpiry.map { .bool($0) })
        object.addAny("token_types", list(tokenTypes))
        object.addAny("algorithms", list(algorithms))
        return object
    }

    fileprivate init(_ members: Members) throws(StateDefect) {
        self.init(
            name: try members.text("name"), issuer: try members.text("issuer"),
            clientID: try members.text("client_id"), scopes: try members.texts("scopes"),
            redirectURIs: try members.texts("redirect_uris"),
            parameters: try StoredProvider.parameters(members),
            keysLifetime: try members.optionalInteger("keys_lifetime").map { Seconds($0) },
            renewableFor: try members.optionalInteger("renewable_for").map { Seconds($0) },
            beyondTokenExpiry: try members.optionalFlag("beyond_token_expiry"),
            tokenTypes: try members.texts("token_types"), algorithms: try members.texts("algorithms"))
    }

    private static func parameters(_ members: Members) throws(StateDefect) -> [Parameter]? {
        guard let elements = try members.list("parameters") else { return nil }
        var parameters: [Parameter] = []
        for element in elements {
            guard let pair = element.elements, pair.count == 2, let name = pair[0].text, let value = pair[1].text else {
                throw .member("provider.parameters")
            }
            parameters.append(Parameter(name: name, value: value))
        }
        return parameters
    }
}

extension JSON.Object {
    fileprivate mutating func addAny(_ name: Text, _ value: JSON?) {
        if let value { add(name, value) }
    }
}

/// The members of one object, and where it stands.
private struct Members {
    private let object: JSON.Object
    private let prefix: String

    init(_ object: JSON.Object, of prefix: String) {
        self.object = object
        self.prefix = prefix
    }

    /// The value of a member as `read` takes it; `nil` where there is no such member, or it is null.
    private func optional<Value>(_ name: String, _ read: (JSON) -> Value?) throws(StateDefect) -> Value? {
        guard let json = object[Text(name)], json != .null else { return nil }
        guard let value = read(json) else { throw .member(prefix + name) }
        return value
    }

    private func required<Value>(_ name: String, _ read: (JSON) -> Value?) throws(StateDefect) -> Value {
        guard let value = try optional(name, read) else { throw .member(prefix + name) }
        return value
    }

    func text(_ name: String) throws(StateDefect) -> Text { try required(name) { $0.text } }

    func optionalText(_ name: String) throws(StateDefect) -> Text? { try optional(name) { $0.text } }

    func integer(_ name: String) throws(StateDefect) -> Int64 { try required(name, integer) }

    func optionalInteger(_ name: String) throws(StateDefect) -> Int64? { try optional(name, integer) }

    private func integer(_ json: JSON) -> Int64? {
        if case .integer(let value) = json { value } else { nil }
    }

    func flag(_ name: String) throws(StateDefect) -> Bool { try required(name, flag) }

    func optionalFlag(_ name: String) throws(StateDefect) -> Bool? { try optional(name, flag) }

    private func flag(_ json: JSON) -> Bool? {
        if case .bool(let value) = json { value } else { nil }
    }

    func list(_ name: String) throws(StateDefect) -> [JSON]? { try optional(name) { $0.elements } }

    func texts(_ name: String) throws(StateDefect) -> [Text]? {
        try optional(name) { json in
            guard let elements = json.elements else { return nil }
            let texts = elements.compactMap { $0.text }
            return texts.count == elements.count ? texts : nil
        }
    }

    func members(_ name: String) throws(StateDefect) -> Members {
        Members(try required(name) { $0.object }, of: "\(prefix)\(name).")
    }
}
