internal import CCurl
internal import Dispatch
internal import Encodings

extension HTTPClient {
    /// Sends `request` and hands over the answer's body line by line, as it comes, for as long as it does.
    ///
    /// There is a thread to it until its end, and `take` runs there: nothing more is received until it returns. The client's
    /// `timeout` is for the first byte of the body; no redirect is followed. A cancelled task ends it within some two seconds.
    /// - Parameters:
    ///   - request: Whom to ask for what.
    ///   - maximumLine: The most bytes of a line.
    ///   - take: Gets each line that is not empty, without its end, where the status says success; `false` ends it all.
    /// - Returns: The answer once it has ended; its body is empty where it was handed over. The status is 0 where the end
    ///   was ours before there was any.
    /// - Throws: `HTTPError` where there was no answer, or it broke off.
    public func lines(
        of request: HTTPRequest, upTo maximumLine: Int, _ take: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws(HTTPError) -> HTTPResponse {
        let flag = CancellationFlag()
        let result: Result<HTTPResponse, HTTPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue(label: "HTTP lines").async {
                    let reception = LineReception(
                        maximumLine: maximumLine, maximumBody: maximumBody, patience: timeout,
                        isCancelled: { flag.isSet }, take: take)
                    continuation.resume(
                        returning: Result { () throws(HTTPError) in
                            do throws(HTTPFailure) {
                                return try receive(request, into: reception)
                            } catch {
                                throw HTTPError(address: request.address, failure: error)
                            }
                        })
                }
            }
        } onCancel: {
            flag.set()
        }
        return try result.get()
    }

    private func receive(
        _ request: HTTPRequest, into reception: LineReception
    ) throws(HTTPFailure) -> HTTPResponse {
        var reception = reception
        // One of its own: what is kept for requests in a row stays free for them.
        let transfer = try Transfer()
        try configure(transfer, for: request.address)
        // Notices where the other machine is gone, or something on the way forgets an idle connection.
        try transfer.set(CURLOPT_TCP_KEEPALIVE, true)
        try transfer.set(CURLOPT_TCP_KEEPIDLE, 20)
        try transfer.set(CURLOPT_TCP_KEEPINTVL, 5)
        try send(request, by: transfer)

        let code = transfer.perform(into: &reception)
        if code == CURLE_OK { reception.finish() }
        switch reception.end {
        case .failed(let failure): throw failure
        case .cancelled, .enough: break
        case nil: guard code == CURLE_OK else { throw failure(code, of: transfer) }
        }
        return HTTPResponse(
            status: transfer.status, body: reception.failed.body, address: request.address,
            fields: reception.failed.fields)
    }
}
