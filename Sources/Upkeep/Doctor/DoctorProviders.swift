internal import Discovery
internal import Encodings
internal import HostFiles
internal import IdentityToken
internal import Policy

extension HostFacts {
    /// Longer than any provider that is well takes for two small documents.
    private static let slow = Duration.seconds(2)

    // MARK: - Providers

    func providerLine(_ facts: ProviderFacts) -> DoctorLine? {
        guard let probe = facts.probe else { return nil }
        let name = facts.provider.name
        guard let failure = probe.failure else {
            guard probe.took <= Self.slow else {
                return DoctorLine(
                    .provider, .providerSlow, "\(name) took \(shownDuration(probe.took)) to answer",
                    mend: "See whether it is the provider, the network or the resolver: logins do not wait for it.")
            }
            return DoctorLine(.provider, .ok, "\(name) answers, \(facts.provider.issuer.string)")
        }
        return DoctorLine(
            .provider, failure.isOfWhatItIs ? .providerOther : .providerUnreachable, "\(name): \(failure)",
            mend: failure.advice)
    }

    private func shownDuration(_ span: Duration) -> String {
        let tenths = span / .milliseconds(100)
        return "\(Int64(tenths) / 10).\(Int64(tenths) % 10) s"
    }

    // MARK: - Key sets

    var keySetLines: [DoctorLine] {
        guard let settings else { return [] }
        guard !settings.providers.isEmpty else {
            return [
                DoctorLine(
                    .keySet, .noProvider, "pair.toml has no [[provider]]: nobody enters with Keys",
                    mend: "Add one, as docs/providers.md has it, if people are to sign in.")
            ]
        }
        return providers.map(keySetLine)
    }

    private func keySetLine(_ facts: ProviderFacts) -> DoctorLine {
        let name = facts.provider.name
        let fetch = "pair host refresh \(name)" + configurationOption
        func line(_ code: DoctorLine.Code, _ text: String, _ mend: String) -> DoctorLine {
            DoctorLine(.keySet, code, "\(name): \(text): nobody there is let in", mend: mend)
        }
        switch facts.keySet {
        case .counts(let end): return countingLine(facts, until: end, fetch)
        case .missing: return line(.keySetMissing, "there is no key set", fetch)
        case .unreadable(let fault):
            if !isRoot, case .system = fault { return unseen(.keySet, "\(name): \(fault)") }
            return line(.keySetUnusable, "\(fault)", fault.mend)
        case .malformed(let error): return line(.keySetUnusable, "the key set cannot be used: \(error)", fetch)
        case .useless: return line(.keySetUnusable, "no key of the set fits the provider's algorithms", fetch)
        case .outOfDate(let error):
            guard let fetchedAt = facts.fetchedAt, fetchedAt > now else {
                return line(.keySetStale, "\(error)", fetch)
            }
            return line(.keySetFuture, "\(error)", "Set the host's clock, then: \(fetch)")
        }
    }

    private func countingLine(_ facts: ProviderFacts, until end: UnixTime, _ fetch: String) -> DoctorLine {
        let name = facts.provider.name
        let age = facts.fetchedAt.map { "\(max(now.since($0), Seconds(0)))" } ?? "some time"
        let text = "\(name): key set of \(age) ago, counts for \(end.since(now))"
        if let failure = facts.refresh?.failure, let failures = facts.refresh?.failures {
            return DoctorLine(
                .keySet, .refreshFailing,
                "\(text); the last \(failures == 1 ? "refresh" : "\(failures) refreshes") failed: \(failure.description)",
                mend: failure.advice ?? fetch)
        }
        guard let fetchedAt = facts.fetchedAt, now.since(fetchedAt).count > facts.provider.maximumKeySetAge.count / 2
        else { return DoctorLine(.keySet, .ok, text) }
        return DoctorLine(.keySet, .keySetOld, "\(text); it should have been renewed by now", mend: fetch)
    }

    // MARK: - The clock

