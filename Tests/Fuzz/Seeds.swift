import Decision
import Encodings
import SSHKeys
import SSHWire
import Signatures

@testable import TestSupport

// What a fixture has for each of the decoders.

extension Case {
    /// The key that is offered, as bytes.
    var blob: [UInt8] { Base64.standard.decode(key) ?? key }

    /// The key that is offered without its certificate, and the one that signed it.
    var publicKeys: [[UInt8]] {
        guard let certificate = try? Certificate(blob: blob[...]) else { return [blob] }
        return [certificate.contents.key.blob, certificate.contents.signatureKey.blob]
    }

    var authorizedKeys: [[UInt8]] {
        let lines = (accounts ?? []).split(separator: 0x0A).map { Array($0) }
        guard let line = decided().line else { return lines }
        return lines + [Array(line.text.utf8)]
    }

    var token: [UInt8]? {
        let option = (try? Certificate(blob: blob[...]))?.contents.extension("openpubkey-pkt")
        return option.flatMap { try? $0.string() }
    }

    /// Headers, claims and key sets.
    var jsonTexts: [[UInt8]] {
        let segments = (token ?? []).split { [UInt8(ascii: ":"), UInt8(ascii: ".")].contains($0) }
        return segments.compactMap { Base64.url.decode($0) }.filter { $0.first == UInt8(ascii: "{") } + keySets.values
    }

    /// An agent that has this key.
    var agentAnswers: [[UInt8]] {
        var answer = WireWriter()
        answer.integer(UInt32(1))
        answer.string(blob)
        answer.string("comment")
        return [[12] + answer.bytes, [6], [5]]
    }
}

enum PrivateKeys {
    static let seeds: [[UInt8]] = SigningKey.Kind.allCases.compactMap { kind in
        guard let key = try? PrivateKey(generating: kind) else { return nil }
        return try? key.file(comment: "alice@laptop")
    }
}
