internal import Discovery
public import Encodings
public import HTTP
public import HostFiles
internal import IdentityToken
public import Policy
internal import Signatures

/// Fetches the providers' key sets into the cache that `pair-authkeys` reads; it alone writes there.
///
/// One refresh at a time asks a provider, under a lock of its own. A set in the cache is replaced in one step by one that was
/// fetched later and can be used; where anything fails, it stays. Source: docs/key-sets.md.
public struct KeySetRefresh: Sendable {
    /// What a refresh finds around it.
    public struct Surroundings: Sendable {
        let now: @Sendable () -> UnixTime
        let poke: @Sendable () -> Poke?
        let chance: @Sendable () -> Double
        let pause: @Sendable (Seconds) async -> Void

        /// - Parameters:
        ///   - now: This host's clock.
        ///   - poke: The last request of a login, `nil` for none.
        ///   - chance: A random number from 0 up to 1, 1 excluded.
        ///   - pause: Returns once so much time has passed.
        public init(
            now: @escaping @Sendable () -> UnixTime, poke: @escaping @Sendable () -> Poke?,
            chance: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
            pause: @escaping @Sendable (Seconds) async -> Void = { try? await Task.sleep(for: .seconds($0.count)) }
        ) {
            self.now = now
            self.poke = poke
            self.chance = chance
            self.pause = pause
        }
    }

    /// How long another refresh of the same provider is waited for: twice what its time-outs let one take.
    static let patience = Duration.seconds(60)

    let configuration: Configuration
    let ownership: Ownership
    let http: HTTPClient
    let surroundings: Surroundings

    /// A refresh; nothing is asked or opened yet.
    /// - Parameters:
    ///   - configuration: pair.toml.
    ///   - ownership: Who may have written the cache and the folders above it.
    ///   - http: Sends the requests; its time-outs hold for each.
    ///   - surroundings: The clock and whatever else differs from one run to the next.
    public init(
        of configuration: Configuration, ownedBy ownership: Ownership, by http: HTTPClient,
        in surroundings: Surroundings
    ) {
        self.configuration = configuration
        self.ownership = ownership
        self.http = http
        self.surroundings = surroundings
    }

    /// Where the key sets are.
    var folder: String { configuration.resolve(configuration.keySets.path) }

    /// Asks providers for their keys, all at the same time.
    /// - Parameters:
    ///   - providers: Some of pair.toml's.
    ///   - terms: When one is asked.
    /// - Returns: What came of it, in the order of `providers`.
    public func refresh(_ providers: [Provider], on terms: RefreshTerms) async -> [ProviderRefresh] {
        await withTaskGroup(of: (Int, ProviderRefresh).self) { group in
            for (index, provider) in providers.enumerated() {
                group.addTask { (index, await refresh(provider, on: terms)) }
            }
            var refreshed: [(Int, ProviderRefresh)] = []
            for await one in group { refreshed.append(one) }
            return refreshed.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func refresh(_ provider: Provider, on terms: RefreshTerms) async -> ProviderRefresh {
        do throws(RefreshError) {
            try makeFolders()
            let seen = try state(of: provider, in: folder(RefreshState.folder)).begun
            var asked: ProviderRefresh?
            while true {
                // Once it was asked, only for a login that wanted more than that.
                let terms = asked == nil ? terms : RefreshTerms(isOnlyIfWanted: true)
                switch try await step(provider, on: terms, seen: seen) {
                case .wait(let span): await surroundings.pause(span)
                case .left(let refresh): return asked ?? refresh
                case .asked(let refresh):
                    // A login may have asked while the provider answered, and nobody watches for it before we end.
                    guard terms.isOnlyIfWanted, asked == nil, refresh.failure == nil else { return refresh }
                    asked = refresh
                }
            }
        } catch {
            return ProviderRefresh(
                provider: provider, action: .failed, state: RefreshState(issuer: provider.issuer),
                cached: cached(of: provider), failure: RefreshFailure(error), at: surroundings.now())
        }
    }

    private enum Step {
        case wait(Seconds)
        case left(ProviderRefresh)
        case asked(ProviderRefresh)
    }

    /// Decides under the provider's lock what to do, and does it unless it is to wait.
    private func step(_ provider: Provider, on terms: RefreshTerms, seen: Int64) async throws(RefreshError) -> Step {
        let lock = try await lock(provider)
        let state = try state(of: provider, in: lock.folder)
        let cached = cached(of: provider)
        let decision = RefreshSchedule(maximumAge: provider.maximumKeySetAge).decision(
            on: terms, state: state, fetchedAt: cached.counts ? cached.keySet?.fetchedAt : nil,
            poke: surroundings.poke(), seen: seen, at: surroundings.now())
        switch decision {
        case .wait(let span): return .wait(span)
        case .leave(let reason):
            return .left(
                ProviderRefresh(
                    provider: provider, action: reason == .isShared ? .shared : .left, state: state, cached: cached,
                    failure: state.failure, at: surroundings.now()))
        case .ask(let isUrgent):
            return .asked(
                try await ask(
                    Asking(provider: provider, isUrgent: isUrgent, isForced: terms.isForced, before: cached),
                    state: state, under: lock))
        }
    }

    /// The lock of one provider, waited for without holding up a thread.
    private func lock(_ provider: Provider) async throws(RefreshError) -> FileLock {
        do throws(LockFault) {
            return try await waitForLock("\(provider.name).lock", atMost: Self.patience) { () throws(FileFault) in
                try OpenFolder("\(folder)/\(RefreshState.folder)", ownedBy: ownership)
            }
        } catch {
            switch error {
            case .file(let fault): throw .file(fault)
            case .held(let path): throw .locked(path)
            }
        }
    }
}

// MARK: - Files

extension KeySetRefresh {
    private func makeFolders() throws(RefreshError) {
        do throws(FileFault) {
            for path in [folder, "\(folder)/\(RefreshState.folder)"] { try makeFolder(path, mode: 0o755) }
        } catch {
            throw .file(error)
        }
    }

    /// The folder of the key sets, or one in it.
    func folder(_ name: String? = nil) throws(RefreshError) -> OpenFolder {
        do throws(FileFault) {
            return try OpenFolder(name.map { "\(folder)/\($0)" } ?? folder, ownedBy: ownership)
        } catch {
            throw .file(error)
        }
    }

    /// The state of a provider; an empty one where there is none, or none that is of use.
    private func state(
        of provider: Provider, in folder: borrowing OpenFolder
    ) throws(RefreshError) -> RefreshState {
        do throws(FileFault) {
            let state = try RefreshState(of: provider, in: folder, ownedBy: ownership)
            return state ?? RefreshState(issuer: provider.issuer)
        } catch {
            throw .file(error)
        }
    }

    func write(_ state: RefreshState, of provider: Provider, in folder: borrowing OpenFolder) throws(RefreshError) {
        do throws(FileFault) {
            try folder.replace("\(provider.name).json", with: state.file, mode: 0o644)
        } catch {
            throw .file(error)
        }
    }

    /// The set in the cache, as it is now.
    func cached(of provider: Provider) -> CachedKeySet {
        CachedKeySet(of: provider, under: configuration, ownedBy: ownership, at: surroundings.now())
    }
}
