internal import Encodings
public import SSHKeys
internal import Signatures

extension PublicKey {
    /// How many bits an RSA key's modulus has, `nil` for any other key.
    var rsaBits: Int? {
        guard case .rsa(_, let modulus) = self else { return nil }
        let digits = modulus.drop { $0 == 0 }
        return digits.count * 8 - (digits.first?.leadingZeroBitCount ?? 0)
    }

    /// Whether it is an RSA key from a chip of which the modulus gives the primes away.
    ///
    /// There each prime is a power of 65537 modulo many small primes, so that the modulus is one too; by chance one in
    /// 2^27 is. Source: Nemec and others, "The Return of Coppersmith's Attack" (2017), §3.1; CVE-2017-15361.
    var isROCA: Bool {
        guard case .rsa(_, let modulus) = self else { return false }
        return smallPrimes.allSatisfy { prime in
            let rest = modulus.reduce(UInt32(0)) { ($0 << 8 | UInt32($1)) % prime }
            var power: UInt32 = 1
            repeat {
                if power == rest { return true }
                power = power * (65_537 % prime) % prime
            } while power != 1
            return false
        }
    }

    /// The type as people say it, with the size where it varies.
    public var shortName: String {
        switch self {
        case .ed25519: "Ed25519"
        case .ecdsa(.p256, _): "ECDSA P-256"
        case .ecdsa(.p384, _): "ECDSA P-384"
        case .ecdsa(.p521, _): "ECDSA P-521"
        case .rsa: "RSA \(rsaBits ?? 0)"
        case .skEd25519: "Ed25519-SK"
        case .skECDSA: "ECDSA-SK"
        case .mldsa44Ed25519: "ML-DSA-44 + Ed25519"
        }
    }
}

/// Modulo which 65537 has few powers: those of the authors' own test.
private let smallPrimes: [UInt32] = [
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
]
