import Foundation
import Policy

@testable import TestSupport

/// What comes of the same input again and again; all of it is forgotten once there is much.
struct Remembered<Input: Hashable, Output> {
    private var known: [Input: Output] = [:]

    mutating func output(of input: Input, _ make: (Input) -> Output) -> Output {
        if let output = known[input] { return output }
        if known.count >= 1000 { known = [:] }
        let output = make(input)
        known[input] = output
        return output
    }
}

extension Case {
    // libFuzzer has one thread.
    nonisolated(unsafe) private static var configurations = Remembered<[UInt8], Configuration?>()

    /// pair.toml, parsed once for all logins that have the same; `nil` where it cannot be used.
    var rememberedConfiguration: Configuration? {
        unsafe Case.configurations.output(of: toml) { _ in try? configuration }
    }
}

// Recipes encode by Foundation's base64: it is quicker here than ours, whose every step the fuzzer looks at.

func base64(_ bytes: some Collection<UInt8>) -> String { Data(bytes).base64EncodedString() }

func base64URL(_ bytes: some Collection<UInt8>) -> String {
    String(
        decoding: base64(bytes).utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: byte
            }
        }, as: UTF8.self)
}
