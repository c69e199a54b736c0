extension HTTPRequest {
    /// Sends JSON, which does no harm where it comes twice.
    /// - Parameters:
    ///   - address: Whom to send it to, and nobody else.
    ///   - json: The text of one value.
    ///   - headers: Beside those that every request has.
    /// - Returns: The request.
    public static func post(
        _ address: WebAddress, json: [UInt8], headers: [String: String] = [:]
    ) -> HTTPRequest {
        let headers = headers.merging(["Content-Type": "application/json"]) { mine, _ in mine }
        return HTTPRequest(method: .post(body: json), address: address, headers: headers, isRepeatable: true)
    }
}
