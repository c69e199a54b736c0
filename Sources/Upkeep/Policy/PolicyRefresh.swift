internal import Discovery
public import Encodings
internal import Fleet
public import HTTP
public import HostFiles
public import Policy
internal import Signatures

/// Fetches a fleet's signed policy, verifies it and applies it: puts it where `pair-authkeys` reads it, in one step.
///
/// One refresh at a time asks, under a lock. A policy that is refused, or cannot be had, leaves the one that is applied.
/// Source: docs/fleet.md "On a host".
public struct PolicyRefresh: Sendable {
    let configuration: Configuration
    let source: PolicySource
    let url: Text
    let ownership: Ownership
    let http: HTTPClient
    let surroundings: KeySetRefresh.Surroundings
    let secondsFromUTC: @Sendable (UnixTime) -> Seconds

    /// How long another refresh is waited for.
    static let patience = Duration.seconds(60)

    /// A refresh; nothing is asked or opened yet.
    ///
    /// `nil` where pair.toml has no URL of a policy.
    /// - Parameters:
    ///   - configuration: pair.toml.
    ///   - ownership: Who may have written the policy, the file of signers and the folders above them.
    ///   - http: Sends the request; its time-outs hold, and its bound of the body.
    ///   - surroundings: The clock and whatever else differs from one run to the next.
    ///   - secondsFromUTC: See `AllowedSigners`.
    public init?(
        of configuration: Configuration, ownedBy ownership: Ownership, by http: HTTPClient,
        in surroundings: KeySetRefresh.Surroundings, secondsFromUTC: @escaping @Sendable (UnixTime) -> Seconds
    ) {
        guard let source = configuration.policySource, case .web(let url) = source.origin else { return nil }
        self.url = url
        self.configuration = configuration
        self.source = source
        self.ownership = ownership
        self.http = http
        self.surroundings = surroundings
        self.secondsFromUTC = secondsFromUTC
    }

    /// Where the policy is.
    var path: String { configuration.resolve(source.file) }

    /// Asks for the policy, and applies what comes where it may be.
    /// - Parameter terms: When it is asked for.
    /// - Returns: What came of it.
    public func refresh(on terms: RefreshTerms) async -> AppliedRefresh {
        do throws(PolicyRefreshError) {
            try makeFolders()
            let seen = try state(in: folder(of: .state)).begun
            while true {
                switch try await step(on: terms, seen: seen) {
                case .wait(let span): await surroundings.pause(span)
                case .done(let refresh): return refresh
                }
            }
        } catch {
            return AppliedRefresh(
                action: .failed, state: RefreshState(issuer: source.name), policy: applied(), from: source,
                failure: RefreshFailure(error), at: surroundings.now())
        }
    }

    private enum Step {
        case wait(Seconds)
        case done(AppliedRefresh)
    }

    /// Decides under the lock what to do, and does it unless it is to wait.
    private func step(on terms: RefreshTerms, seen: Int64) async throws(PolicyRefreshError) -> Step {
        let lock = try await lock()
        let state = try state(in: lock.folder)
        let before = applied()
        let decision = PolicySchedule.schedule.decision(
            on: terms, state: state, fetchedAt: before.counts ? state.asked : nil, poke: surroundings.poke(),
            seen: seen, at: surroundings.now())
        switch decision {
        case .wait(let span): return .wait(span)
        case .leave(let reason):
            return .done(
                AppliedRefresh(
                    action: reason == .isShared ? .shared : .left, state: state, policy: before, from: source,
                    failure: state.failure, at: surroundings.now()))
        case .ask(let isUrgent):
            let asking = Asked(isUrgent: isUrgent, isForced: terms.isForced, before: before)
            return .done(try await ask(asking, state: state, under: lock))
        }
    }

    private struct Asked {
        let isUrgent: Bool
        let isForced: Bool
        let before: AppliedPolicy
    }

