/// A fuzzer's bytes as a row of choices; where they have ended each is the first.
struct Recipe {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func index(below count: Int) -> Int { Int(byte()) % max(1, count) }

    mutating func one<Value>(of values: [Value], or fallback: Value) -> Value {
        values.isEmpty ? fallback : values[index(below: values.count)]
    }

    mutating func one(of values: [String]) -> String { one(of: values, or: "") }

    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// One of what has broken parsers before, or any bytes.
    mutating func text() -> [UInt8] {
        let choice = byte()
        return choice < 160
            ? Array(Recipe.hostile[Int(choice) % Recipe.hostile.count].utf8) : bytes(Int(choice) & 63)
    }

    /// What would end a quote, a line or an option, add an option, or be another name by accident.
    private static let hostile =
        [
            "", " ", "\n", "\r\n", "\t", "\u{0}", "\"", "\\", "\\\"", "\",cert-authority,principals=\"root",
            "a\" ssh-ed25519 AAAA", "alice\ncert-authority ssh-ed25519 AAAA", "alice,root", "alice root", "*", "?",
            "!alice", "-alice", ".alice", "alice\u{7F}", "alice\u{2028}root", "\u{202E}ecila", "älice", "аlice",
            "alice\u{301}", "Alice", "alice$", "alice..", "{email-local}", "$(id)", "#alice", "opkssh-wildcard ",
            "OPKSSH-WILDCARD", "opkssh-wildcard", "alice", "deploy", "root", "admin", "pgs", "tuns", "both",
            "command=\"id\"",
            "environment=\"LD_PRELOAD=x\"", "from=\"*\"", "permit-pty", "force-command", "source-address",
            "verify-required", "openpubkey-pkt", "no-touch-required", "no-require-user-presence",
        ] + [31, 32, 33, 128, 129].map { String(repeating: "a", count: $0) }
}
