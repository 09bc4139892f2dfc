import ErrataAPI
import ErrataCore
import ErrataModels
import ErrataService
import Hummingbird
import NIOCore
import Synchronization

extension Call {
    /// What a text that is out of time may take to end, before its connection is closed without a word.
    private static let endingTime: Duration = .seconds(10)

    /// Answers a question; who accepts `application/x-ndjson` gets a language model's text as it comes.
    ///
    /// Whoever hangs up ends the text between two tokens.
    func answer(_ request: ErrataService.AskRequest) async throws -> Response {
        guard accepts("application/x-ndjson") else {
            return try .json(try await whileConnected { try await ask(request) { _ in } })
        }
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: streamed(for: server.timeout(of: route) + Self.endingTime) { writer in
                // Unbounded, though not in fact: a text has a limit, and who reads slowly holds up nobody else.
                let (lines, feed) = AsyncStream<StreamLine<AskReply>>.makeStream()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        feed.yield(await lastLine(of: request) { feed.yield(StreamLine($0)) })
                        feed.finish()
                    }
                    // A client that is gone makes this throw, which cancels the other task.
                    for await line in lines { try await writer.write(ByteBuffer(line: line)) }
                    try await group.waitForAll()
                }
            })
    }

    private func ask(
        _ request: ErrataService.AskRequest,
        _ onEvent: @escaping @Sendable (AnswerEvent) -> Void
    ) async throws -> AskReply {
        let outcome = try await knowledge.ask(request, actor: actor, onEvent: onEvent)
        server.metrics.countAsk()
        return AskReply(outcome)
    }

    private func lastLine(
        of request: ErrataService.AskRequest,
        _ onEvent: @escaping @Sendable (AnswerEvent) -> Void
    ) async -> StreamLine<AskReply> {
        do {
            return .result(
                try await withTimeout(server.timeout(of: route)) {
                    try await whileConnected { try await ask(request, onEvent) }
                })
        } catch { return .problem(await problem(of: error)) }
    }

    /// Runs `body` and cancels it when the connection ends.
    private func whileConnected<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await body() }
        let cancellation = Cancellation { task.cancel() }
        // The connection may serve many requests more: nothing of this one is kept for its end.
        defer { cancellation.forget() }
        channel.closeFuture.whenComplete { _ in cancellation.cancel() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

/// Something to cancel, until it is over.
private final class Cancellation: Sendable {
    private let action: Mutex<(@Sendable () -> Void)?>

    init(_ action: @escaping @Sendable () -> Void) { self.action = Mutex(action) }

    func cancel() { action.withLock { $0 }?() }
    func forget() { action.withLock { $0 = nil } }
}

extension StreamLine {
    fileprivate init(_ event: AnswerEvent) {
        switch event {
        case .phase(let phase): self = .progress(ProgressRecord(phase: phase, done: 0, total: nil))
        case .piece(let text): self = .piece(text)
        }
    }
}

extension ErrataService.AskRequest {
    init(_ request: ErrataAPI.AskRequest) {
        self.init(
            question: request.question, at: request.at ?? RefName.main.text, k: request.k,
            model: request.model, answerer: request.answerer,
            strictness: .init(request.strictness ?? .normal))
        options.tokenCountMax = request.maxTokens ?? options.tokenCountMax
        options.temperature = request.temperature
        options.seed = request.seed ?? options.seed
    }
}