    /// Asks, and applies what comes of it; what went wrong is kept.
    /// - Throws: `.file` where nothing can be kept; then nobody was asked.
    private func ask(
        _ asking: Asked, state: RefreshState, under lock: borrowing FileLock
    ) async throws(PolicyRefreshError) -> AppliedRefresh {
        let policies = try folder(of: .policy)
        do throws(FileFault) {
            try lock.folder.removeLeftovers(of: [stateName])
            try policies.removeLeftovers(of: [name])
        } catch {
            throw .file(error)
        }
        let asked = surroundings.now()
        // Before all else, so that even one that dies now counts as a request.
        let begun = state.beginning(at: asked, poke: surroundings.poke())
        try write(begun, in: lock.folder)

        var failure: RefreshFailure?
        let ended: RefreshState
        do throws(PolicyRefreshError) {
            let fetched = try await fetch(asking, at: asked, known: state)
            if let policy = fetched.policy { try apply(policy) }
            // Behind the policy: a name for one that is not there would have the old one taken for new.
            let present = applied()
            ended = begun.succeeding(
                next: PolicySchedule.next(
                    after: asked, freshFor: fetched.terms.freshFor, chance: surroundings.chance()),
                served: RefreshState.ServedSet(fetched.terms.entityTag, of: present.bytes, from: source.name),
                serial: present.header?.serial)
        } catch {
            let reason = RefreshFailure(error)
            failure = reason
            ended = begun.failing(
                next: PolicySchedule.schedule.retry(
                    after: asked, failures: begun.failures &+ 1, hasSet: asking.before.counts,
                    chance: surroundings.chance()),
                failure: reason)
        }
        do throws(PolicyRefreshError) {
            try write(ended, in: lock.folder)
        } catch {
            // The first thing that went wrong is the one to be told.
            failure = failure ?? RefreshFailure(error)
        }
        return AppliedRefresh(
            action: failure == nil ? .asked : .failed, state: ended, policy: applied(), from: source,
            failure: failure, before: asking.before, at: surroundings.now())
    }

    // MARK: - What is served

    private struct Fetched {
        /// What is to be applied; `nil` where that is what is there.
        let policy: [UInt8]?
        let terms: CacheTerms
    }

    private func fetch(
        _ asking: Asked, at asked: UnixTime, known state: RefreshState
    ) async throws(PolicyRefreshError) -> Fetched {
        let address: WebAddress
        do throws(WebAddressError) {
            address = try WebAddress(url)
        } catch {
            throw .address(error)
        }
        let tag =
            asking.isForced || asking.before.header == nil
            ? nil : state.served?.entityTag(of: asking.before.bytes, from: source.name)
        var headers: [String: String] = [:]
        if let tag { headers["If-None-Match"] = tag.text.string }
        // RFC 9111 §5.2.1.4.
        if asking.isUrgent { headers["Cache-Control"] = "no-cache" }
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await http.send(.get(address, headers: headers))
        } catch {
            throw .noAnswer(error)
        }
        let terms = CacheTerms(response)
        if response.status == 304, let tag {
            return Fetched(
                policy: nil, terms: CacheTerms(entityTag: terms.entityTag ?? tag, freshFor: terms.freshFor))
        }
        guard response.status == 200 else { throw .status(response.status, at: response.address) }
        let isNew = try verify(response.body, known: state, asking.before, at: asked, from: response.address)
        // Signed anew it is the same policy, and the file stays as it is; its name is then another's.
        let isNamed = (isNew || response.body == asking.before.bytes) && !response.mayShareItsTag
        return Fetched(
            policy: isNew ? response.body : nil, terms: isNamed ? terms : CacheTerms(freshFor: terms.freshFor))
    }

    /// Refuses what may not be applied.
    /// - Returns: Whether it is another policy than the one that is applied.
    private func verify(
        _ published: [UInt8], known state: RefreshState, _ before: AppliedPolicy, at now: UnixTime,
        from address: WebAddress
    ) throws(PolicyRefreshError) -> Bool {
        let allowed = try allowedSigners()
        // Where the applied policy is damaged, it is still known which it was.
        let applied = before.header?.serial ?? state.serial
        let signed: SignedPolicy
        let policy: VerifiedPolicy
        do throws(SignedPolicyError) {
            signed = try SignedPolicy(parsing: published)
            policy = try VerifiedPolicy(
                signed, allowed: allowed, minimumSerial: max(applied ?? 0, source.minimumSerial), at: now)
        } catch {
            throw .policy(error, at: address)
        }
        guard let header = before.header, header.serial == policy.bundle.serial else { return true }
        guard before.text.elementsEqual(signed.text) else { throw .sameSerial(header.serial, at: address) }
        return false
    }

    private func allowedSigners() throws(PolicyRefreshError) -> AllowedSigners {
        let path = configuration.resolve(source.allowedSigners)
        let bytes: [UInt8]
        do throws(FileFault) {
            bytes = try HostFile(path, ownedBy: ownership).read(limit: 1 << 20)
        } catch {
            throw .file(error)
        }
        do throws(AllowedSignersError) {
            return try AllowedSigners(parsing: bytes, secondsFromUTC: secondsFromUTC)
        } catch {
            throw .signers(error, in: path)
        }
    }

    /// Puts what is published where logins are decided by it.
    private func apply(_ published: [UInt8]) throws(PolicyRefreshError) {
        let policies = try folder(of: .policy)
        do throws(FileFault) {
            try policies.replace(name, with: published, mode: 0o644)
        } catch {
            throw .file(error)
        }
        let written = applied()
        guard written.counts else { throw .notAccepted(path, written.condition) }
    }

    /// What is applied, as it is now.
    func applied() -> AppliedPolicy {
        AppliedPolicy(of: source, under: configuration, ownedBy: ownership, at: surroundings.now())
    }
}
