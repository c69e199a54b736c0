internal import Encodings
public import Policy

/// A version of OpenSSH, as far as `pair` goes by it.
public struct SSHDVersion: Sendable, Hashable, Comparable {
    /// The 9 of 9.2.
    public let major: Int
    /// The 2 of 9.2.
    public let minor: Int

    /// Version `major`.`minor`.
    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// The version that `sshd -V`, `ssh -V`, or the usage of an sshd without `-V` tells of.
    ///
    /// `OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026`, wherever that stands.
    /// - Returns: `nil` where no such word is in it.
    public init?(told text: String) {
        let bytes = Array(text.utf8)
        let mark = Array("OpenSSH_".utf8)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else { return nil }
        var rest = bytes[(start + mark.count)...]
        func number() -> Int? {
            let digits = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            rest = rest[digits.endIndex...]
            return digits.count > 4 ? nil : Int(String(decoding: digits, as: UTF8.self))
        }
        // Windows' own is `OpenSSH_for_Windows_9.5p1`, which has no such command anyway.
        guard let major = number(), rest.popFirst() == UInt8(ascii: "."), let minor = number() else { return nil }
        self.init(major, minor)
    }

    /// The older one is less.
    public static func < (left: SSHDVersion, right: SSHDVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    /// How the line that it is given may say its end; another way voids the line, or is read as another time.
    ///
    /// Source: OpenSSH 7.7 "expiry-time", 9.1 "Z".
    public var expiryTime: ExpiryTimeStyle {
        if self >= SSHDVersion(9, 1) { return .utc }
        return self >= SSHDVersion(7, 7) ? .local : .omitted
    }

    /// Whether it takes that way of saying an end.
    public func understands(_ style: ExpiryTimeStyle) -> Bool {
        switch style {
        case .utc: expiryTime == .utc
        case .local: expiryTime != .omitted
        case .omitted: true
        }
    }

    /// Whether its configuration may lead to files in another folder (OpenSSH 8.2 "Include").
    public var hasInclude: Bool { self >= SSHDVersion(8, 2) }

    /// Whether a command may be given `%C` and `%D`.
    ///
    /// An older sshd lets nobody in by key with one of them, and `sshd -t` says nothing of it (OpenSSH 9.4).
    public var hasConnectionTokens: Bool { self >= SSHDVersion(9, 4) }

    /// Whether `restrict` is known, without which no line of ours is taken (OpenSSH 7.2).
    public var hasRestrict: Bool { self >= SSHDVersion(7, 2) }
}

extension SSHDVersion: CustomStringConvertible {
    /// As `9.2`.
    public var description: String { "\(major).\(minor)" }
}
