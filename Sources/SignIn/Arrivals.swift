internal import Encodings

/// What can happen while a person signs in elsewhere.
enum Arrival: Sendable {
    /// A browser came back to the listener.
    case callback(Callback)
    /// A line that the person typed or pasted.
    case pasted(String)
    /// Nothing has come for so long that somebody should look at a page.
    case silence
    /// The time is over.
    case tooLate
}

/// All that happens while a person signs in elsewhere, one after another; ends when it goes out of scope.
struct Arrivals: ~Copyable {
    let events: AsyncStream<Arrival>
    private let sources: [Task<Void, Never>]

    /// - Parameters:
    ///   - listener: Whose callbacks count.
    ///   - lines: What the person types; `nil` where nobody is asked to.
    ///   - silence: After which it has been silent for too long; `nil` where it may be.
    ///   - limit: After which it is too late.
    init(listener: Listener, lines: AsyncStream<String>?, silence: Seconds?, within limit: Seconds) {
        // Anybody on this machine can send callbacks: a flood of them is not to fill the memory.
        let (events, entrance) = AsyncStream.makeStream(of: Arrival.self, bufferingPolicy: .bufferingOldest(64))
        var sources = [
            Task { for await callback in listener.callbacks { entrance.yield(.callback(callback)) } },
            Arrivals.alarm(.tooLate, after: limit, entrance),
        ]
        if let silence { sources.append(Arrivals.alarm(.silence, after: silence, entrance)) }
        if let lines { sources.append(Task { for await line in lines { entrance.yield(.pasted(line)) } }) }
        self.events = events
        self.sources = sources
    }

    private static func alarm(
        _ event: Arrival, after span: Seconds, _ entrance: AsyncStream<Arrival>.Continuation
    ) -> Task<Void, Never> {
        Task {
            do {
                try await Task.sleep(for: .seconds(span.count))
                // Again and again, for where a flood left no room; in vain, once it has been heard.
                while true {
                    entrance.yield(event)
                    try await Task.sleep(for: .seconds(1))
                }
            } catch {
                // Cancelled: the answer is there, and nobody listens any more.
            }
        }
    }

    deinit { for source in sources { source.cancel() } }
}
