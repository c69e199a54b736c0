import ArgumentParser
import Encodings
import Fleet
import Foundation
import HostFiles
import Policy

/// What a new bundle is like, and where it goes, on the command line.
struct BundleOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How long hosts may apply it: a number and m, h or d.", valueName: "time"))
    var expires = "30d"

    @Option(help: "The serial, from 1 to 2^53.")
    var serial: UInt64?

    @Option(help: ArgumentHelp("Where the bundle goes; - is the standard output.", valueName: "file"))
    var out = "policy"

    @Flag(help: "One JSON object with what the bundle holds.")
    var json = false

    /// Makes a bundle and puts it there, with a word about it.
    /// - Parameters:
    ///   - now: When it is made.
    ///   - last: A serial that its own has to be above.
    ///   - note: What to say of it besides.
    ///   - contents: Of each of its files.
    /// - Throws: What it is that keeps it from being made, or from being put there.
    func write(
        at now: UnixTime, after last: UInt64 = 0, saying note: String = "", _ contents: (PolicyPart) -> [UInt8]
    ) throws {
        let bundle = try PolicyBundle(
            serial: try serial ?? next(at: now, after: last), created: now, expires: now + (try lifetime()),
            contents: contents)
        if out == "-" { return FileHandle.standardOutput.write(Data(bundle.text)) }
        try PolicyFile(path: out).replace(with: bundle.text)
        let object = JSON.object(FleetText.json(of: bundle)).encoded
        print(
            json
                ? String(decoding: object, as: UTF8.self) : "\(shown(out)): \(FleetText.summary(of: bundle))\(note)")
    }

    /// The serial after that of the bundle that is there and after `last`, and at least the seconds since 1970.
    private func next(at now: UnixTime, after last: UInt64) throws -> UInt64 {
        let there = out == "-" ? nil : try PolicyFile(path: out).readIfThere()
        let present = try there.map { try PolicyBundle(parsing: $0).serial } ?? 0
        return max(present + 1, last + 1, UInt64(clamping: now.seconds))
    }

    private func lifetime() throws -> Seconds {
        let units: [Character: Int64] = ["m": 60, "h": 3600, "d": 86400]
        guard let unit = expires.last.flatMap({ units[$0] }), let count = Int64(expires.dropLast()),
            (1...100_000).contains(count)
        else { throw ValidationError("--expires: a number and m, h or d expected, such as 30d") }
        return Seconds(count * unit)
    }
}
