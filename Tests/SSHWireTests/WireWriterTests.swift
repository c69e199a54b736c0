import SSHWire
import Testing

@Suite("WireWriter")
struct WireWriterTests {
    @Test("each data type is written as RFC 4251 §5 shows it")
    func writesExamples() {
        var writer = WireWriter()
        #expect(writer.bytes.isEmpty)
        writer.integer(UInt8(0xAB))
        writer.integer(UInt32(699_921_578))  // §5: 29 b7 f4 aa
        writer.integer(UInt64(0x0102_0304_0506_0708))
        writer.string("testing")  // §5: 00 00 00 07 t e s t i n g
        writer.string([] as [UInt8])
        #expect(
            writer.bytes == [0xAB, 0x29, 0xB7, 0xF4, 0xAA, 1, 2, 3, 4, 5, 6, 7, 8]
                + [0, 0, 0, 7, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67] + [0, 0, 0, 0])
    }

    @Test(
        "an mpint is written minimally, with a zero byte where its top bit is set",
        arguments: [
            ([], [0, 0, 0, 0]), ([0], [0, 0, 0, 0]), ([0, 0], [0, 0, 0, 0]), ([1], [0, 0, 0, 1, 1]),
            ([0x7F], [0, 0, 0, 1, 0x7F]), ([0x80], [0, 0, 0, 2, 0, 0x80]), ([0, 0, 0x80], [0, 0, 0, 2, 0, 0x80]),
            ([0, 1, 0], [0, 0, 0, 2, 1, 0]),
            (
                [0x09, 0xA3, 0x78, 0xF9, 0xB2, 0xE3, 0x32, 0xA7],
                [0, 0, 0, 8, 0x09, 0xA3, 0x78, 0xF9, 0xB2, 0xE3, 0x32, 0xA7]
            ),
        ] as [([UInt8], [UInt8])])
    func writesIntegers(magnitude: [UInt8], expected: [UInt8]) {
        var writer = WireWriter()
        writer.positiveInteger(magnitude)
        #expect(writer.bytes == expected)
    }

    @Test("what is written is read as it was")
    func roundTrips() throws {
        for first in UInt8.min ... .max {
            let magnitude = [max(first, 1), first, 0]
            var writer = WireWriter()
            writer.integer(first)
            writer.positiveInteger(magnitude)
            writer.string([first, 0, 255])
            writer.string("name")
            writer.integer(UInt32(first) << 24 | 1)
            writer.integer(UInt64(first) << 56 | 1)
            try WireReader.decode(writer.bytes[...]) { (r) throws(WireError) in
                #expect(try r.integer(UInt8.self) == first)
                #expect(try Array(r.positiveInteger()) == magnitude)
                #expect(try r.string() == [first, 0, 255])
                #expect(try r.name() == "name")
                #expect(try r.integer(UInt32.self) == UInt32(first) << 24 | 1)
                #expect(try r.integer(UInt64.self) == UInt64(first) << 56 | 1)
            }
        }
    }
}
