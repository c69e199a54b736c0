internal import Encodings
public import HTTP
internal import Synchronization

/// What a watch brings.
public enum WatchEvent: Sendable, Equatable {
    case put(KeyValue)
    /// The key is gone, since this revision.
    case deleted(at: Int64)
}

/// Why a watch is over.
public enum WatchEnd: Error, Sendable, Equatable {
    /// What was asked for is no longer kept: the oldest revision that there is.
    case compacted(Int64)
    /// It could not be had or held.
    case broken(EtcdError)
    /// The server ended it without a word.
    case closed
    /// The receiver wanted no more, or the task was cancelled.
    case left
}

extension EtcdClient {
    /// Follows one key at one member, until something ends it.
    ///
    /// A member that is cut off from most of the others says so after some seconds, and ends it. One that is stopped says
    /// nothing at all: whoever follows asks it now and then whether it is there.
    /// - Parameters:
    ///   - key: Which.
    ///   - revision: The first whose events count; 0 for those from now on.
    ///   - member: Whom to ask.
    ///   - began: Called once events will come.
    ///   - receive: Gets the events in their order, on a thread of the watch's own; nothing else comes until it returns.
    /// - Returns: Why it is over.
    public func watch(
        _ key: String, from revision: Int64, at member: WebAddress,
        began: @escaping @Sendable () -> Void = {}, receive: @escaping @Sendable (WatchEvent) -> Void
    ) async -> WatchEnd {
        let headers: [String: String]
        switch await authorization(from: member) {
        // The gateway hands what follows Grpc-Metadata- to etcd: without a leader the watch is to end.
        case .success(let found): headers = found.merging(["Grpc-Metadata-hasleader": "true"]) { mine, _ in mine }
        case .failure(let failure): return .broken(EtcdError([failure]))
        }
        let creation = JSON.Object(["key": .base64(key.utf8), "start_revision": .decimal(revision)])
        let body = JSON.Object(["create_request": .object(creation)])
        let request = HTTPRequest.post(
            member.at(path: EtcdMethod.watch.path), json: JSON.object(body).encoded, headers: headers)

        let course = WatchCourse()
        let maximumLine = http.maximumBody
        let sent: Result<HTTPResponse, HTTPError>
        do throws(HTTPError) {
            sent = .success(
                try await http.lines(of: request, upTo: maximumLine) { line in
                    switch WatchMessage(parsing: line, of: key) {
                    case .began:
                        course.begin()
                        began()
                    case .events(let events): for event in events { receive(event) }
                    case .compacted(let oldest): course.end(.compacted(oldest))
                    case .failed(let status): course.end(self.end(by: status, of: headers, at: member))
                    case nil: course.end(.broken(.malformed(.watch, by: member)))
                    }
                    return course.end == nil
                })
        } catch {
            sent = .failure(error)
        }
        if let end = course.end { return end }
        if Task.isCancelled { return .left }
        switch sent {
        case .failure(let error):
            // Some versions close the connection on a token that they do not know.
            if case .closedEarly = error.failure, !course.hasBegun { forgetToken(of: headers) }
            return .broken(EtcdError([EtcdMemberFailure(member, .init(error, without: redaction(of: headers)))]))
        case .success(let response) where response.status == 200: return .closed
        case .success(let response):
            let object = JSON.Object(ofGateway: response.body)
            return self.end(by: GatewayStatus(object, status: response.status), of: headers, at: member)
        }
    }

    private func end(by status: GatewayStatus, of headers: [String: String], at member: WebAddress) -> WatchEnd {
        let status = status.redacted(by: redaction(of: headers))
        let reason: EtcdMemberFailure.Reason
        switch status.meaning {
        case .refused(.userMissing) where hasUser, .token:
            forgetToken(of: headers)
            reason = .notNow(status.words)
        case .notNow: reason = .notNow(status.words)
        case .refused(let refusal): reason = .refused(refusal)
        }
        return .broken(EtcdError([EtcdMemberFailure(member, reason)]))
    }
}

/// What has become of a watch, as its thread has found.
private final class WatchCourse: Sendable {
    private let state = Mutex<(hasBegun: Bool, end: WatchEnd?)>((false, nil))

    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    var end: WatchEnd? { state.withLock { $0.end } }

    func begin() { state.withLock { $0.hasBegun = true } }

    func end(_ value: WatchEnd) { state.withLock { $0.end = $0.end ?? value } }
}

/// A line of a watch's stream.
enum WatchMessage: Equatable {
    case began
    /// None where etcd only says how far it is.
    case events([WatchEvent])
    case compacted(Int64)
    case failed(GatewayStatus)

    /// `nil` where it is none, or one of another key.
    init?(parsing line: [UInt8], of key: String) {
        guard let object = JSON.Object(ofGateway: line) else { return nil }
        if let error = object["error"]?.object {
            self = .failed(GatewayStatus(error, status: 200))
            return
        }
        guard let result = object["result"]?.object else { return nil }
        do throws(NotOfGateway) {
            self = try WatchMessage(result, of: Array(key.utf8))
        } catch {
            return nil
        }
    }

    private init(_ result: JSON.Object, of key: [UInt8]) throws(NotOfGateway) {
        let compacted = try result.natural("compact_revision")
        if compacted > 0 {
            self = .compacted(compacted)
        } else if try result.flag("canceled") {
            self = .failed(GatewayStatus(cancelReason: result["cancel_reason"]?.text ?? "cancelled"))
        } else if try result.flag("created") {
            self = .began
        } else {
            var events: [WatchEvent] = []
            for event in try result.objects("events") {
                guard let pair = event["kv"]?.object else { throw NotOfGateway() }
                let value = try KeyValue(pair)
                guard value.key == key else { throw NotOfGateway() }
                events.append(event["type"]?.text == "DELETE" ? .deleted(at: value.revision) : .put(value))
            }
            self = .events(events)
        }
    }
}
