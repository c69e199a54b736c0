import Encodings
import Testing

@Suite("Seconds")
struct SecondsTests {
    @Test(
        "a length is said in its two largest units",
        arguments: [
            (0, "0 s"), (1, "1 s"), (45, "45 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (300, "5 min"),
            (3599, "59 min 59 s"), (3600, "1 h"), (3601, "1 h"), (7500, "2 h 5 min"), (86_399, "23 h 59 min"),
            (86_400, "1 d"), (86_460, "1 d"), (90_000, "1 d 1 h"), (262_800, "3 d 1 h"), (-45, "-45 s"),
            (-7500, "-2 h 5 min"), (Int64.max, "106751991167300 d 15 h"), (Int64.min, "-106751991167300 d 15 h"),
        ] as [(Int64, String)])
    func describes(count: Int64, text: String) {
        #expect("\(Seconds(count))" == text)
    }

    @Test("shorter is less")
    func orders() {
        #expect(Seconds(-1) < Seconds(0))
        #expect(Seconds(59) < Seconds(60))
        #expect(!(Seconds(60) < Seconds(60)))
    }
}
