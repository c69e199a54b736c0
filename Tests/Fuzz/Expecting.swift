import Foundation

/// Stops the fuzzer, which keeps the input, where something that must hold does not.
///
/// `precondition` says nothing where the optimizer is on.
func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { fail(what()) }
}

func fail(_ what: String) -> Never {
    FileHandle.standardError.write(Data("\n== what must hold does not: \(what)\n".utf8))
    abort()
}
