internal import Encodings
internal import HTTP

/// What the gateway says in place of an answer: gRPC's status.
struct GatewayStatus: Equatable {
    let code: Int64
    /// In whatever words; they may hold what was sent.
    private(set) var words: Text
    /// What to make of it.
    private(set) var meaning: Meaning

    /// Of an answer with a status that says failure, or of an `error` within a stream.
    init(_ object: JSON.Object?, status: Int) {
        // Within a stream it stands one level deeper.
        let object = object?["error"]?.object ?? object
        let codes = ["code", "grpc_code"].lazy.compactMap { try? object?.number($0) }
        code = codes.first { $0 != 0 } ?? 0
        words = object?["message"]?.text ?? object?["error"]?.text ?? Text("HTTP status \(status)")
        meaning = GatewayStatus.meaning(of: words, code)
    }

    /// Of a watch that is refused: `rpc error: code = PermissionDenied desc = …`.
    init(cancelReason: Text) {
        code = 0
        words = cancelReason
        meaning = GatewayStatus.meaning(of: words, 0)
    }

    /// The same in words that can be shown.
    func redacted(by redaction: Redaction) -> GatewayStatus {
        var status = self
        status.words = redaction.redacted(words)
        if case .refused(.other) = meaning { status.meaning = .refused(.other(code: code, status.words)) }
        return status
    }

    enum Meaning: Equatable {
        /// The token is none, or no longer.
        case token
        /// Another member may answer, or the same one later.
        case notNow
        case refused(EtcdRefusal)
    }

    /// By etcd's words first: the code says less, and in a watch is among the words.
    ///
    /// Source: etcd's api/v3rpc/rpctypes/error.go.
    private static func meaning(of text: Text, _ code: Int64) -> Meaning {
        let words = text.string
        func says(_ part: String) -> Bool { words.utf8.count < 1000 && words.contains(part) }
        if says("invalid auth token") || says("revision of auth store is old") { return .token }
        if says("user name is empty") { return .refused(.userMissing) }
        if says("authentication failed") { return .refused(.authentication) }
        if says("permission denied") || code == 7 { return .refused(.permission) }
        if says("database space exceeded") { return .refused(.noSpace) }
        if says("too large") || says("larger than max") { return .refused(.tooLarge) }
        // CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE; and too many requests.
        if [0, 1, 2, 4, 13, 14].contains(code) || says("too many requests") { return .notNow }
        return code == 16 ? .token : .refused(.other(code: code, text))
    }
}
