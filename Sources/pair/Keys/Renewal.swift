import Discovery
import Encodings
import Foundation
import IdentityToken
import KeyStore
import SSHKeys
import SignIn
import Signatures

/// The renewal of the Keys of one name.
struct Renewal {
    /// How the person may be asked to sign in.
    enum Manner {
        case browser, pasting
        /// Not at all.
        case batch
    }

    let name: String
    let store: KeyStore
    let surroundings: Surroundings
    /// Whether Keys that are good for a while yet are left alone.
    let isLazy: Bool
    /// How long the person has to sign in, and another pair that is at work on these Keys to finish.
    let patience: Seconds
    let manner: Manner

    private var terminal: Terminal { surroundings.terminal }

    func run() async throws {
        // Before the lock: nearly always this is all that there is to do before an ssh.
        guard try needsRenewal(state()) else { return }
        let lock = try store.lock(name, waitingFor: .seconds(patience.count))
        let state = try state()
        // Another pair may have renewed them while we waited.
        guard needsRenewal(state) else { return }

        let registration = ClientRegistration(state.provider, in: try surroundings.configuration())
        if state.isInAgent {
            // The agent has the private key and gives it to nobody, so there must be another.
            let agent = try Agent(environment: surroundings.environment)
            let key = try PrivateKey(generating: .ed25519)
            try await signIn(for: key, state, from: registration, under: lock) { minted in
                try agent.add(
                    key, certificate: minted.certificate, comment: minted.comment,
                    lifetime: minted.state.expires.since(now()))
                _ = try? agent.remove(state.keys)
            }
        } else {
            let key = try store.privateKey(of: state)
            if let minted = try await refreshed(state, key: key, from: registration, under: lock) {
                try save(minted, under: lock)
            } else {
                try await signIn(for: key, state, from: registration, under: lock)
            }
        }
    }

    private func state() throws -> StoredState {
        guard let state = try store.load(name) else { throw KeyStoreError.unknown(name) }
        return state
    }

    private func needsRenewal(_ state: StoredState) -> Bool { !isLazy || state.isExpiring(at: now()) }

    /// The Keys with a refreshed token, `nil` where the person has to sign in.
    private func refreshed(
        _ state: StoredState, key: borrowing PrivateKey, from registration: ClientRegistration,
        under lock: borrowing NameLock
    ) async throws -> MintedKeys? {
        guard let refreshToken = state.refreshToken, let certificate = try store.certificate(of: state),
            certificate.contents.key == key.publicKey, let token = CompactToken(in: certificate)
        else { return nil }
        terminal.wait(for: "Asking \(registration.name) for a new token")
        do {
            // While the Keys are good, no slow provider is to hold up an ssh.
            let http = surroundings.http(isUrgent: isLazy && state.expires > now())
            let refresh = try await Refresh(by: refreshToken, of: registration, http: http)
            // Many providers take a refresh token once: a run that dies behind this point must not lose the new one.
            let kept = refresh.hasIDToken ? refresh.refreshToken : nil
            try keep(kept, of: state, under: lock)
            guard let renewed = try await refresh.renewing(token, of: key.publicKey, clock: now) else { return nil }
            return try MintedKeys(
                named: name, key: key, token: renewed.token, verified: renewed.verified, from: registration,
                refreshToken: kept, isInAgent: false)
        } catch let error as SignInError {
            guard !error.isProviderSilent else { throw error }
            if case .refreshRejected = error { try keep(nil, of: state, under: lock) }
            return nil
        }
    }

    private func keep(_ refreshToken: Text?, of state: StoredState, under lock: borrowing NameLock) throws {
        guard refreshToken != state.refreshToken else { return }
        var state = state
        state.refreshToken = refreshToken
        try store.saveState(state, under: lock)
    }

