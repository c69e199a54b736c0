public import Encodings
internal import TOML

/// Where a host has its policy from, instead of from files of its own.
///
/// Source: docs/configuration.md "[policy_source]".
public struct PolicySource: Sendable, Equatable {
    /// What serves the signed policy.
    public let url: Text
    /// The file of those who may sign it, in OpenSSH's format; see `Configuration.resolve`.
    public let allowedSigners: String
    /// The policy as it was last applied; see `Configuration.resolve`.
    public let file: String
    /// How long it counts beyond its end.
    public let grace: Seconds
    /// The lowest serial that a host takes which has applied none yet.
    public let minimumSerial: UInt64

    init(_ table: inout SettingsReader) throws(SettingsError) {
        url = try table.text("url", where: isIssuer, "an https URL without query", required: true) ?? ""
        allowedSigners = try table.location("allowed_signers", default: "allowed_signers").path
        file = try table.location("file", default: "/var/lib/pair/policy").path
        grace = try table.duration("grace", mayBeZero: true) ?? Seconds(0)
        minimumSerial = UInt64(try table.integer("min_serial", in: 0...1 << 53) ?? 0)
        try table.end()
    }

    /// From when on a policy does not count any more.
    public func end(of header: PolicyHeader) -> UnixTime { header.expires + grace }
}
