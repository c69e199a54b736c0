internal import CLibsodium

/// `count` bytes that nobody can guess, from the kernel by way of libsodium.
///
/// - Parameter count: How many; none for a negative number.
/// - Returns: The bytes.
public func randomBytes(_ count: Int) -> [UInt8] {
    // libsodium ends the process rather than hand out bytes it could not make random.
    var bytes = [UInt8](repeating: 0, count: max(count, 0))
    unsafe randombytes_buf(&bytes, bytes.count)
    return bytes
}