    /// Has the person sign in for `key`, hands the Keys to `taking`, and saves them.
    private func signIn(
        for key: borrowing PrivateKey, _ state: StoredState, from registration: ClientRegistration,
        under lock: borrowing NameLock, taking: (MintedKeys) throws -> Void = { _ in }
    ) async throws {
        let canAsk =
            PersonalInput(readsPipes: false) != nil || Browser(environment: surroundings.environment).canOpen
        guard manner == .pasting || manner == .browser && canAsk else { throw SignInNeeded(name: name) }
        let visit = SignInAtTerminal(registration: registration, surroundings: surroundings, patience: patience)
        let signedIn = try await visit.signIn(
            for: key, opensBrowser: manner == .browser, isSilent: true, loginHint: state.email)
        try await visit.conclude(signedIn) {
            try checkIdentity(of: signedIn, state)
            let minted = try MintedKeys(
                named: name, key: key, token: signedIn.token, verified: signedIn.verified, from: registration,
                refreshToken: signedIn.refreshToken, isInAgent: state.isInAgent)
            try taking(minted)
            try save(minted, under: lock)
            return minted
        }
    }

    /// Who enters by these Keys does not change behind the person's back, whatever account the browser is signed in to.
    private func checkIdentity(of signedIn: SignedIn, _ state: StoredState) throws {
        let claims = signedIn.verified.claims
        guard claims.subject != state.subject else { return }
        throw Failure(
            description: "these Keys are of \(quoted(state.email ?? state.subject)), "
                + "and you signed in as \(quoted(claims.email ?? claims.subject))",
            advice: "Sign in as the former, or make Keys of another name with `pair keys create NAME`.")
    }

    private func save(_ minted: MintedKeys, under lock: borrowing NameLock) throws {
        try store.save(
            minted.state, privateKeyFile: nil, publicKeyLine: minted.publicKeyLine,
            certificateLine: minted.certificateLine, under: lock)
        terminal.wait(for: nil)
        let end = minted.state.expires
        terminal.say("Your Keys \(name) were renewed: good until \(end.localTime), for \(end.since(now())).")
    }
}

// MARK: - Ends

extension Renewal {
    /// Says what failed, and how much that matters.
    func report(_ error: any Error) -> RenewalStatus {
        terminal.wait(for: nil)
        terminal.complain(about: error, of: error is KeyStoreError ? nil : name)
        if isLazy, let state = try? store.load(name), state.expires > now() {
            terminal.say("Your Keys \(name) are good for \(state.expires.since(now())) yet.")
            return .good
        }
        if error is SignInNeeded { return .signInNeeded }
        return (error as? SignInError)?.isProviderSilent ?? false ? .providerSilent : .failed
    }
}

/// A renewal that takes a person where none is to be asked.
struct SignInNeeded: Advising {
    let name: String
    var description: String { "to renew these Keys you have to sign in" }
    var advice: String? { "Run `pair keys renew \(name)` in a terminal." }
}

extension SignInError {
    /// Whether the provider did not answer, or only to say that it is in trouble: it may again in a while.
    var isProviderSilent: Bool {
        switch self {
        case .unreachable, .discovery(.noAnswer): true
        case .discovery(.status(let status, _, _, _)): status >= 500 || status == 429
        case .timedOut, .cancelled, .libcrypto, .answer, .foreignAnswer, .answerIssuer, .refusedByPersonOrProvider,
            .interactionNeeded, .authorizationRefused, .tokenAnswer, .clientRejected, .refreshRejected, .tokenRefused,
            .issuer, .nonceMissing, .token, .listener, .discovery:
            false
        }
    }
}

extension StoredState {
    /// Whether there is so little time left that a login might come too late: the last minute, or the last fifth.
    func isExpiring(at now: UnixTime) -> Bool {
        let margin = min(60, max(0, expires.since(issued).count / 5))
        return expires.since(now).count <= margin
    }
}

extension CompactToken {
    /// The token in a certificate of ours, `nil` where there is none that can be read.
    init?(in certificate: Certificate) {
        guard let option = certificate.contents.extension(CompactToken.certificateExtension),
            let text = try? option.string(), let token = try? CompactToken(parsing: text[...])
        else { return nil }
        self = token
    }
}
