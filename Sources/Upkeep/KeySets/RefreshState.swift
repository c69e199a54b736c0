public import Encodings
public import HostFiles
public import Policy

/// What is kept of a provider from one refresh to the next, in a file of root's beside the key sets.
///
/// Losing it costs nothing but a request. What it says about the set in the cache counts only while that is the very file
/// it was written for.
public struct RefreshState: Sendable, Equatable {
    /// Whose keys are meant: of another issuer it says nothing.
    public let issuer: Text
    /// When it was last asked; `nil` for never.
    public private(set) var asked: UnixTime?
    /// When it is to be asked again; `nil` for now.
    public private(set) var next: UnixTime?
    /// How many times in a row it was asked without a set that could be used.
    public private(set) var failures: Int64 = 0
    /// Why the last time; `nil` after a success.
    public private(set) var failure: RefreshFailure?

    /// How many times it was asked, the time included that may be under way.
    private(set) var begun: Int64 = 0
    /// The number of the last time that came to an end.
    private(set) var ended: Int64 = 0
    /// The request of a login that the last time was to answer as well.
    private(set) var poke: Poke?
    /// Of a policy, which one was applied last; `nil` for none, and for key sets.
    private(set) var serial: UInt64?
    /// What is in the cache; `nil` where it cannot be named to the provider.
    private(set) var served: ServedSet?

    /// The set in the cache, as the provider named it.
    struct ServedSet: Sendable, Equatable {
        let entityTag: Text
        let jwksURI: Text
        /// SHA-256 of the cache's file, in hex: the name holds for that file and no other.
        let digest: Text
    }

    /// The state of a provider that was never asked.
    init(issuer: Text) { self.issuer = issuer }

    /// The state once the provider is being asked.
    func beginning(at now: UnixTime, poke: Poke?) -> RefreshState {
        var state = self
        state.asked = now
        state.begun &+= 1
        state.poke = poke
        return state
    }

    /// The state once it has given a set.
    func succeeding(next: UnixTime, served: ServedSet?, serial: UInt64? = nil) -> RefreshState {
        var state = self
        state.serial = serial
        (state.next, state.ended, state.served) = (next, begun, served)
        (state.failures, state.failure) = (0, nil)
        return state
    }

    /// The state once a watch has brought what is applied now, or what may not be; nobody was asked.
    ///
    /// When it is to be asked again stays as it was: whoever writes where the watch looks could else keep it from being
    /// asked at all.
    func brought(serial: UInt64?, failure: RefreshFailure?) -> RefreshState {
        var state = self
        if failure == nil { state.serial = serial }
        state.failure = failure
        return state
    }

    /// The state once it has given none.
    func failing(next: UnixTime, failure: RefreshFailure) -> RefreshState {
        var state = self
        (state.next, state.ended) = (next, begun)
        (state.failures, state.failure) = (min(failures, 1000) + 1, failure)
        return state
    }
}

/// A login's request for a refresh: the time of modification of the file that it touched.
///
/// Only whether it is the same one counts: whoever owns the file could give it any time.
public struct Poke: Sendable, Equatable {
    /// Since 1970.
    public let microseconds: Int64

    /// The request made at that moment.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }
}

/// Why a provider gave no set, in words for people.
public struct RefreshFailure: Sendable, Equatable {
    /// What and why, without a full stop.
    public let description: String
    /// What to do about it, in a sentence or two; `nil` where there is nothing.
    public let advice: String?

    init(description: String, advice: String?) {
        self.description = description
        self.advice = advice
    }

    init(_ error: RefreshError) {
        self.init(description: error.description, advice: error.advice)
    }

    init(_ error: PolicyRefreshError) {
        self.init(description: error.description, advice: error.advice)
    }
}

// MARK: - The file

extension RefreshState {
    /// Where states and locks are, in the folder of the key sets.
    static let folder = ".refresh"