    var clockLines: [DoctorLine] {
        let clocks = providers.compactMap { facts in
            facts.probe?.ahead.map { (name: facts.provider.name, ahead: $0) }
        }
        guard let settings, let closest = clocks.min(by: { $0.ahead.count.magnitude < $1.ahead.count.magnitude }) else {
            return []
        }
        // Both are told in whole seconds, and an answer takes a while.
        let tolerance = max(settings.clockSkew.count, 2)
        guard closest.ahead.count.magnitude <= tolerance else {
            let isBehind = closest.ahead > Seconds(0)
            let span = Seconds(Int64(clamping: closest.ahead.count.magnitude))
            return [
                DoctorLine(
                    .clock, .clockOff,
                    "this host's clock is \(span) \(isBehind ? "behind" : "ahead of") \(closest.name)'s: "
                        + (isBehind ? "new tokens are from the future (iat-future)" : "Keys end early"),
                    mend: "timedatectl set-ntp true, or set the clock; then `timedatectl`")
            ]
        }
        let others = clocks.filter { $0.ahead.count.magnitude > tolerance }.map { clock in
            DoctorLine(
                .clock, .clockOfProvider,
                "\(clock.name)'s clock is \(Seconds(Int64(clamping: clock.ahead.count.magnitude))) "
                    + "\(clock.ahead > Seconds(0) ? "ahead of" : "behind") this host's, which agrees with \(closest.name)'s",
                mend: "Tell whoever runs \(clock.name).")
        }
        guard others.isEmpty else { return others }
        return [
            DoctorLine(
                .clock, .ok,
                "the clock agrees with that of \(listed(clocks.map(\.name))), to \(Seconds(Int64(clamping: closest.ahead.count.magnitude)))"
            )
        ]
    }

    // MARK: - What starts a refresh

    var refreshLines: [DoctorLine] {
        guard let settings, !settings.providers.isEmpty || settings.policySource != nil else { return [] }
        var lines: [DoctorLine] = []
        let units = "systemctl enable --now pair-refresh.timer pair-refresh.path"
        switch (schedule.timer, schedule.cron.isEmpty) {
        case (.active, _), (_, false): break
        case (.enabled, true) where !schedule.isSystemdRunning: break
        case (.enabled, true):
            lines.append(
                DoctorLine(
                    .refresh, .refreshUnscheduled,
                    "pair-refresh.timer is enabled, and was not started: key sets grow old",
                    mend: units))
        case (.disabled, true), (.missing, true):
            let what =
                schedule.timer == .missing ? "no timer and no line of cron's" : "pair-refresh.timer is disabled, and"
            lines.append(
                DoctorLine(
                    .refresh, .refreshUnscheduled,
                    "\(what)\(schedule.timer == .missing ? " runs" : " nothing else runs") `pair host refresh`: key sets grow old",
                    mend: schedule.isSystemdRunning
                        ? units
                        : "In /etc/cron.d/pair: * * * * * root /usr/bin/pair host refresh --if-due --if-wanted --quiet")
            )
        }
        let isWatching =
            schedule.isCronWatching || schedule.path == .active
            || (schedule.path == .enabled && !schedule.isSystemdRunning)
        if lines.isEmpty, !isWatching {
            lines.append(
                DoctorLine(
                    .refresh, .refreshNotWatching,
                    "nothing waits for logins that miss a key: a provider's new key comes late",
                    mend: schedule.cron.isEmpty
                        ? units : "Add --if-wanted to the line in \(schedule.cron.joined(separator: ", "))."))
        }
        if let line = wantedLine { lines.append(line) }
        guard lines.isEmpty else { return lines }
        let what =
            schedule.cron.isEmpty ? "pair-refresh.timer and pair-refresh.path" : "cron (\(listed(schedule.cron)))"
        return [DoctorLine(.refresh, .ok, "\(what) keep\(schedule.cron.isEmpty ? "" : "s") the key sets fresh")]
    }

    private var wantedLine: DoctorLine? {
        guard let wanted = schedule.wanted, let user = commandUser else { return nil }
        let mend = "install -d -m 755 /run/pair && install -m 660 -g \(user.name) /dev/null \(shown(wanted.path))"
        guard let target = wanted.target else {
            guard wanted.end == .missing else { return nil }
            return DoctorLine(
                .refresh, .refreshWantedMissing, "\(shown(wanted.path)) is not there: logins cannot ask for a refresh",
                mend: mend)
        }
        guard wanted.obstacle(for: user, bits: 0o2) == nil, target.kind == .regular else {
            return DoctorLine(
                .refresh, .refreshWantedMissing,
                "the user \(user.name) may not touch \(shown(wanted.path)): logins cannot ask for a refresh", mend: mend
            )
        }
        return nil
    }
}

extension DiscoveryError {
    /// Whether it will not go away by itself: what answers is not the provider that pair.toml means.
    fileprivate var isOfWhatItIs: Bool {
        switch self {
        case .issuer, .otherIssuer, .member, .keySet: true
        case .noAnswer, .status, .body: false
        }
    }
}
