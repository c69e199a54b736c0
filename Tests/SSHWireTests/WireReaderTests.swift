import SSHWire
import Testing

@Suite("WireReader")
struct WireReaderTests {
    struct Rejected: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let error: WireError
        var testDescription: String { name }
    }

    private func decode<Value>(
        _ bytes: [UInt8], _ body: (inout WireReader) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        try WireReader.decode(bytes[...], body)
    }

    static let strings = [
        Rejected(name: "nothing", bytes: [], error: .truncated(needed: 4, left: 0, at: 0)),
        Rejected(name: "three bytes of length", bytes: [0, 0, 0], error: .truncated(needed: 4, left: 3, at: 0)),
        Rejected(name: "short body", bytes: [0, 0, 0, 2, 65], error: .truncated(needed: 2, left: 1, at: 4)),
        Rejected(name: "no body", bytes: [0, 0, 0, 1], error: .truncated(needed: 1, left: 0, at: 4)),
        Rejected(name: "byte after", bytes: [0, 0, 0, 0, 7], error: .trailing(count: 1, at: 4)),
        Rejected(name: "bytes after", bytes: [0, 0, 0, 1, 65, 7, 7, 7], error: .trailing(count: 3, at: 5)),
        Rejected(
            name: "the greatest length", bytes: [255, 255, 255, 255, 1],
            error: .truncated(needed: 4_294_967_295, left: 1, at: 4)),
        Rejected(
            name: "a length that is negative to others", bytes: [128, 0, 0, 0, 1],
            error: .truncated(needed: 2_147_483_648, left: 1, at: 4)),
        Rejected(
            name: "a length that would wrap round", bytes: [255, 255, 255, 252, 0, 0, 0, 0],
            error: .truncated(needed: 4_294_967_292, left: 4, at: 4)),
        Rejected(
            name: "a little-endian length", bytes: [1, 0, 0, 0, 65],
            error: .truncated(needed: 16_777_216, left: 1, at: 4)),
    ]

    static let names = [
        Rejected(name: "a blank", bytes: [0, 0, 0, 3, 0x61, 0x20, 0x62], error: .notText(at: 5)),
        Rejected(name: "a NUL at the end", bytes: [0, 0, 0, 2, 0x61, 0], error: .notText(at: 5)),
        Rejected(name: "a line feed", bytes: [0, 0, 0, 1, 0x0A], error: .notText(at: 4)),
        Rejected(name: "DEL", bytes: [0, 0, 0, 1, 0x7F], error: .notText(at: 4)),
        Rejected(name: "a letter of UTF-8", bytes: [0, 0, 0, 3, 0x61, 0xC3, 0xA9], error: .notText(at: 5)),
        Rejected(name: "a byte after", bytes: [0, 0, 0, 1, 0x61, 0x61], error: .trailing(count: 1, at: 5)),
        Rejected(name: "a short body", bytes: [0, 0, 0, 2, 0x61], error: .truncated(needed: 2, left: 1, at: 4)),
    ]

    static let integers = [
        Rejected(name: "zero", bytes: [0, 0, 0, 0], error: .emptyInteger(at: 4)),
        Rejected(name: "zero in a byte", bytes: [0, 0, 0, 1, 0], error: .nonMinimalInteger(at: 4)),
        Rejected(name: "zero in two bytes", bytes: [0, 0, 0, 2, 0, 0], error: .nonMinimalInteger(at: 4)),
        Rejected(name: "a needless zero", bytes: [0, 0, 0, 2, 0, 0x7F], error: .nonMinimalInteger(at: 4)),
        Rejected(name: "two zeros", bytes: [0, 0, 0, 3, 0, 0, 0x80], error: .nonMinimalInteger(at: 4)),
        Rejected(name: "minus one", bytes: [0, 0, 0, 1, 0xFF], error: .negativeInteger(at: 4)),
        Rejected(name: "minus 128", bytes: [0, 0, 0, 1, 0x80], error: .negativeInteger(at: 4)),
        Rejected(name: "minus 32,768", bytes: [0, 0, 0, 2, 0x80, 0], error: .negativeInteger(at: 4)),
        Rejected(name: "a short body", bytes: [0, 0, 0, 2, 1], error: .truncated(needed: 2, left: 1, at: 4)),
        Rejected(name: "a byte after", bytes: [0, 0, 0, 1, 1, 1], error: .trailing(count: 1, at: 5)),
    ]

    @Test("a malformed string is refused at the right byte", arguments: strings)
    func refusesStrings(_ row: Rejected) {
        #expect(throws: row.error) { try decode(row.bytes) { (r) throws(WireError) in try r.string() } }
    }

    @Test("a name that is not printable ASCII is refused at the odd byte", arguments: names)
    func refusesNames(_ row: Rejected) {
        #expect(throws: row.error) { try decode(row.bytes) { (r) throws(WireError) in try r.name() } }
    }

    @Test("an mpint that is not positive and minimal is refused", arguments: integers)
    func refusesIntegers(_ row: Rejected) {
        #expect(throws: row.error) { try decode(row.bytes) { (r) throws(WireError) in try r.positiveInteger() } }
    }

    @Test(
        "a positive mpint is its magnitude without the sign's byte",
        arguments: [
            ([0, 0, 0, 1, 1], [1]), ([0, 0, 0, 1, 0x7F], [0x7F]), ([0, 0, 0, 2, 0, 0x80], [0x80]),
            ([0, 0, 0, 2, 1, 0], [1, 0]), ([0, 0, 0, 3, 0, 0xFF, 0], [0xFF, 0]),
            // RFC 4251 §5.
            (
                [0, 0, 0, 8, 0x09, 0xA3, 0x78, 0xF9, 0xB2, 0xE3, 0x32, 0xA7],
                [0x09, 0xA3, 0x78, 0xF9, 0xB2, 0xE3, 0x32, 0xA7]
            ),
        ] as [([UInt8], [UInt8])])
    func readsIntegers(bytes: [UInt8], magnitude: [UInt8]) throws {
        #expect(try decode(bytes) { (r) throws(WireError) in Array(try r.positiveInteger()) } == magnitude)
    }

    @Test("numbers are big-endian and exactly as wide as asked")
    func readsNumbers() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        #expect(try decode(bytes) { (r) throws(WireError) in try r.integer(UInt64.self) } == 0x0102_0304_0506_0708)
        let ends = [UInt8](repeating: 255, count: 13)
        let read = try decode(ends) { (r) throws(WireError) in
            let byte = try r.integer(UInt8.self)
            let word = try r.integer(UInt32.self)
            return (byte, word, try r.integer(UInt64.self))
        }
        #expect(read == (UInt8.max, UInt32.max, UInt64.max))
        #expect(throws: WireError.truncated(needed: 8, left: 7, at: 0)) {
            try decode(Array(bytes.dropLast())) { (r) throws(WireError) in try r.integer(UInt64.self) }
        }
        #expect(throws: WireError.truncated(needed: 1, left: 0, at: 8)) {
            try decode(bytes) { (r) throws(WireError) in
                _ = try r.integer(UInt64.self)
                return try r.integer(UInt8.self)
            }
        }
    }

    @Test("every printable letter may stand in a name, and an empty name is one")
    func readsNames() throws {
        for byte in UInt8.min ... .max {
            let name = try? decode([0, 0, 0, 1, byte]) { (r) throws(WireError) in try r.name() }
            #expect(name == ((0x21...0x7E).contains(byte) ? String(UnicodeScalar(byte)) : nil))
        }
        #expect(try decode([0, 0, 0, 0]) { (r) throws(WireError) in try r.name() }.isEmpty)
    }

    @Test("an error inside a nested string is placed in the outermost blob")
    func keepsAbsoluteOffsets() {
        // string(string(string("ab" cut short))), two bytes in front.
        let blob: [UInt8] = [9, 9, 0, 0, 0, 13, 0, 0, 0, 9, 0, 0, 0, 5, 0, 0, 0, 2, 0x61]
        #expect(throws: WireError.truncated(needed: 2, left: 1, at: 18)) {
            try decode(blob) { (r) throws(WireError) in
                _ = try r.bytes(2)
                let outer = try r.string()
                return try WireReader.decode(outer) { (r) throws(WireError) in
                    let middle = try r.string()
                    return try WireReader.decode(middle) { (r) throws(WireError) in
                        try WireReader.decode(try r.string()) { (r) throws(WireError) in try r.string() }
                    }
                }
            }
        }
    }

    @Test("a slice's own indices are its offsets, also where bytes are left")
    func keepsSliceOffsets() {
        let bytes: [UInt8] = [9, 9, 9, 0, 0, 0, 0, 7, 7, 9]
        #expect(throws: WireError.trailing(count: 2, at: 7)) {
            try WireReader.decode(bytes[3..<9]) { (r) throws(WireError) in try r.string() }
        }
        let read = try? WireReader.decode(bytes[3..<7]) { (r) throws(WireError) in
            let start = r.offset
            let wasAtEnd = r.isAtEnd
            let string = try r.string()
            return (start, wasAtEnd, string.startIndex, r.offset, r.isAtEnd)
        }
        #expect(read.map { $0 == (3, false, 7, 7, true) } == true)
    }

    @Test("what a body throws comes before what it leaves")
    func prefersTheBodysError() {
        #expect(throws: WireError.negativeInteger(at: 4)) {
            try decode([0, 0, 0, 1, 0x80, 1, 1]) { (r) throws(WireError) in try r.positiveInteger() }
        }
    }

    @Test("a caller's own error is made of what is left")
    func convertsLeftovers() {
        struct Leftover: Error, Equatable { let error: WireError }
        func wrapped(_ error: WireError) -> Leftover { Leftover(error: error) }
        #expect(throws: Leftover(error: .trailing(count: 1, at: 1))) {
            try WireReader.decode([1, 2], leftover: wrapped) { (r) throws(Leftover) in
                do throws(WireError) { _ = try r.bytes(1) } catch { throw Leftover(error: error) }
            }
        }
    }

    @Test("a failed read takes nothing")
    func takesNothingOnFailure() throws {
        try decode([1, 2]) { (r) throws(WireError) in
            #expect(throws: WireError.truncated(needed: 3, left: 2, at: 0)) { _ = try r.bytes(3) }
            #expect(try r.bytes(2) == [1, 2])
            #expect(try r.bytes(0).isEmpty)
        }
    }

    @Test("each error says where, what was expected and what was found")
    func describesErrors() {
        #expect("\(WireError.truncated(needed: 2, left: 1, at: 4))" == "byte 4: 2 bytes expected, 1 left")
        #expect("\(WireError.trailing(count: 1, at: 9))" == "byte 9: 1 bytes after the end")
        #expect("\(WireError.notText(at: 5))" == "byte 5: printable ASCII expected")
        #expect("\(WireError.negativeInteger(at: 4))" == "byte 4: a negative integer")
        #expect("\(WireError.nonMinimalInteger(at: 4))" == "byte 4: an integer with leading zero bytes")
        #expect("\(WireError.emptyInteger(at: 4))" == "byte 4: zero, where a positive integer is expected")
    }
}
