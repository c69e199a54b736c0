// What `scripts/fuzz` runs: libFuzzer, whose `main` calls these two, with one of the targets.
//
//     PAIR_FUZZ_TARGET=certificate Fuzz [libFuzzer's options and folders]
//     PAIR_FUZZ_SEEDS=FOLDER Fuzz          writes what to begin with, a folder a target

import Foundation

@testable import TestSupport

/// Chosen once, before libFuzzer starts its one thread.
private let target: Target = {
    let name = ProcessInfo.processInfo.environment["PAIR_FUZZ_TARGET"] ?? ""
    guard let target = Target.all.first(where: { $0.name == name }) else {
        leave("PAIR_FUZZ_TARGET must be one of: \(Target.all.map(\.name).joined(separator: " "))")
    }
    return target
}()

/// Source: LLVM, docs/LibFuzzer.rst "Startup initialization".
@c(LLVMFuzzerInitialize) func initialize(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafePointer<CChar>?>>
) -> CInt {
    if let folder = ProcessInfo.processInfo.environment["PAIR_FUZZ_SEEDS"] {
        do {
            for target in Target.all {
                try target.writeSeeds(to: URL(fileURLWithPath: folder).appendingPathComponent(target.name))
            }
        } catch {
            leave("\(error)")
        }
        exit(0)
    }
    _ = target
    atexit { Tally.tell() }
    return 0
}

/// Source: LLVM, docs/LibFuzzer.rst "Fuzz Target".
@c(LLVMFuzzerTestOneInput) func run(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe target.run(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}

private func leave(_ message: String) -> Never {
    FileHandle.standardError.write(Data("Fuzz: \(message)\n".utf8))
    exit(64)
}
