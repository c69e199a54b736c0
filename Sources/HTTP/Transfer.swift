internal import CCurl
internal import Encodings
internal import Synchronization

/// Owns one libcurl handle, for one request at a time; freed when it goes out of scope.
///
/// Sendable, unchecked: libcurl binds a handle to no thread, and there is only one owner.
@safe struct Transfer: ~Copyable, @unchecked Sendable {
    /// Why libcurl cannot be had, `nil` where it can; the first request of the process loads it.
    private static let loadFailure: String? = unsafe ccurl_load().map { unsafe String(cString: $0) }

    private let pointer: OpaquePointer

    /// A handle without any options.
    /// - Throws: `HTTPFailure.libcurlMissing`.
    init() throws(HTTPFailure) {
        if let failure = Transfer.loadFailure { throw .libcurlMissing(detail: failure) }
        guard let pointer = unsafe ccurl_new() else { throw .libcurlMissing(detail: "out of memory") }
        unsafe self.pointer = pointer
    }

    deinit { unsafe ccurl_free(pointer) }

    /// Takes all options away.
    func reset() throws(HTTPFailure) { try check(unsafe ccurl_reset(pointer)) }

    func set(_ option: CURLoption, _ number: Int) throws(HTTPFailure) {
        try check(unsafe ccurl_set_number(pointer, option, number))
    }

    func set(_ option: CURLoption, _ isOn: Bool) throws(HTTPFailure) { try set(option, isOn ? 1 : 0) }

    /// Sets a text; `nil` takes a default away.
    func set(_ option: CURLoption, _ text: String?) throws(HTTPFailure) {
        try check(unsafe ccurl_set_text(pointer, option, text))
    }

    func add(headerLine line: String) throws(HTTPFailure) { try check(unsafe ccurl_add_header(pointer, line)) }

    func setBody(_ body: [UInt8]) throws(HTTPFailure) { try check(unsafe ccurl_set_body(pointer, body, body.count)) }

    private func check(_ code: CURLcode) throws(HTTPFailure) {
        guard code == CURLE_OK else { throw .other(code: code.rawValue, detail: detail(code)) }
    }

    /// Runs the request to its end or until `reception` has had enough, which is asked about once a second.
    func perform(into reception: inout some Receiving) -> CURLcode {
        unsafe withUnsafeMutablePointer(to: &reception) { reception in
            // What C calls knows no generic type.
            var receiver = Receiver(
                goesOn: { unsafe reception.pointee.goesOn() },
                headerLine: { unsafe reception.pointee.take(headerLine: $0) },
                body: { unsafe reception.pointee.take(body: $0) })
            return unsafe withUnsafeMutablePointer(to: &receiver) { unsafe perform(into: $0) }
        }
    }

    private func perform(into receiver: UnsafeMutablePointer<Receiver>) -> CURLcode {
        let code = unsafe ccurl_set_beat(
            pointer,
            { context, _, _, _, _ in
                guard let receiver = unsafe context?.assumingMemoryBound(to: Receiver.self) else { return 1 }
                return unsafe receiver.pointee.goesOn() ? 0 : 1
            }, receiver)
        guard code == CURLE_OK else { return code }
        return unsafe ccurl_perform(
            pointer,
            { bytes, _, count, context in
                guard let receiver = unsafe context?.assumingMemoryBound(to: Receiver.self) else { return 0 }
                return unsafe receiver.pointee.headerLine(array(bytes, count)) ? count : 0
            },
            { bytes, _, count, context in
                guard let receiver = unsafe context?.assumingMemoryBound(to: Receiver.self) else { return 0 }
                return unsafe receiver.pointee.body(array(bytes, count)) ? count : 0
            },
            receiver)
    }

    /// The status of the last response, 0 where there was none.
    var status: Int { unsafe ccurl_number(pointer, CURLINFO_RESPONSE_CODE) }

    /// Where a `Location` of the response leads to, made absolute.
    var redirect: Text? {
        unsafe ccurl_text(pointer, CURLINFO_REDIRECT_URL).map { unsafe Text(String(cString: $0)) }
    }

    /// Whether a connection was made, TLS included.
    var isConnected: Bool { unsafe ccurl_offset(pointer, CURLINFO_PRETRANSFER_TIME_T) > 0 }

    /// Whether a proxy was asked for a connection and answered with anything but success.
    var isProxyRefusal: Bool {
        let status = unsafe ccurl_number(pointer, CURLINFO_HTTP_CONNECTCODE)
        return status != 0 && !(200..<300).contains(status)
    }

    /// OpenSSL's number for what is wrong with the server's certificate, 0 for nothing.
    var verifyResult: Int { unsafe ccurl_number(pointer, CURLINFO_SSL_VERIFYRESULT) }

    /// What failed, in libcurl's words.
    func detail(_ code: CURLcode) -> String {
        unsafe ccurl_failure(pointer, code).map { unsafe String(cString: $0) } ?? ""
    }
}

/// What an answer goes into while it comes; each says whether to go on.
protocol Receiving {
    mutating func goesOn() -> Bool
    /// A line with its end.
    mutating func take(headerLine line: [UInt8]) -> Bool
    mutating func take(body part: [UInt8]) -> Bool
}

/// The same for libcurl.
@safe private struct Receiver {
    let goesOn: () -> Bool
    let headerLine: ([UInt8]) -> Bool
    let body: ([UInt8]) -> Bool
}

/// The bytes that libcurl shows while a receiver runs, copied.
private func array(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> [UInt8] {
    unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
}

/// Keeps a handle for the next request, which then need not read the trusted certificates again (some 20 ms for a
/// system's) nor, at the same server, connect.
final class IdleTransfer: Sendable {
    private let kept = Mutex<Transfer?>(nil)

    /// The one that was kept, without options, or a new one.
    func take() throws(HTTPFailure) -> Transfer {
        guard let transfer = kept.withLock({ $0.take() }) else { return try Transfer() }
        try transfer.reset()
        return transfer
    }

    /// Keeps `transfer` in place of the one before.
    func keep(_ transfer: consuming Transfer) {
        var transfer: Transfer? = consume transfer
        kept.withLock { $0 = transfer.take() }
    }
}
