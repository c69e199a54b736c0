internal import CLibsodium

/// Owns bytes that are overwritten with zeros before their memory is given back.
@usableFromInline @safe struct SecretBytes: ~Copyable, @unchecked Sendable {
    // Sendable: whoever makes one fills it before anybody else has it, and it is only read from then on.
    @usableFromInline let pointer: UnsafeMutablePointer<UInt8>

    /// How many there are.
    @usableFromInline let count: Int

    /// As many zeros, to be filled through `withPointer`.
    init(count: Int) {
        unsafe pointer = .allocate(capacity: count)
        unsafe pointer.initialize(repeating: 0, count: count)
        self.count = count
    }

    /// A copy of `bytes`, which stay where they are.
    init(_ bytes: [UInt8]) {
        self.init(count: bytes.count)
        unsafe pointer.update(from: bytes, count: bytes.count)
    }

    @inlinable deinit { unsafe wipeAndFree(pointer, count: count) }

    /// What `body` makes of the place of the bytes, which holds only as long as it runs.
    func withPointer<Result>(_ body: (UnsafeMutablePointer<UInt8>) -> Result) -> Result { unsafe body(pointer) }

    /// What `body` makes of a copy of the first `prefix` bytes, which is wiped behind it.
    func withCopy<Result>(prefix: Int, _ body: ([UInt8]) -> Result) -> Result {
        var copy = unsafe Array(UnsafeBufferPointer(start: pointer, count: min(prefix, count)))
        defer { wipe(&copy) }
        return body(copy)
    }
}

@usableFromInline func wipeAndFree(_ pointer: UnsafeMutablePointer<UInt8>, count: Int) {
    unsafe sodium_memzero(pointer, count)
    unsafe pointer.deallocate()
}

/// Overwrites `bytes` with zeros.
///
/// Copies made of them before, as an array does when it grows or is written to while it is shared, stay as they are.
/// - Parameter bytes: What is secret and no longer needed.
public func wipe(_ bytes: inout [UInt8]) { unsafe sodium_memzero(&bytes, bytes.count) }
