internal import Discovery
internal import Encodings
internal import HTTP
internal import HostFiles
internal import IdentityToken
internal import Policy
internal import Signatures

/// One provider that is asked, under its lock.
struct Asking {
    let provider: Provider
    /// Whether caches on the way are to ask the provider itself.
    let isUrgent: Bool
    /// Whether the set in the cache is not to be named to the provider.
    let isForced: Bool
    /// The set in the cache.
    let before: CachedKeySet
}

extension KeySetRefresh {
    /// Asks a provider, and keeps what comes of it.
    /// - Returns: What came of it, a failure of the provider's included.
    /// - Throws: `RefreshError.file` where nothing can be kept; then the provider was not asked.
    func ask(
        _ asking: Asking, state: RefreshState, under lock: borrowing FileLock
    ) async throws(RefreshError) -> ProviderRefresh {
        let provider = asking.provider
        let schedule = RefreshSchedule(maximumAge: provider.maximumKeySetAge)
        try prepare(asking, in: lock.folder)
        let asked = surroundings.now()
        // Before all else, so that even one that dies now counts as a request.
        let begun = state.beginning(at: asked, poke: surroundings.poke())
        try write(begun, of: provider, in: lock.folder)

        var failure: RefreshFailure?
        let ended: RefreshState
        do throws(RefreshError) {
            let fetched = try await fetch(asking, at: asked, known: state.served)
            try install(fetched.file, of: provider, fetchedAt: asked)
            // Behind the set: a name for a set that is not there would have the old one taken for new.
            ended = begun.succeeding(
                next: schedule.next(after: asked, freshFor: fetched.terms.freshFor, chance: surroundings.chance()),
                served: fetched.name)
        } catch {
            let reason = RefreshFailure(error)
            failure = reason
            ended = begun.failing(
                next: schedule.retry(
                    after: asked, failures: begun.failures &+ 1, hasSet: asking.before.counts,
                    chance: surroundings.chance()),
                failure: reason)
        }
        do throws(RefreshError) {
            try write(ended, of: provider, in: lock.folder)
        } catch {
            // The first thing that went wrong is the one to be told.
            failure = failure ?? RefreshFailure(error)
        }
        return ProviderRefresh(
            provider: provider, action: failure == nil ? .asked : .failed, state: ended, cached: cached(of: provider),
            failure: failure, before: asking.before, at: surroundings.now())
    }

    /// Refuses to ask where no set could be kept, and clears away what runs that died have left.
    private func prepare(_ asking: Asking, in states: borrowing OpenFolder) throws(RefreshError) {
        let file = "\(asking.provider.name).json"
        if let fault = asking.before.obstacle(at: configuration.keySetPath(of: asking.provider)) { throw .file(fault) }
        do throws(FileFault) {
            try states.removeLeftovers(of: [file])
            try OpenFolder(folder, ownedBy: ownership).removeLeftovers(of: [file])
        } catch {
            throw .file(error)
        }
    }

    private struct Fetched {
        let file: [UInt8]
        let terms: CacheTerms
        let name: RefreshState.ServedSet?
    }

    private func fetch(
        _ asking: Asking, at asked: UnixTime, known: RefreshState.ServedSet?
    ) async throws(RefreshError) -> Fetched {
        let provider = asking.provider
        let metadata: ProviderMetadata
        let answer: KeySetAnswer
        let tag: EntityTag?
        do throws(DiscoveryError) {
            metadata = try await discover(issuer: provider.issuer, with: http)
            tag = asking.isForced ? nil : known?.entityTag(of: asking.before, from: metadata.jwksURI)
            answer = try await askForKeySet(
                of: metadata, unless: tag, isUrgent: asking.isUrgent, at: asked, with: http)
        } catch {
            throw .discovery(error)
        }
        let jwks: [UInt8]
        let terms: CacheTerms
        switch answer {
        case .served(_, let body, let its): (jwks, terms) = (body, its)
        case .unchanged(let its): (jwks, terms) = (asking.before.bytes, its)
        }
        let file = try cacheFile(jwks, of: provider, from: metadata.jwksURI, fetchedAt: asked)
        let name = RefreshState.ServedSet(terms.entityTag, of: file, from: Text(metadata.jwksURI.description))
        return Fetched(file: file, terms: terms, name: name)
    }

    /// The cache's file for what a provider serves, provided that logins can be decided by it.
    private func cacheFile(
        _ jwks: [UInt8], of provider: Provider, from address: WebAddress, fetchedAt: UnixTime
    ) throws(RefreshError) -> [UInt8] {
        let file: [UInt8]
        let set: KeySet
        do throws(TokenError) {
            file = try KeySet.cached(
                jwks: jwks, issuer: provider.issuer, jwksURI: Text(address.description), fetchedAt: fetchedAt)
            set = try KeySet(parsing: file, issuer: provider.issuer)
        } catch {
            throw .keySet(error, at: address)
        }
        guard set.hasKey(for: provider) else { throw .noKey(for: provider.algorithms, at: address) }
        return file
    }

    /// Puts the set into the cache, unless one is there that was fetched later.
    private func install(_ file: [UInt8], of provider: Provider, fetchedAt: UnixTime) throws(RefreshError) {
        let path = configuration.keySetPath(of: provider)
        let present = cached(of: provider)
        // One from the future is no later one: the clock was wrong.
        if present.counts, let other = present.keySet?.fetchedAt, other > fetchedAt, other <= surroundings.now() {
            return
        }
        do throws(FileFault) {
            try OpenFolder(folder, ownedBy: ownership).replace("\(provider.name).json", with: file, mode: 0o644)
        } catch {
            throw .file(error)
        }
        let written = cached(of: provider)
        guard written.counts else { throw .notAccepted(path, written.condition) }
    }
}

extension CachedKeySet {
    /// What keeps a set at `path` from ever being accepted; a file that a new one can take the place of does not.
    func obstacle(at path: String) -> FileFault? {
        switch condition {
        case .unreadable(.foreignOwner(path, _)), .unreadable(.writableByOthers(path, _)), .unreadable(.changed): nil
        case .unreadable(let fault): fault
        case .counts, .missing, .malformed, .outOfDate, .useless: nil
        }
    }
}

extension RefreshState.ServedSet {
    /// The name of what stands in a file; `nil` where the provider gave none.
    init?(_ tag: EntityTag?, of file: [UInt8], from jwksURI: Text) {
        guard let tag, let digest = try? Digest.sha256(file) else { return nil }
        self.init(entityTag: tag.text, jwksURI: jwksURI, digest: Text(hex(digest)))
    }

    /// The name, provided that it is that of `set`, and served from there.
    func entityTag(of set: CachedKeySet, from address: WebAddress) -> EntityTag? {
        set.keySet == nil ? nil : entityTag(of: set.bytes, from: Text(address.description))
    }

    /// The name, provided that it is that of a file with `bytes`, and served from there.
    func entityTag(of bytes: [UInt8], from address: Text) -> EntityTag? {
        guard jwksURI == address, let digest = try? Digest.sha256(bytes), Text(hex(digest)) == self.digest else {
            return nil
        }
        return EntityTag(entityTag)
    }
}
