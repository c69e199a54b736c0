// Times, in one process, what a login checks against the signatures in it alone; run by Tests/Benchmarks/decoding.py.
//
//     InProcess certificates TITLE FILE    each line a certificate, whose CA's signature is checked
//     InProcess token TITLE FOLDER         a fixture's files, and `checks`: the three signatures of its Keys

import Encodings
import Foundation
import IdentityToken
import Policy
import SSHKeys
import Signatures

/// Nanoseconds that `body` takes.
func time(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let taken = try clock.measure { try body() }
    return Double(taken.components.seconds) * 1e9 + Double(taken.components.attoseconds) / 1e9
}

/// A row: the median ratio of `ours` to `signatures`, its quartiles, and what one of each takes.
func compare(_ title: String, count: Int, ours: () throws -> Void, signatures: () throws -> Void) rethrows {
    var (ratios, own, others): ([Double], [Double], [Double]) = ([], [], [])
    for number in 0..<41 {
        let isFirst = number.isMultiple(of: 2)
        let before = isFirst ? try time(ours) : 0
        let theirs = try time(signatures)
        let mine = isFirst ? before : try time(ours)
        ratios.append(mine / theirs)
        own.append(mine)
        others.append(theirs)
    }
    func quartile(_ number: Int, of values: [Double]) -> Double { values.sorted()[(values.count - 1) * number / 4] }
    let figures = [2, 1, 3].map { String(format: "%.2f", quartile($0, of: ratios)) }
    let each = [own, others].map { String(format: "%7.1f µs", quartile(2, of: $0) / Double(count) / 1000) }
    let name = title.padding(toLength: 33, withPad: " ", startingAt: 0)
    print("\(name) \(figures[0])   \(figures[1]) to \(figures[2])   \(each[0])  \(each[1])")
}

func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

func certificates(_ title: String, _ path: String) throws {
    let blobs = try bytes(path).split(separator: 0x0A).map { try AuthorizedKey(line: $0).blob }
    let read = try blobs.map { try Certificate(blob: $0[...]) }
    try compare(title, count: blobs.count) {
        for blob in blobs { try Certificate(blob: blob[...]).verifySignature() }
    } signatures: {
        for one in read { try one.contents.signatureKey.verify(one.signature, over: Array(one.signed)) }
    }
}

/// One signature of the file `checks`: the key's numbers, the signature and the message.
struct Check: Decodable {
    let modulus, exponent, point: Data?
    let signature, message: Data

    /// As ES256 or RS256 has it.
    func isGood() throws -> Bool {
        if let modulus, let exponent {
            let key = try VerificationKey(modulus: Array(modulus), exponent: Array(exponent))
            return try key.verifies(Array(signature), over: Array(message), scheme: .rsaPKCS1(.sha256))
        }
        let key = try VerificationKey(curve: .p256, point: Array(point ?? Data()))
        return try key.verifies(Array(signature), over: Array(message), scheme: .ecdsa)
    }
}

func token(_ title: String, _ folder: String) throws {
    let checks = try JSONDecoder().decode([Check].self, from: Data(try bytes("\(folder)/checks")))
    guard try checks.allSatisfy({ try $0.isGood() }) else { throw CocoaError(.fileReadCorruptFile) }
    let blob = try AuthorizedKey(line: try bytes("\(folder)/key.pub").dropLast()).blob
    let configuration = try Configuration(parsing: try bytes("\(folder)/pair.toml"), file: "pair.toml")
    guard let provider = configuration.providers.first else { throw CocoaError(.fileReadCorruptFile) }
    let keySet = try bytes("\(folder)/keysets/example.json")
    let now = UnixTime(seconds: Int64(Date().timeIntervalSince1970))
    let count = 20
    try compare(title, count: count) {
        for _ in 0..<count {
            let certificate = try Certificate(blob: blob[...])
            try certificate.verifySignature()
            let text = try certificate.contents.extension(CompactToken.certificateExtension)?.string() ?? []
            let bound = try CompactToken(parsing: text[...]).bound(to: certificate.contents.key)
            let keys = try KeySet(parsing: keySet, issuer: provider.issuer)
            _ = try bound.signed(by: keys, under: configuration.rules(for: provider)).committed().verified(at: now)
        }
    } signatures: {
        for _ in 0..<count { for check in checks { _ = try check.isGood() } }
    }
}

do {
    switch Array(CommandLine.arguments.dropFirst()) {
    case let words where words.count == 3 && words[0] == "certificates": try certificates(words[1], words[2])
    case let words where words.count == 3 && words[0] == "token": try token(words[1], words[2])
    default: throw CocoaError(.featureUnsupported)
    }
} catch {
    FileHandle.standardError.write(Data("InProcess: \(error)\n".utf8))
    exit(1)
}
