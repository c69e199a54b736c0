internal import HTTP
internal import NIOCore
internal import NIOHTTP1

/// What a request is answered.
struct Answer: Sendable, Equatable {
    let status: HTTPResponseStatus
    /// Beside those that every answer has.
    let fields: [HTTPField]
    let html: String

    /// One of the header's lines.
    struct HTTPField: Sendable, Equatable {
        let name: String
        let value: String
    }

    static func page(_ page: ResultPage) -> Answer {
        Answer(status: HTTPResponseStatus(statusCode: page.status), fields: [], html: page.html)
    }

    static func redirect(to address: WebAddress) -> Answer {
        Answer(status: .found, fields: [HTTPField(name: "Location", value: address.description)], html: "")
    }

    /// A line for whoever asked for something else than the callback.
    static func notice(_ status: HTTPResponseStatus, _ fields: [(String, String)] = []) -> Answer {
        Answer(
            status: status, fields: fields.map { HTTPField(name: $0.0, value: $0.1) },
            html: ResultPage.notice(status: status.code, status.reasonPhrase))
    }

    /// Nothing is kept, framed, guessed at, run or fetched, and nobody is told where the browser was: that address has
    /// the code in it.
    var headers: HTTPHeaders {
        var headers: HTTPHeaders = [
            "Content-Length": "\(html.utf8.count)",
            "Connection": "close",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Content-Security-Policy": ResultPage.contentSecurityPolicy,
        ]
        if !html.isEmpty { headers.add(name: "Content-Type", value: "text/html; charset=utf-8") }
        for field in fields { headers.add(name: field.name, value: field.value) }
        return headers
    }
}

/// What a connection is told to do, from any thread.
enum ConnectionOrder: Sendable {
    /// To the request that waits; nothing happens where none does.
    case answer(Answer)
    /// The request that waits is told that nobody waits for it any more; where none does, the connection is closed.
    case abandon
}

/// One connection: one request, one answer.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case reading
        /// The header is here, its end is not.
        case receiving(query: String)
        /// For whoever took the callback.
        case waiting
        case answered
    }

    /// For whoever got the answer to close, too: with its bytes unread, our closing would be a reset, and the answer
    /// lost.
    private static let closingTime: TimeAmount = .seconds(2)

    private let rules: RequestRules
    private let requestTime: TimeAmount
    private let deliver: (Callback) -> Bool
    private var state = State.reading
    private var isHead = false
    private var end: Scheduled<Void>?

    init(rules: RequestRules, requestTime: TimeAmount, deliver: @escaping (Callback) -> Bool) {
        self.rules = rules
        self.requestTime = requestTime
        self.deliver = deliver
    }

    // From the beginning, not from the last byte: a byte a second would keep the connection for ever.
    func handlerAdded(context: ChannelHandlerContext) {
        close(context.channel, in: requestTime)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .reading):
            isHead = head.method == .HEAD
            switch rules.verdict(on: head) {
            case .callback(let query): state = .receiving(query: query)
            case .refused(let answer): send(answer, context, nil)
            }
        case (.end, .receiving(let query)):
            end?.cancel()
            state = .waiting
            if !deliver(Callback(query: query, connection: context.channel)) {
                send(.notice(.serviceUnavailable), context, nil)
            }
        // A body that was refused, or requests behind the first.
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The decoder also minds that the connection ends within a request.
        guard context.channel.isActive else { return }
        switch (error as? HTTPParserError, state) {
        case (.headerOverflow, .reading): send(.notice(.requestHeaderFieldsTooLarge), context, nil)
        case (.some, .reading): send(.notice(.badRequest), context, nil)
        case (.some, .waiting), (.some, .answered): break
        case (.some, .receiving), (.none, _): context.close(promise: nil)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let order = event as? ConnectionOrder else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        switch (order, state) {
        case (.answer(let answer), .waiting): send(answer, context, promise)
        case (.answer, _): promise?.succeed()
        case (.abandon, .waiting): send(.page(.abandoned), context, promise)
        case (.abandon, _): context.close(promise: promise)
        }
    }

    /// Sends `answer`, and keeps `promise` when all of it is with the system.
    private func send(_ answer: Answer, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        state = .answered
        close(context.channel, in: ConnectionHandler.closingTime)
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHead, !answer.html.isEmpty {
            let body = context.channel.allocator.buffer(string: answer.html)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenComplete { [channel = context.channel] _ in channel.close(mode: .output, promise: nil) }
        sent.futureResult.cascade(to: promise)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
    }

    private func close(_ channel: any Channel, in time: TimeAmount) {
        end?.cancel()
        end = channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}

extension ChannelPipeline.SynchronousOperations {
    /// Makes a connection of the listener.
    func addConnection(_ rules: RequestRules, _ connections: Connections, _ requestTime: TimeAmount) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        // The target is a field to the decoder, and must be let through for the answer that says it is too long.
        limits.maxHeaderFieldSize = RequestRules.maximumHeader
        limits.maxHeaderListSize = RequestRules.maximumHeader
        try addHandler(HTTPResponseEncoder())
        try addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits)))
        try addHandler(
            ConnectionHandler(rules: rules, requestTime: requestTime, deliver: { connections.deliver($0) }))
    }
}
