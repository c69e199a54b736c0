/// A cursor over bytes in SSH's data types that only goes forward.
///
/// Offsets are those of the array that the first slice was cut from, at every depth. Nothing is copied.
/// Source: RFC 4251 §5.
public struct WireReader: ~Copyable {
    private var rest: ArraySlice<UInt8>

    private init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// What `body` reads from `bytes`, provided that it reads all of them.
    ///
    /// The only way to a reader, so that bytes left over are an error by construction.
    /// - Parameters:
    ///   - bytes: One format's bytes, whole.
    ///   - leftover: Makes the caller's error of `WireError.trailing`.
    ///   - body: Reads them in order.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, and what `leftover` makes.
    public static func decode<Value, Failure: Error>(
        _ bytes: ArraySlice<UInt8>,
        leftover: (WireError) -> Failure,
        _ body: (inout WireReader) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        var reader = WireReader(bytes)
        let value = try body(&reader)
        guard reader.isAtEnd else {
            throw leftover(.trailing(count: reader.rest.count, at: reader.offset))
        }
        return value
    }

    /// What `body` reads from `bytes`, where it throws nothing but `WireError`.
    /// - Parameters:
    ///   - bytes: One format's bytes, whole.
    ///   - body: Reads them in order.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, and `WireError.trailing`.
    public static func decode<Value>(
        _ bytes: ArraySlice<UInt8>,
        _ body: (inout WireReader) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        try decode(bytes, leftover: { $0 }, body)
    }

    /// Where the next byte is.
    public var offset: Int { rest.startIndex }

    /// How many bytes are left.
    public var remaining: Int { rest.count }

    /// Whether everything was read.
    public var isAtEnd: Bool { rest.isEmpty }

    /// The next `count` bytes.
    /// - Parameter count: How many; not negative.
    /// - Returns: The bytes, shared with the blob.
    /// - Throws: `WireError.truncated`.
    public mutating func bytes(_ count: Int) throws(WireError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw .truncated(needed: count, left: rest.count, at: offset) }
        defer { rest.removeFirst(count) }
        return rest.prefix(count)
    }

    /// A `byte`, `uint32` or `uint64`, big-endian.
    /// - Parameter type: Which.
    /// - Returns: The number.
    /// - Throws: `WireError.truncated`.
    public mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>(
        _ type: Integer.Type = Integer.self
    ) throws(WireError) -> Integer {
        try bytes(Integer.bitWidth / 8).reduce(0) { $0 << 8 | Integer($1) }
    }

    /// A `string`: any bytes behind their length.
    /// - Returns: The bytes, shared with the blob.
    /// - Throws: `WireError.truncated`.
    public mutating func string() throws(WireError) -> ArraySlice<UInt8> {
        // At most 2³² − 1, so it fits an Int; `bytes` compares it with what is left.
        try bytes(Int(try integer(UInt32.self)))
    }

    /// A `string` of printable US-ASCII, as names of algorithms, curves and options are.
    /// - Returns: The name; may be empty.
    /// - Throws: `WireError.truncated`, `WireError.notText`.
    public mutating func name() throws(WireError) -> String {
        let bytes = try string()
        guard let odd = bytes.firstIndex(where: { $0 < 0x21 || $0 > 0x7E }) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        throw .notText(at: odd)
    }

    /// An `mpint` above zero.
    /// - Returns: Its magnitude, big-endian, without leading zeros.
    /// - Throws: `WireError.truncated`, `WireError.negativeInteger`, `WireError.nonMinimalInteger`,
    ///   `WireError.emptyInteger`.
    public mutating func positiveInteger() throws(WireError) -> ArraySlice<UInt8> {
        let bytes = try string()
        guard let first = bytes.first else { throw .emptyInteger(at: bytes.startIndex) }
        guard first < 0x80 else { throw .negativeInteger(at: bytes.startIndex) }
        guard first == 0 else { return bytes }
        // One zero byte, and only where the next would otherwise read as a sign.
        guard let second = bytes.dropFirst().first, second >= 0x80 else {
            throw .nonMinimalInteger(at: bytes.startIndex)
        }
        return bytes.dropFirst()
    }
}
