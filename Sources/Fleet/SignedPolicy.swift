public import Encodings

/// What is published: a bundle, and behind it its signature as `ssh-keygen -Y sign` writes it, in one text.
///
/// In one, so that no host ever sees the bundle of one policy beside the signature of another.
public struct SignedPolicy: Sendable {
    /// What a signature of a policy is for; a signature of the same key for anything else counts for nothing.
    public static let namespace = "pair-policy"

    /// The bundle's text, verified by nobody yet.
    public let text: [UInt8]

    /// The signature over it.
    public let signature: MessageSignature

    /// A bundle's text with its signature.
    public init(text: [UInt8], signature: MessageSignature) {
        self.text = text
        self.signature = signature
    }

    /// The two parts of what is published.
    /// - Throws: `SignedPolicyError.unsigned`, `.signature`.
    public init(parsing published: [UInt8]) throws(SignedPolicyError) {
        let mark = Array("-----BEGIN SSH SIGNATURE-----\n".utf8)
        // The last line that begins a signature: a file in the bundle may say anything.
        let ends = published.suffix(64 << 10).indices.reversed()
        guard let start = ends.first(where: { published[$0...].starts(with: mark) }),
            start == 0 || published[start - 1] == 0x0A
        else { throw .unsigned }
        do throws(MessageSignatureError) {
            signature = try MessageSignature(armoured: Array(published[start...]))
        } catch {
            throw .signature(error)
        }
        text = Array(published[..<start])
    }

    /// What is published.
    public var published: [UInt8] { text + Array(signature.armoured.utf8) }
}

/// A policy that somebody signed who may.
public struct VerifiedPolicy: Sendable {
    /// What was signed.
    public let bundle: PolicyBundle

    /// The principals of the signer, from the file that allows them.
    public let signer: String

    /// The policy in `signed`, once an allowed signer is known to have signed it for this use, and it to hold at `now`.
    /// - Parameters:
    ///   - signed: What was published.
    ///   - allowed: Who may sign.
    ///   - minimumSerial: The lowest serial that will do: that of what a host has already, or what its set-up asks for.
    ///   - now: The moment to judge it at.
    /// - Throws: Each case of `SignedPolicyError` but `.unsigned`.
    public init(
        _ signed: SignedPolicy, allowed: AllowedSigners, minimumSerial: UInt64, at now: UnixTime
    ) throws(SignedPolicyError) {
        guard signed.signature.namespace == SignedPolicy.namespace else {
            throw .namespace(signed.signature.namespace)
        }
        do throws(AllowedSignersError) {
            signer = try allowed.principals(of: signed.signature, at: now)
        } catch {
            throw .signer(error)
        }
        do throws(MessageSignatureError) {
            try signed.signature.verify(over: signed.text)
        } catch {
            throw .signature(error)
        }
        do throws(PolicyBundleError) {
            bundle = try PolicyBundle(parsing: signed.text)
        } catch {
            throw .bundle(error)
        }
        guard bundle.serial >= minimumSerial else { throw .serial(bundle.serial, minimum: minimumSerial) }
        guard now < bundle.expires else { throw .expired(bundle.expires) }
    }
}

/// Why what was published is no policy for a host.
public enum SignedPolicyError: Error, Equatable, Sendable {
    case unsigned
    case signature(MessageSignatureError)
    case namespace(String)
    case signer(AllowedSignersError)
    case bundle(PolicyBundleError)
    case serial(UInt64, minimum: UInt64)
    case expired(UnixTime)
}

extension SignedPolicyError: CustomStringConvertible {
    /// What was expected and what was found.
    public var description: String {
        switch self {
        case .unsigned: "policy: an SSH signature expected at its end"
        case .signature(let error): "policy: \(error)"
        case .namespace(let name):
            "policy: signed for \(quoted(name)), and not for \(quoted(SignedPolicy.namespace))"
        case .signer(let error): "policy: \(error)"
        case .bundle(let error): "\(error)"
        case .serial(let serial, let minimum): "policy: serial \(minimum) or higher expected, \(serial) found"
        case .expired(let time): "policy: expired at \(time.rfc3339)"
        }
    }
}
