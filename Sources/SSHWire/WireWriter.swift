/// Builds bytes in SSH's data types.
///
/// Source: RFC 4251 §5.
public struct WireWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8] = []

    /// A writer that has written nothing.
    public init() {}

    /// Appends a `byte`, `uint32` or `uint64`, big-endian.
    public mutating func integer(_ value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Appends a `string`: `content` behind its length.
    public mutating func string(_ content: some Collection<UInt8>) {
        // What we write is bounded by what we read, far below 4 GiB.
        integer(UInt32(clamping: content.count))
        bytes += content
    }

    /// Appends a `string` of text.
    public mutating func string(_ text: String) { string(Array(text.utf8)) }

    /// Appends an `mpint` of a magnitude, big-endian; leading zeros are dropped.
    public mutating func positiveInteger(_ magnitude: some Collection<UInt8>) {
        let significant = magnitude.drop { $0 == 0 }
        let needsSign = (significant.first ?? 0) >= 0x80
        string((needsSign ? [0] : []) + Array(significant))
    }
}
