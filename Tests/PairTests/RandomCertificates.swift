@testable import TestSupport

/// Certificates with whatever `ssh-keygen -s` lets one write, by chance.
struct RandomCertificates {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    private static let types = [
        "ed25519", "ecdsa -b 256", "ecdsa -b 384", "ecdsa -b 521", "rsa -b 2048", "rsa -b 3072",
    ]

    /// A bash script that leaves `count` of them in `certificates`, one a line.
    func script(count: Int) -> String {
        var copy = self
        let keys = Self.types.indices.flatMap { index in
            ["user", "ca"].map { "ssh-keygen -q -N '' -C '' -f \($0)-\(index) -t \(Self.types[index])" }
        }
        let certificates = (0..<count).map { copy.certificate(number: $0) }
        // No program but ssh-keygen for each.
        let function = """
            sign() { ssh-keygen -q "$@"; file=${*: -1}; IFS= read -r line <"${file%.pub}-cert.pub"; printf '%s\\n' "$line"; }
            """
        return (["set -eu"] + keys + [function, "{"] + certificates + ["} >certificates"]).joined(separator: "\n")
            + "\n"
    }

    private mutating func certificate(number: Int) -> String {
        let signer = Int.random(in: Self.types.indices, using: &random)
        var words = ["-s", "ca-\(signer)", "-I", text(1...40) + " \(number)"]
        if Self.types[signer].hasPrefix("rsa") { words += one([[], ["-t", "rsa-sha2-256"], ["-t", "rsa-sha2-512"]]) }
        if chance(of: 4) { words.append("-h") }
        if !chance(of: 5) {
            words += ["-n", (0...Int.random(in: 0...6, using: &random)).map { _ in name() }.joined(separator: ",")]
        }
        if !chance(of: 4) {
            words += ["-z", "\(one([random.next(), random.next() >> 40, 0, .max, 1 << 53, (1 << 53) + 1]))"]
        }
        if !chance(of: 4) { words += ["-V", validity()] }
        words += options()
        words.append("user-\(Int.random(in: Self.types.indices, using: &random)).pub")
        return "sign " + words.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
    }

    private mutating func validity() -> String {
        let start = one([
            "always", "19700101000001Z", "20260228235959Z", "20240229000000Z",
            "0x\(String(random.next() >> 34, radix: 16))",
        ])
        let end = one([
            "forever", "99991231235959Z", "21060207062816Z", "20380119031408Z",
            "0x\(String((1 << 34) + random.next() >> 30, radix: 16))",
        ])
        return "\(start):\(end)"
    }

    /// Each at most once: ssh-keygen writes what it is given, sorted.
    private mutating func options() -> [String] {
        var words: [String] = chance(of: 3) ? ["clear"] : []
        for permit in ["pty", "user-rc", "x11-forwarding", "agent-forwarding", "port-forwarding"] {
            words += one([[], [], ["no-\(permit)"], ["permit-\(permit)"]])
        }
        if chance(of: 3) { words.append("force-command=" + text(1...60)) }
        if chance(of: 3) {
            words.append("source-address=" + one(["10.0.0.0/8", "::1/128,192.0.2.7/32", "2001:db8::/32"]))
        }
        if chance(of: 4) { words.append("verify-required") }
        if chance(of: 4) { words.append("no-touch-required") }
        for kind in ["critical", "extension"] where chance(of: 3) {
            let value = chance(of: 2) ? "" : "=" + text(1...80)
            words.append(
                "\(kind):\(one(["a", "zz", "m"]))\(Int.random(in: 0...99, using: &random))@example.com\(value)")
        }
        return words.flatMap { ["-O", $0] }
    }

    /// What a shell, a JSON writer or a listing might stumble over, without a blank at either end.
    private mutating func text(_ length: ClosedRange<Int>) -> String {
        let letters = Array("abcXYZ019 \"'\\$`*?#;:,=@/<>{}[]|&~^%!-_.+äßİ☃🗝ｱ")
        let middle = (0..<Int.random(in: length, using: &random)).map { _ in one(letters) }
        return "(" + String(middle) + ")"
    }

    private mutating func name() -> String {
        one(["pgs", "tuns", "admin", "Admin", "root", "a b", "ä", "x@y", "\"", "\\", "'"])
            + one(["", "1", "-", " z", "."])
    }

    private mutating func chance(of whole: Int) -> Bool { Int.random(in: 0..<whole, using: &random) == 0 }

    private mutating func one<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &random)]
    }
}
