internal import Encodings
internal import IdentityToken
public import Policy
internal import SSHKeys
internal import Signatures

/// Whether a key may enter, and why.
public struct Decision: Sendable {
    /// What was decided.
    public enum Outcome: Sendable, Equatable {
        case accepted(AuthorizedKeyLine)
        case refused(Refusal)
        case faulted(Fault)
    }

    /// What was decided.
    public let outcome: Outcome

    /// What was found out on the way.
    public let facts: Facts

    /// The decision where something ended it before the request was looked at.
    public init(_ stop: Stop) {
        outcome = Outcome(stop)
        facts = Facts()
        checks = []
    }

    /// Whether a newer key set, or a newer policy, might have let the key in.
    public var wantsRefresh: Bool {
        guard case .refused(let refusal) = outcome else { return false }
        return refusal.reason == .kidUnknown || refusal.reason == .keysetMissing || refusal.reason == .policyMissing
            || refusal.reason == .policyMalformed || refusal.reason == .policyExpired
    }

    /// Every check of the key's path in order; none where `isExplained` was not asked for.
    public let checks: [CheckResult]

    /// Decides on `request`.
    ///
    /// Cheap and local checks first; the first failure is the reason. In order: login; key (size, base64, format, type);
    /// then a plain key's account, revocation and service (see `accountKey`), or the certificate (kind, options,
    /// principals, signature over the received bytes, validity, critical options, revocation); then, where the key signed
    /// itself, the Keys path (see `keys`), else the certificate path (see `signedByAuthority`).
    /// - Parameters:
    ///   - request: What sshd asks.
    ///   - configuration: pair.toml.
    ///   - files: The other files, read as needed.
    ///   - moment: When.
    ///   - isExplained: Whether somebody will read the checks.
    public init(
        on request: Request, under configuration: Configuration, files: borrowing some PolicyFiles, at moment: Moment,
        isExplained: Bool
    ) {
        var login = Login(configuration: configuration, moment: moment, trace: Trace(isKept: isExplained))
        let outcome: Outcome
        do throws(Stop) {
            outcome = .accepted(try login.line(for: request, files: files))
        } catch {
            outcome = Outcome(error)
        }
        self.outcome = outcome
        facts = login.facts
        checks = login.trace.finished(failing: outcome.failure, path: login.facts.path ?? .keys)
    }
}

extension Decision.Outcome {
    fileprivate init(_ stop: Stop) {
        switch stop {
        case .refusal(let refusal): self = .refused(refusal)
        case .fault(let fault): self = .faulted(fault)
        }
    }

    /// What went wrong, `nil` where nothing did.
    fileprivate var failure: String? {
        switch self {
        case .accepted: nil
        case .refused(let refusal): refusal.detail
        case .faulted(let fault): fault.detail
        }
    }
}

/// One decision under way.
struct Login {
    let configuration: Configuration
    let moment: Moment
    let trace: Trace
    var facts = Facts()
    /// What `accounts` says of the certificate's CA; `nil` until the signature has been verified.
    var authority: Result<AccountKey?, Stop>?
    /// Read once, or again for other keys; `nil` until a check has asked for them.
    private var knownRevocations: Revocations?

    var now: UnixTime { moment.now }

    init(configuration: Configuration, moment: Moment, trace: Trace) {
        self.configuration = configuration
        self.moment = moment
        self.trace = trace
    }

    mutating func revocations(
        of keys: [Fingerprint], in files: borrowing some PolicyFiles
    ) throws(Stop) -> Revocations {
        if let knownRevocations, knownRevocations.cover(keys) { return knownRevocations }
        let revocations = try files.revocations(of: keys)
        knownRevocations = revocations
        return revocations
    }

    mutating func line(for request: Request, files: borrowing some PolicyFiles) throws(Stop) -> AuthorizedKeyLine {
        let login = try self.login(request)
        let blob = try self.blob(request)
        switch try offeredKey(blob, type: request.keyType) {
        case .plain(let key): return try accountKey(key, login: login, files: files)
        case .certificate(let certificate):
            try check(certificate, files: files)
            guard certificate.isSelfSigned else {
                return try signedByAuthority(certificate.contents, login: login, files: files)
            }
            return try keys(certificate.contents, login: login, uid: request.uid, files: files)
        }
    }

    // MARK: - The request

