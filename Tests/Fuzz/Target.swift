import Foundation

@testable import TestSupport

/// One thing that takes bytes from outside, and what must hold whatever they are.
struct Target: Sendable {
    let name: String
    /// What to begin with, of one fixture.
    let seeds: @Sendable (Case) -> [[UInt8]]
    /// Runs the code over the bytes; traps where what must hold does not.
    let run: @Sendable ([UInt8]) -> Void

    static let all = decoders + [certificates] + decisions

    /// Writes each seed once.
    func writeSeeds(to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var written: Set<[UInt8]> = []
        for fixture in Fixture.all {
            for seed in try seeds(fixture.load()) where written.insert(seed).inserted {
                try Data(seed).write(to: folder.appendingPathComponent("\(fixture.name)-\(written.count)"))
            }
        }
    }
}
