internal import CCurl
internal import Dispatch
public import Encodings
internal import Glibc

/// Sends requests over the system's libcurl, which the first one loads; requests in a row share what one has set up.
///
/// TLS 1.2 or newer, the server's certificate always verified; no cookies, no netrc, nothing decompressed. The proxy
/// variables `https_proxy`, `all_proxy` and `no_proxy` hold as everywhere, except that no proxy is asked for this machine
/// itself. An answer with a status that says failure is a response; what is thrown is the lack of an answer.
public struct HTTPClient: Sendable {
    /// How many redirects in a row a GET follows, all to where it was sent to.
    public static let maximumRedirects = 3

    /// Says who we are.
    public let userAgent: String
    /// The only certificates to trust, in PEM; `nil` for the system's.
    public let caFile: String?
    /// For a whole request, redirects included.
    public let timeout: Seconds
    /// For looking up the host, connecting and TLS.
    public let connectTimeout: Seconds
    /// The most bytes of body that are taken.
    public let maximumBody: Int
    private let idle = IdleTransfer()

    /// The file that `SSL_CERT_FILE` names, as OpenSSL's own programs have it; `nil` where it is unset or empty.
    public static var caFileOfEnvironment: String? {
        guard let path = unsafe getenv("SSL_CERT_FILE"), unsafe path.pointee != 0 else { return nil }
        return unsafe String(cString: path)
    }

    /// A client; nothing is connected or loaded yet.
    /// - Parameters:
    ///   - userAgent: Says who we are: `pair/1.0`.
    ///   - caFile: The only certificates to trust, in PEM; `nil` for the system's.
    ///   - timeout: For a whole request, redirects included; a second to an hour.
    ///   - connectTimeout: For looking up the host, connecting and TLS; a second to an hour.
    ///   - maximumBody: The most bytes of body that are taken.
    public init(
        userAgent: String, caFile: String? = HTTPClient.caFileOfEnvironment, timeout: Seconds = Seconds(10),
        connectTimeout: Seconds = Seconds(5), maximumBody: Int = 1 << 20
    ) {
        let bounds = (shortest: Seconds(1), longest: Seconds(3600))
        self.userAgent = userAgent
        self.caFile = caFile
        self.timeout = min(max(timeout, bounds.shortest), bounds.longest)
        self.connectTimeout = min(max(connectTimeout, bounds.shortest), bounds.longest)
        self.maximumBody = max(maximumBody, 0)
    }

