internal import Encodings

/// A response while it comes in whose body is handed over line by line, where its status says success.
struct LineReception: Receiving {
    /// Why it was ended from here.
    enum End {
        case cancelled
        /// Whoever takes the lines wants no more.
        case enough
        case failed(HTTPFailure)
    }

    /// The header, and the body of an answer that says failure.
    private(set) var failed: Reception
    private(set) var end: End?

    private let maximumLine: Int
    /// How long the first byte of the body may take.
    private let patience: Seconds
    private let isCancelled: @Sendable () -> Bool
    private let take: @Sendable ([UInt8]) -> Bool
    private var line: [UInt8] = []
    private var isSuccess = false
    private var isInBody = false
    private let began = ContinuousClock.now

    init(
        maximumLine: Int, maximumBody: Int, patience: Seconds,
        isCancelled: @escaping @Sendable () -> Bool, take: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        failed = Reception(maximumBody: maximumBody)
        self.maximumLine = maximumLine
        self.patience = patience
        self.isCancelled = isCancelled
        self.take = take
    }

    /// Asked from time to time: whether to wait on.
    mutating func goesOn() -> Bool {
        guard end == nil else { return false }
        guard !isCancelled() else { return ends(.cancelled) }
        guard isInBody || .now - began < .seconds(patience.count) else {
            return ends(.failed(.timedOut(.answering, after: patience)))
        }
        return true
    }

    /// Takes a line of the header, its end included, and says whether to go on.
    mutating func take(headerLine line: [UInt8]) -> Bool {
        guard goesOn() else { return false }
        guard failed.take(headerLine: line) else { return ends(failed.excess.map { .failed($0) } ?? .enough) }
        // "HTTP/1.1 200 OK", the last such line being that of the answer itself.
        if line.starts(with: "HTTP/".utf8) {
            let status = line.drop { $0 != 0x20 }.dropFirst()
            isSuccess = status.first == UInt8(ascii: "2")
        }
        // Lines of what is packed would be none.
        if line.allSatisfy({ $0 == 0x0D || $0 == 0x0A }), let encoding = failed.encoding {
            return ends(.failed(.encoded(encoding)))
        }
        return true
    }

    /// Takes a part of the body and says whether to go on.
    mutating func take(body part: [UInt8]) -> Bool {
        guard goesOn() else { return false }
        isInBody = true
        guard isSuccess else { return failed.take(body: part) || ends(failed.excess.map { .failed($0) } ?? .enough) }
        var rest = part[...]
        while let feed = rest.firstIndex(of: 0x0A) {
            guard append(rest[..<feed]), handOver() else { return false }
            rest = rest[(feed + 1)...]
        }
        return append(rest)
    }

    /// Hands over what stands behind the last line feed, once the answer is whole.
    mutating func finish() { if end == nil { _ = handOver() } }

    private mutating func append(_ part: ArraySlice<UInt8>) -> Bool {
        guard part.count <= maximumLine - line.count else { return ends(.failed(.tooLarge(limit: maximumLine))) }
        line += part
        return true
    }

    /// Empty lines are nobody's business: some servers send them to show that they are there.
    private mutating func handOver() -> Bool {
        defer { line.removeAll(keepingCapacity: true) }
        let text = line.last == 0x0D ? line.dropLast() : line[...]
        return text.isEmpty || take(Array(text)) || ends(.enough)
    }

    private mutating func ends(_ end: End) -> Bool {
        self.end = end
        return false
    }
}
