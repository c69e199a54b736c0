internal import Discovery
internal import Encodings
internal import Etcd
internal import Fleet
internal import HTTP
internal import HostFiles
internal import Policy

extension PolicyRefresh {
    /// What is to be done, and for whom.
    struct Asking {
        var isUrgent = false
        var isForced = false
        /// What is applied.
        let before: AppliedPolicy
    }

    /// What came.
    struct Fetched {
        /// What is to be applied; `nil` where that is what is there.
        let policy: [UInt8]?
        let terms: CacheTerms
    }

    /// How long members of etcd are asked for at most.
    private static let etcdPatience = Seconds(15)

    /// Has the policy, from where pair.toml says.
    func fetch(
        _ asking: Asking, at asked: UnixTime, known state: RefreshState
    ) async throws(PolicyRefreshError) -> Fetched {
        switch source.origin {
        case .web(let url): return try await fetch(url, asking, at: asked, known: state)
        case .etcd(let origin):
            let key = FleetKeys(prefix: origin.prefix.string).policy
            guard let policy = try await read(key, in: origin) else { throw .notInEtcd(key: key) }
            let isNew = try verify(policy, known: state, asking.before, at: asked, from: .etcd(key: key))
            return Fetched(policy: isNew ? policy : nil, terms: CacheTerms())
        }
    }

    // MARK: - A web server

    private func fetch(
        _ url: Text, _ asking: Asking, at asked: UnixTime, known state: RefreshState
    ) async throws(PolicyRefreshError) -> Fetched {
        let address = try address(url)
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
        let isNew = try verify(
            response.body, known: state, asking.before, at: asked, from: .web(response.address))
        // Signed anew it is the same policy, and the file stays as it is; its name is then another's.
        let isNamed = (isNew || response.body == asking.before.bytes) && !response.mayShareItsTag
        return Fetched(
            policy: isNew ? response.body : nil, terms: isNamed ? terms : CacheTerms(freshFor: terms.freshFor))
    }

    private func address(_ url: Text) throws(PolicyRefreshError) -> WebAddress {
        do throws(WebAddressError) {
            return try WebAddress(url)
        } catch {
            throw .address(error)
        }
    }

    // MARK: - etcd

    /// What the key stands for, as most of the members have it; `nil` where there is no such key.
    private func read(_ key: String, in origin: EtcdOrigin) async throws(PolicyRefreshError) -> [UInt8]? {
        let patience = min(http.timeout, Self.etcdPatience)
        var settings: EtcdSettings
        do throws(EtcdPlaceError) {
            settings = try EtcdPlace(origin, under: configuration)
                .settings(userAgent: http.userAgent, filesOwnedBy: ownership)
        } catch {
            throw .place(error)
        }
        settings.memberTimeout = min(settings.memberTimeout, patience)
        let client = EtcdClient(settings, random: surroundings.chance)
        do throws(EtcdError) {
            return try await client.range(RangeRequest(key: key), until: .now + .seconds(patience.count))
                .pairs.first?.value
        } catch {
            throw .etcd(error)
        }
    }

    // MARK: - What is published

    /// Refuses what was brought and may not be applied.
    /// - Returns: Whether it is another policy than the one that is applied.
    func isNew(
        _ brought: [UInt8], known state: RefreshState, _ before: AppliedPolicy, at now: UnixTime
    ) throws(PolicyRefreshError) -> Bool {
        let place: PolicyPlace
        switch source.origin {
        case .web(let url): place = .web(try address(url))
        case .etcd(let origin): place = .etcd(key: FleetKeys(prefix: origin.prefix.string).policy)
        }
        return try verify(brought, known: state, before, at: now, from: place)
    }

    /// Refuses what may not be applied.
    /// - Returns: Whether it is another policy than the one that is applied.
    private func verify(
        _ published: [UInt8], known state: RefreshState, _ before: AppliedPolicy, at now: UnixTime,
        from place: PolicyPlace
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
            throw .policy(error, at: place)
        }
        guard let header = before.header, header.serial == policy.bundle.serial else { return true }
        guard before.text.elementsEqual(signed.text) else { throw .sameSerial(header.serial, at: place) }
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
}
