import ErrataModels
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// How long a server may take.
package struct ServerTimeouts: Sendable {
    package var connect = Duration.seconds(5)
    /// Without a byte; models may read a long prompt before they say the first word.
    package var silence = Duration.seconds(120)
    /// For everything; who asks may stop it earlier.
    package var total = Duration.seconds(86_400)

    package init() {}
}

/// One HTTP/1.1 request on a connection of its own.
struct HTTPExchange: Sendable {
    typealias Parts = NIOAsyncChannelInboundStream<HTTPClientResponsePart>
    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    static let headBytesMax = 64 << 10

    let address: ServerAddress
    let timeouts: ServerTimeouts

    /// Sends a request and gives the reply's parts to `body`; the connection ends with that.
    ///
    /// Throws `unavailable` for a server that cannot be reached, is silent for too long or hangs up.
    func post<Result: Sendable>(
        _ path: String, headers: HTTPHeaders, json: [UInt8],
        _ body: @Sendable (Parts) async throws -> Result
    ) async throws -> Result {
        let lateness = Lateness()
        let connection = try await connect(lateness)
        let channel = connection.channel
        let end = channel.eventLoop.scheduleTask(in: TimeAmount(timeouts.total)) {
            lateness.end(channel, "took too long")
        }
        defer { end.cancel() }
        var headers = headers
        headers.add(name: "host", value: address.hostField)
        headers.add(name: "content-type", value: "application/json")
        headers.add(name: "content-length", value: String(json.count))
        headers.add(name: "connection", value: "close")
        let head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: address.base + path, headers: headers)
        do {
            return try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(
                    contentsOf: [
                        .head(head), .body(.byteBuffer(ByteBuffer(bytes: json))), .end(nil),
                    ])
                return try await body(inbound)
            }
        } catch { throw said(error, lateness) }
    }

    private func connect(_ lateness: Lateness) async throws -> Connection {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(timeouts.connect))
        let silence = TimeAmount(timeouts.silence)
        let prepare: @Sendable (any Channel) -> EventLoopFuture<Connection> = { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(IdleStateHandler(readTimeout: silence))
                var limits = NIOHTTPDecoderLimitConfiguration()
                limits.maxHeaderListSize = Self.headBytesMax
                try pipeline.addHTTPClientHandlers(decoderLimitConfiguration: limits)
                try pipeline.addHandler(SilenceHandler(lateness: lateness))
                return try Connection(wrappingChannelSynchronously: channel)
            }
        }
        do {
            switch address.place {
            case .host(let host, let port):
                return try await bootstrap.connect(
                    host: host, port: port, channelInitializer: prepare)
            case .unixSocket(let path):
                return try await bootstrap.connect(
                    unixDomainSocketPath: path, channelInitializer: prepare)
            }
        } catch {
            try Task.checkCancellation()
            let unreached = BackendError(
                .unavailable, "no model server answers at \(address.text)",
                hint: "Is it running? 'errata models list' shows its address.")
            throw RetriableFailure(error: unreached, serverDelay: nil)
        }
    }

    /// Says in our words what the network library throws.
    private func said(_ error: any Error, _ lateness: Lateness) -> any Error {
        // A connection that ends because nobody waits any more is no failure of the server.
        if Task.isCancelled { return CancellationError() }
        if let what = lateness.what {
            return BackendError(
                .unavailable, "the model server at \(address.text) \(what)")
        }
        switch error {
        case is BackendError, is RetriableFailure: return error
        case HTTPParserError.invalidEOFState:
            return BackendError(
                .unavailable, "the model server at \(address.text) hung up within its reply")
        case is HTTPParserError:
            return BackendError(
                .malformed, "what answers at \(address.text) does not speak HTTP/1.1")
        default:
            return BackendError(
                .unavailable, "the connection to the model server at \(address.text) broke")
        }
    }
}

/// Why a connection was given up, if it was: whatever the library throws then is a consequence.
private final class Lateness: Sendable {
    private let reason = Mutex<String?>(nil)

    /// What the server did: the end of a sentence.
    var what: String? { reason.withLock { $0 } }

    func end(_ channel: any Channel, _ what: String) {
        reason.withLock { $0 = $0 ?? what }
        channel.close(promise: nil)
    }
}

/// Ends a connection on which nothing came for as long as is waited.
private final class SilenceHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private let lateness: Lateness

    init(lateness: Lateness) { self.lateness = lateness }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case IdleStateHandler.IdleStateEvent.read = event else {
            return context.fireUserInboundEventTriggered(event)
        }
        lateness.end(context.channel, "says nothing")
    }
}
