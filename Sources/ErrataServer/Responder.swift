import ErrataAPI
import ErrataCore
import ErrataService
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// What a request brings from the server library.
struct RequestSource: InitializableFromSource, Sendable {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// Answers requests: finds the route, bounds it in time, and says what happened in reply, log and metrics.
///
/// It is called on an event loop, which other connections need, too: what may wait or compute runs in the pool.
struct Responder: HTTPResponder {
    let state: ServerState
    let table: RouteTable
    private let requestNumber: RequestCounter

    init(state: ServerState) {
        self.state = state
        table = RouteTable(ServerState.allRoutes)
        requestNumber = RequestCounter(startedAt: state.startedAt)
    }

    func respond(to request: Request, context: RequestSource) async throws -> Response {
        let start = ContinuousClock.now
        let id = requestNumber.next()
        state.metrics.begin()
        var label = "unmatched"
        var response: Response
        do {
            let (route, parameter) = try table.route(for: request.method, path: request.uri.path)
            label = route.label
            // A task of its own has no preference for the event loop, unless it is given one.
            let executor =
                Responder.isBrief(request, on: route)
                ? EventLoopExecutor(context.channel.eventLoop) : nil
            response = try await withTimeout(state.timeout(of: route), on: executor) {
                try await respond(
                    to: request, on: route, parameter: parameter, id: id, channel: context.channel)
            }
        } catch {
            response = try await withTaskExecutorPreference(globalConcurrentExecutor) {
                try await refuse(error, id: id, label: label)
            }
        }
        response.headers[RequestCounter.header] = id
        let duration = ContinuousClock.now - start
        state.metrics.end(route: label, status: response.status.code, duration: duration)
        log(label, response, duration, id)
        return response
    }

    /// Larger bodies take their time to be read and checked: 4 kB hold about 25 edits.
    private static let briefByteCountMax = 4 << 10

    private static func isBrief(_ request: Request, on route: Route) -> Bool {
        guard case .brief = route.patience,
            let count = request.headers[.contentLength].flatMap({ Int($0) })
        else { return false }
        return count <= briefByteCountMax
    }

    private func respond(
        to request: Request, on route: Route, parameter: String, id: String,
        channel: any Channel
    ) async throws -> Response {
        guard let actor = Peer.current else {
            throw Refusal(.peerUnknown, "the kernel does not say who is at the socket's other end")
        }
        try state.access.admit(actor, to: route)
        let query = try Query(
            request.uri.query.map { $0[...] }, allowed: route.parameters)
        try route.checkMediaType(request.headers[.contentType])
        let call = Call(
            request: request, channel: channel, query: query, pathParameter: parameter,
            actor: actor, id: id,
            route: route, server: state)
        let response = try await route.handler(call)
        try await state.access.recordRead(
            on: route, label: route.label, revision: call.readRevision, actor)
        return response
    }

    private func refuse(
        _ error: any Error, id: String, label: String
    ) async throws -> Response {
        var (problem, refusal) = Problem.describing(error, requestID: id)
        if let actor = Peer.current {
            do { try await state.access.record(problem, on: label, actor) } catch {
                // Who is refused without a trace could try for ever: the trouble is the answer then.
                (problem, refusal) = Problem.describing(error, requestID: id)
            }
        }
        if problem.status >= 500 {
            state.logger.error(
                "request failed",
                metadata: [
                    "request": .string(id), "route": .string(label), "code": .string(problem.code),
                    "error": .string("\(type(of: error))"),
                ])
        }
        return try .problem(problem, refusal)
    }

    /// Texts of facts, questions and messages stay out: they may be private.
    private func log(_ label: String, _ response: Response, _ duration: Duration, _ id: String) {
        state.logger.info(
            "request",
            metadata: [
                "request": .string(id), "route": .string(label),
                "status": .stringConvertible(response.status.code),
                "milliseconds": .stringConvertible(duration.milliseconds),
                "uid": .string(Peer.current.map { String($0.uid) } ?? "unknown"),
            ])
    }
}

/// Names requests: eight hex digits of the daemon's start and a running number.
final class RequestCounter: Sendable {
    static let header = HTTPField.Name.requestID

    private let prefix: String
    private let count = Atomic<UInt64>(0)

    init(startedAt: Timestamp) {
        let start = UInt32(truncatingIfNeeded: startedAt.microseconds >> 10)
        let digits = String(start, radix: 16)
        prefix = String(repeating: "0", count: 8 - digits.count) + digits
    }

    func next() -> String {
        "\(prefix)-\(count.add(1, ordering: .relaxed).newValue)"
    }
}

extension HTTPField.Name {
    /// `X-Request-Id`, as most servers call it.
    static var requestID: HTTPField.Name {
        guard let name = HTTPField.Name("X-Request-Id") else {
            fatalError("unreachable: the name is a token of RFC 9110")
        }
        return name
    }
}

extension Duration {
    var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1_000 + (Double(attoseconds) / 1e12).rounded() / 1_000
    }
}
