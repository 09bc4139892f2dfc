import ErrataAPI
import Hummingbird
import HummingbirdCore
import NIOCore

extension Call {
    typealias Progress = @Sendable (ProgressRecord) -> Void

    /// Does long work on a thread of its own and answers with its result.
    ///
    /// Clients that accept `application/x-ndjson` hear of the steps on the way; for them the status is 200
    /// from the start, and a problem is the last line.
    func long<Reply: Codable & Equatable & Sendable>(
        _ type: Reply.Type, _ work: @escaping @Sendable (@escaping Progress) async throws -> Reply
    ) async throws -> Response {
        guard accepts("application/x-ndjson") else {
            return try .json(try await LongWork.run { try await work { _ in } })
        }
        let limit = server.timeout(of: route)
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: streamed { writer in
                // Newest: the last line, which is the result, is never the one that is dropped.
                let (lines, feed) = AsyncStream<StreamLine<Reply>>.makeStream(
                    bufferingPolicy: .bufferingNewest(64))
                async let outcome: Void = {
                    do {
                        let reply = try await withTimeout(limit) {
                            try await LongWork.run { try await work { feed.yield(.progress($0)) } }
                        }
                        feed.yield(.result(reply))
                    } catch {
                        feed.yield(.problem(await problem(of: error)))
                    }
                    feed.finish()
                }()
                for await line in lines { try await writer.write(ByteBuffer(line: line)) }
                await outcome
            })
    }

    /// Returns the problem that a reply under way ends with; it is written down if it is one of those.
    func problem(of error: any Error) async -> Problem {
        let problem = Problem.describing(error, requestID: id).problem
        do { try await server.access.record(problem, on: route.label, actor) } catch {
            return Problem.describing(error, requestID: id).problem
        }
        return problem
    }

    /// Returns a body that is written part by part, by a connection that is closed when it takes too long.
    ///
    /// A client that does not read would otherwise hold the connection, and the memory behind it, for ever.
    /// `limit` is that of long work unless another one is given.
    func streamed(
        for limit: Duration? = nil,
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> ResponseBody {
        let (channel, limit) = (channel, limit ?? server.configuration.timeouts.long)
        return ResponseBody { writer in
            let end = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) {
                channel.close(promise: nil)
            }
            defer { end.cancel() }
            try await withTaskExecutorPreference(globalConcurrentExecutor) {
                try await write(&writer)
            }
            try await writer.finish(nil)
        }
    }
}

extension ByteBuffer {
    init(line: some Encodable) throws {
        self.init(bytes: try JSONCoding.encode(line))
        writeInteger(UInt8(ascii: "\n"))
    }
}
