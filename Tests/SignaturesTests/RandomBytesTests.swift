import Signatures
import Testing

@Suite("Random bytes")
struct RandomBytesTests {
    @Test("there are as many as asked for", arguments: [(0, 0), (1, 1), (32, 32), (65_537, 65_537), (-1, 0)])
    func hasCount(asked: Int, count: Int) {
        #expect(randomBytes(asked).count == count)
    }

    @Test("a thousand draws of 16 bytes are all different, and every bit is sometimes set and sometimes not")
    func differs() {
        let draws = (0..<1000).map { _ in randomBytes(16) }
        #expect(Set(draws).count == 1000)
        for index in 0..<16 {
            #expect(draws.reduce(0) { $0 | $1[index] } == 255)
            #expect(draws.reduce(255) { $0 & $1[index] } == 0)
        }
    }
}