    /// The state of a provider as the last refresh left it; `nil` where there is none that can be used.
    /// - Parameters:
    ///   - provider: Which.
    ///   - configuration: pair.toml.
    ///   - ownership: Who may have written it.
    public init?(of provider: Provider, under configuration: Configuration, ownedBy ownership: Ownership) {
        let path = "\(configuration.resolve(configuration.keySets.path))/\(RefreshState.folder)"
        guard let folder = try? OpenFolder(path, ownedBy: ownership),
            let state = try? RefreshState(of: provider, in: folder, ownedBy: ownership)
        else { return nil }
        self = state
    }

    /// - Throws: `FileFault` where what stands at its name keeps another from being written.
    init?(
        of provider: Provider, in folder: borrowing OpenFolder, ownedBy ownership: Ownership
    ) throws(FileFault) {
        try self.init("\(provider.name).json", of: provider.issuer, in: folder, ownedBy: ownership)
    }

    /// The state in the file called `name`, of what is at `issuer`.
    /// - Throws: `FileFault` where what stands at its name keeps another from being written.
    init?(
        _ name: String, of issuer: Text, in folder: borrowing OpenFolder, ownedBy ownership: Ownership
    ) throws(FileFault) {
        let bytes: [UInt8]
        do throws(FileFault) {
            bytes = try folder.read(name, limit: RefreshState.maximumCount, ownedBy: ownership)
        } catch {
            switch error {
            // What somebody else could have written is not believed, and replaced by the next that we write.
            case .missing, .tooLarge, .foreignOwner, .writableByOthers: return nil
            case .notRegular, .notDirectory, .lineTooLong, .tornLine, .changed, .stopped, .shortWrite, .pathMalformed,
                .system:
                throw error
            }
        }
        self.init(file: bytes, issuer: issuer)
    }

    /// Far more than all of it has.
    static let maximumCount = 64 << 10

    private static let version: Int64 = 1

    /// The file's bytes: a line of JSON.
    var file: [UInt8] {
        var object = JSON.Object()
        object.add("version", .integer(RefreshState.version))
        object.add("issuer", .string(issuer))
        object.add("begun", .integer(begun))
        object.add("ended", .integer(ended))
        if let asked { object.add("asked", .integer(asked.seconds)) }
        if let next { object.add("next", .integer(next.seconds)) }
        object.add("failures", .integer(failures))
        object.add("failure", failure?.description)
        object.add("advice", failure?.advice)
        if let poke { object.add("poke", .integer(poke.microseconds)) }
        if let serial { object.add("serial", .integer(Int64(clamping: serial))) }
        if let served {
            object.add("etag", .string(served.entityTag))
            object.add("jwks_uri", .string(served.jwksURI))
            object.add("file", .string(served.digest))
        }
        return JSON.object(object).encoded + [UInt8(ascii: "\n")]
    }

    /// The state that a file holds, `nil` where it is none of ours or not of `issuer`.
    init?(file bytes: [UInt8], issuer: Text) {
        guard let object = (try? JSON(parsing: bytes))?.object else { return nil }
        func integer(_ name: Text) -> Int64? {
            if case .integer(let number) = object[name] { number } else { nil }
        }
        guard integer("version") == RefreshState.version, object["issuer"]?.text == issuer else { return nil }
        guard let begun = integer("begun"), let ended = integer("ended"), let failures = integer("failures") else {
            return nil
        }
        guard (0...begun).contains(ended), failures >= 0, begun < .max else { return nil }
        self.init(issuer: issuer)
        (self.begun, self.ended, self.failures) = (begun, ended, failures)
        asked = integer("asked").map { UnixTime(seconds: $0) }
        next = integer("next").map { UnixTime(seconds: $0) }
        failure = object["failure"]?.text.map {
            RefreshFailure(description: $0.string, advice: object["advice"]?.text?.string)
        }
        serial = integer("serial").flatMap { UInt64(exactly: $0) }
        poke = integer("poke").map { Poke(microseconds: $0) }
        if let tag = object["etag"]?.text, let uri = object["jwks_uri"]?.text, let digest = object["file"]?.text {
            served = ServedSet(entityTag: tag, jwksURI: uri, digest: digest)
        }
    }
}
