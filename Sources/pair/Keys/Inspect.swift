import ArgumentParser
import Encodings
import Foundation
import SSHKeys

/// `pair keys inspect`: what keys and certificates hold, a line of the input at a time.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what OpenSSH public keys and certificates hold.",
        discussion: """
            Each line of a file is a key as .pub, -cert.pub and authorized_keys files have it. Of a token in a certificate \
            the claims are shown, verified by nobody, and never its signatures.

            With --json each key is one object on a line. A time is RFC 3339 in UTC, null for ever. A serial over 2^53 is a \
            string. The status is 1 where a line could not be read; the others are shown all the same.
            """)

    @Flag(help: "One JSON object for each key, on a line of its own.")
    var json = false

    @Argument(help: ArgumentHelp("The files to read; - is the standard input.", valueName: "file"), completion: .file())
    var files: [String]

    func run() throws {
        var isFirst = true
        var hasFailed = false
        for file in files {
            let input = try contents(of: file)
            for (index, line) in input.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
                let text = line.drop { $0 == 0x20 || $0 == 0x09 }
                guard let first = text.first, first != UInt8(ascii: "#") else { continue }
                do {
                    let inspection = try Inspection(line: text)
                    let shown = json ? String(decoding: inspection.json.encoded, as: UTF8.self) : inspection.text
                    print(isFirst || json ? shown : "\n" + shown)
                    isFirst = false
                } catch {
                    hasFailed = true
                    let place = file == "-" ? "standard input" : file
                    Terminal.write("pair: \(place):\(index + 1): \(error)\n")
                }
            }
        }
        if hasFailed { throw ExitCode(1) }
    }

    private func contents(of file: String) throws -> [UInt8] {
        if file == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        } catch {
            throw ValidationError("\(file) cannot be read: \(error.localizedDescription)")
        }
    }
}