    /// Sends `request` on a thread of its own and waits for the answer; any number at the same time.
    ///
    /// A cancelled task gives it up within some two seconds.
    /// - Parameters:
    ///   - request: Whom to ask for what.
    ///   - patience: How long to wait; `nil` for the client's own `timeout`.
    /// - Returns: The answer, whatever its status.
    /// - Throws: `HTTPError` where there was none.
    public func send(
        _ request: HTTPRequest, within patience: HTTPPatience? = nil
    ) async throws(HTTPError) -> HTTPResponse {
        let flag = CancellationFlag()
        let result: Result<HTTPResponse, HTTPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // A serial queue has a thread to itself: waiting holds up no task.
                DispatchQueue(label: "HTTP").async {
                    continuation.resume(
                        returning: Result { () throws(HTTPError) in
                            try sendAndWait(request, within: patience, isCancelled: { flag.isSet })
                        })
                }
            }
        } onCancel: {
            flag.set()
        }
        return try result.get()
    }

    /// Sends `request` and holds up this thread until the answer is there.
    /// - Parameter request: Whom to ask for what.
    /// - Returns: The answer, whatever its status.
    /// - Throws: `HTTPError` where there was none.
    @available(*, noasync)
    public func sendAndWait(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        try sendAndWait(request, within: nil, isCancelled: { false })
    }

    private func sendAndWait(
        _ request: HTTPRequest, within patience: HTTPPatience?, isCancelled: @escaping @Sendable () -> Bool
    ) throws(HTTPError) -> HTTPResponse {
        let limits = Limits(patience ?? HTTPPatience(whole: timeout), isCancelled: isCancelled)
        var address = request.address
        var redirects = 0
        while true {
            do throws(HTTPFailure) {
                let (response, target) = try exchange(request, with: address, limits)
                guard let target else { return response }
                guard request.method == .get else { throw .redirectRefused(to: target, .form) }
                redirects += 1
                guard redirects <= HTTPClient.maximumRedirects else {
                    throw .redirectRefused(to: target, .tooMany(limit: HTTPClient.maximumRedirects))
                }
                address = try HTTPClient.follow(target, from: address)
            } catch {
                throw HTTPError(address: address, failure: error)
            }
        }
    }

    private static func follow(_ target: Text, from address: WebAddress) throws(HTTPFailure) -> WebAddress {
        do throws(WebAddressError) {
            let next = try WebAddress(target)
            if next.isSameOrigin(as: address) { return next }
        } catch {
            throw .redirectRefused(to: target, .address(error))
        }
        throw .redirectRefused(to: target, .otherOrigin)
    }

    /// One request and its answer, with where that redirects to.
    private func exchange(
        _ request: HTTPRequest, with address: WebAddress, _ limits: Limits
    ) throws(HTTPFailure) -> (HTTPResponse, redirect: Text?) {
        let left = (limits.end - .now) / .milliseconds(1)
        guard left >= 1 else { throw .timedOut(.answering, after: limits.patience.whole) }
        let transfer = try idle.take()
        try configure(transfer, for: address)
        try transfer.set(CURLOPT_TIMEOUT_MS, Int(left))
        if let stall = limits.patience.stall {
            try transfer.set(CURLOPT_LOW_SPEED_LIMIT, HTTPPatience.slowest)
            try transfer.set(CURLOPT_LOW_SPEED_TIME, Int(stall.count))
        }
        try send(request, by: transfer)

        var reception = Reception(maximumBody: maximumBody, isCancelled: limits.isCancelled)
        let code = transfer.perform(into: &reception)
        if let excess = reception.excess { throw excess }
        guard code == CURLE_OK else {
            let patience = limits.patience
            throw failure(
                code, of: transfer, after: .now < limits.end ? patience.stall ?? patience.whole : patience.whole)
        }

        if let encoding = reception.encoding { throw .encoded(encoding) }
        let response = HTTPResponse(
            status: transfer.status, body: reception.body, address: address, fields: reception.fields)
        let isRedirect = [301, 302, 303, 307, 308].contains(response.status)
        let target = isRedirect ? transfer.redirect : nil
        idle.keep(transfer)
        return (response, target)
    }

    /// Puts the request's own header and body there.
    func send(_ request: HTTPRequest, by transfer: borrowing Transfer) throws(HTTPFailure) {
        for line in try request.headerLines() { try transfer.add(headerLine: line) }
        switch request.method {
        case .get: break
        case .post(let body), .put(let body):
            try transfer.setBody(body)
            if case .put = request.method { try transfer.set(CURLOPT_CUSTOMREQUEST, "PUT") }
            // On an older connection that breaks libcurl would send it again, and a code or token is good for once only.
            try transfer.set(CURLOPT_FRESH_CONNECT, !request.isRepeatable)
        }
    }

    func configure(_ transfer: borrowing Transfer, for address: WebAddress) throws(HTTPFailure) {
        try transfer.set(CURLOPT_NOSIGNAL, true)
        try transfer.set(CURLOPT_URL, address.description)
        try transfer.set(CURLOPT_PATH_AS_IS, true)
        try transfer.set(CURLOPT_FOLLOWLOCATION, false)
        try transfer.set(CURLOPT_USERAGENT, userAgent)
        // Requests are few and small: nothing is gained by HTTP/2, and much code is left alone.
        try transfer.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        try transfer.set(CURLOPT_HTTP09_ALLOWED, false)
        try transfer.set(CURLOPT_CONNECTTIMEOUT_MS, Int(connectTimeout.count) * 1000)
        // Not to wait for the thread that looks up the host; libcurl knows it from 7.87 on.
        try? transfer.set(CURLOPT_QUICK_EXIT, true)
        // Nothing else can be asked for; libcurl knows it from 7.85 on.
        try? transfer.set(CURLOPT_PROTOCOLS_STR, address.scheme.rawValue)

        for option in [CURLOPT_SSLVERSION, CURLOPT_PROXY_SSLVERSION] {
            try transfer.set(option, CURL_SSLVERSION_TLSv1_2)
        }
        try transfer.set(CURLOPT_SSL_VERIFYPEER, true)
        try transfer.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let caFile {
            for option in [CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO] { try transfer.set(option, caFile) }
            // The system's own would be trusted as well.
            for option in [CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH] { try transfer.set(option, nil) }
        }

        if address.isLoopback { try transfer.set(CURLOPT_PROXY, "") }
    }

    /// What libcurl's code says; a time-out is that of `span` where there is one, else of the whole request.
    func failure(_ code: CURLcode, of transfer: borrowing Transfer, after span: Seconds? = nil) -> HTTPFailure {
        let detail = transfer.detail(code)
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: return .couldNotResolve(detail: detail)
        case CURLE_COULDNT_CONNECT: return .couldNotConnect(detail: detail)
        case CURLE_OPERATION_TIMEDOUT:
            return transfer.isConnected
                ? .timedOut(.answering, after: span ?? timeout)
                : .timedOut(.connecting, after: min(connectTimeout, timeout))
        case CURLE_PEER_FAILED_VERIFICATION:
            return .certificate(CertificateDefect(verifyResult: transfer.verifyResult), detail: detail)
        case CURLE_SSL_CACERT_BADFILE: return .caFile(caFile)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: return .tls(detail: detail)
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: return .proxy(detail: detail)
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            return transfer.isProxyRefusal ? .proxy(detail: detail) : .closedEarly(detail: detail)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING:
            return .notHTTP(detail: detail)
        default: return .other(code: code.rawValue, detail: detail)
        }
    }
}

/// How long to wait for an answer.
public struct HTTPPatience: Sendable {
    /// The fewest bytes a second that count as an answer which goes on.
    static let slowest = 4096

    /// For the whole request, redirects included; a second at least.
    public let whole: Seconds
    /// How long fewer than four thousand bytes a second may come, so also how long nothing may; a second at least, `nil` for
    /// as long as `whole`.
    public let stall: Seconds?

    /// - Parameters:
    ///   - whole: For the whole request, redirects included.
    ///   - stall: How long next to nothing may come.
    public init(whole: Seconds, stall: Seconds? = nil) {
        self.whole = max(whole, Seconds(1))
        self.stall = stall.map { max($0, Seconds(1)) }
    }
}

/// When one request is to end at the latest.
private struct Limits {
    let patience: HTTPPatience
    let end: ContinuousClock.Instant
    let isCancelled: @Sendable () -> Bool

    init(_ patience: HTTPPatience, isCancelled: @escaping @Sendable () -> Bool) {
        self.patience = patience
        end = .now + .seconds(patience.whole.count)
        self.isCancelled = isCancelled
    }
}

extension CertificateDefect {
    /// By OpenSSL's number; libcurl compares the host itself, and then leaves its own 0 or 1 there.
    fileprivate init(verifyResult: Int) {
        switch verifyResult {
        case 0, 1, 62: self = .otherHost
        case 9: self = .notYetValid
        case 10: self = .expired
        case 2, 18, 19, 20, 21: self = .unknownIssuer
        default: self = .other(verifyResult)
        }
    }
}
