public import Encodings
public import Policy

/// What a change takes from people.
public struct AccessReview: Sendable, Equatable {
    /// The ways in that are gone, in the order of the files.
    public let lost: [WayIn]
    /// The logins to be protected for which no way is left.
    public let lockedOut: [String]
    /// The logins to be protected for which each way that is left may be refused by the new deny.
    public let perhapsLockedOut: [String]

    /// Somebody who is refused by the change.
    public struct Refusal: Sendable {
        /// Whom it is about.
        public let identity: IdentityPattern
        /// `nil` for any.
        public let provider: Text?

        /// The refusal of `identity`.
        public init(identity: IdentityPattern, provider: Text?) {
            self.identity = identity
            self.provider = provider
        }

        /// Whether it may refuse whoever has a way in, without refusing them surely.
        func mayRefuse(_ way: WayIn) -> Bool {
            guard case .member(let pattern, let provider) = way.holder else { return false }
            return (self.provider == nil || self.provider == provider) && identity.mayRefuse(pattern)
        }
    }

    /// Compares two states.
    /// - Parameters:
    ///   - before: The ways in as they are.
    ///   - after: The ways in as they are to be.
    ///   - refusal: Whom the change refuses by a new line, if it does.
    ///   - logins: Those that somebody must be able to enter as.
    public init(before: WaysIn, after: WaysIn, refusal: Refusal? = nil, protecting logins: [String]) {
        let left = Set(after.all)
        lost = before.all.filter { !left.contains($0) }
        var lockedOut: [String] = []
        var perhaps: [String] = []
        for login in logins where before.all.contains(where: { $0.leads(to: login) }) {
            let ways = after.all.filter { $0.leads(to: login) }
            if ways.isEmpty {
                lockedOut.append(login)
            } else if let refusal, AccessReview.isInDoubt(ways, refusal) {
                perhaps.append(login)
            }
        }
        self.lockedOut = lockedOut
        perhapsLockedOut = perhaps
    }

    private static func isInDoubt(_ ways: [WayIn], _ refusal: Refusal) -> Bool {
        guard ways.allSatisfy({ refusal.mayRefuse($0) }) else { return false }
        // One person's refusal leaves the others; but a deny on an e-mail refuses all tokens without one.
        guard case .subject = refusal.identity else { return true }
        guard let only = ways.first, ways.count == 1, case .member(let pattern, _) = only.holder else { return false }
        return pattern.isOnePerson
    }

    /// Whether somebody should be asked first.
    public var isRisky: Bool { !lockedOut.isEmpty || !perhapsLockedOut.isEmpty }

    /// Who loses what, a line for each holder.
    public var losses: [String] {
        var holders: [WayIn.Holder] = []
        var logins: [WayIn.Holder: [String]] = [:]
        for way in lost {
            if logins[way.holder] == nil { holders.append(way.holder) }
            logins[way.holder, default: []].append(way.login.text.string)
        }
        return holders.map { "\($0): \((logins[$0] ?? []).joined(separator: ", "))" }
    }
}
