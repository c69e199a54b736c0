internal import CLibcrypto

/// A call into libcrypto that failed for a reason other than its input: no memory, no provider for an algorithm.
///
/// A signature that does not match is `false`, never this.
public struct LibcryptoError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The function that failed.
    public let call: String

    /// The newest code of OpenSSL's error queue at that moment, 0 where there was none.
    public let code: UInt

    /// Notes the failed `call` and empties this thread's error queue.
    init(call: String) {
        self.call = call
        code = libcrypto.ERR_peek_last_error()
        libcrypto.ERR_clear_error()
    }

    /// The call and the code, as `openssl errstr` takes it.
    public var description: String { "libcrypto: \(call) failed (error \(String(code, radix: 16)))" }
}