    private mutating func login(_ request: Request) throws(Stop) -> String {
        trace.begin(.login)
        guard isLoginName(request.login.utf8), let login = request.login.ascii else {
            return try refuse(.loginMalformed, "\(quoted(request.login, limit: 64)) cannot be a login")
        }
        trace.pass(login + (request.uid.map { ", uid \($0)" } ?? ""))
        return login
    }

    /// No certificate that we could accept is larger.
    private static let maximumBlob = 64 << 10

    private mutating func blob(_ request: Request) throws(Stop) -> [UInt8] {
        trace.begin(.key)
        // Four letters of base64 for each three bytes begun.
        guard request.key.count <= (Self.maximumBlob + 2) / 3 * 4 else {
            return try refuse(.keyTooLarge, "\(request.key.count) characters of base64")
        }
        guard let blob = Base64.standard.decode(request.key), !blob.isEmpty else {
            return try refuse(.keyBase64, "not the base64 of anything")
        }
        guard blob.count <= Self.maximumBlob else { return try refuse(.keyTooLarge, "\(blob.count) bytes") }
        return blob
    }

    private enum OfferedKey {
        case plain(PublicKey)
        case certificate(Certificate)
    }

    private mutating func offeredKey(_ blob: [UInt8], type: Text?) throws(Stop) -> OfferedKey {
        let offered: OfferedKey
        let key: PublicKey
        let name: String
        do throws(KeyError) {
            do throws(KeyError) {
                key = try PublicKey(blob: blob[...])
                name = key.algorithm.rawValue
                facts.path = .key
                offered = .plain(key)
            } catch .plainKeyExpected {
                let certificate = try Certificate(blob: blob[...])
                key = certificate.contents.key
                name = key.algorithm.certificateName
                facts.path = certificate.isSelfSigned ? .keys : .certificate
                offered = .certificate(certificate)
            }
        } catch {
            throw .refusal(Refusal(error.reason, "\(error)"))
        }
        if case .rsa(let exponent, let modulus) = key {
            do throws(KeyDefect) {
                try VerificationKey.checkRSA(modulus: modulus, exponent: exponent)
            } catch {
                return try refuse(.keyTypeUnsupported, "\(error)")
            }
        }
        if case .certificate(let certificate) = offered, !certificate.isSelfSigned {
            try checkPoints(of: certificate.contents)
        }
        // The commonest call of all is a stray key that no record will name: it must not cost libcrypto's start.
        if facts.path != .key || trace.isKept { facts.key = try fingerprint(of: key) }
        trace.pass("\(blob.count) bytes" + (facts.key.map { ", \($0)" } ?? ""))

        trace.begin(.keyType)
        guard type == nil || type == Text(name) else {
            return try refuse(.keyTypeMismatch, "\(name) offered, --type is \(quoted(type ?? ""))")
        }
        trace.pass(name)
        return offered
    }

    /// Refuses points off their curve, as sshd does; a key that signed itself is checked with its signature.
    private func checkPoints(of certificate: CertificateContents) throws(Stop) {
        for key in [certificate.key, certificate.signatureKey] {
            do throws(SignatureError) {
                _ = try key.verificationKey()
            } catch .key(.notOnCurve(let curve)) {
                return try refuse(.keyMalformed, "\(KeyDefect.notOnCurve(curve))")
            } catch {
                continue  // what else is wrong with it shows when it must verify
            }
        }
    }

    func fingerprint(of key: PublicKey) throws(Stop) -> Fingerprint {
        do throws(LibcryptoError) {
            return try key.fingerprint()
        } catch {
            throw .fault(.libcrypto("\(error)"))
        }
    }
}

extension Fault {
    /// A failure of libcrypto's own.
    static func libcrypto(_ description: String) -> Fault {
        Fault(.internal, description, mend: "see whether openssl and its configuration work: openssl list -providers")
    }
}

extension KeyError {
    /// The reason that an admin is given.
    var reason: Reason {
        switch self {
        case .unknownAlgorithm: .keyTypeUnsupported
        case .nestedCertificate: .certNested
        case .tooManyPrincipals: .certPrincipals
        case .optionsOutOfOrder, .optionTwice, .optionData: .certOptions
        case .wire, .certificateExpected, .plainKeyExpected, .curve, .keyLength, .pointForm, .nul, .certificateKind:
            .keyMalformed
        }
    }
}
