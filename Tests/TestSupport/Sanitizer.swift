import Foundation

/// What a sanitizer was told, for programs that are built with it and run in an environment of their own.
let sanitizerSettings = ProcessInfo.processInfo.environment.filter {
    ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains($0.key)
}
