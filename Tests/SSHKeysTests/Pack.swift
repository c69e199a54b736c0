/// SSH's data types written a second time, so that the tests do not lean on what they test.
enum Pack {
    static func uint32(_ value: Int) -> [UInt8] { number(UInt64(value), width: 4) }

    static func uint64(_ value: UInt64) -> [UInt8] { number(value, width: 8) }

    static func string(_ content: [UInt8]) -> [UInt8] { uint32(content.count) + content }

    static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

    /// A list of options as certificates have it; the data as it stands.
    static func options(_ options: [(String, [UInt8])]) -> [UInt8] {
        options.flatMap { string($0.0) + string($0.1) }
    }

    private static func number(_ value: UInt64, width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64((width - 1 - $0) * 8)) }
    }
}
