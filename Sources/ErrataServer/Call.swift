import ErrataAPI
import ErrataCore
import ErrataService
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Synchronization

/// One request on its way through a route.
struct Call: Sendable {
    let request: Request
    let channel: any Channel
    let query: Query
    /// What stands for `{id}` in the route's path.
    let pathParameter: String
    let actor: Actor
    /// The request's name in the log and in problems.
    let id: String
    let route: Route
    let server: ServerState
    /// The version that the body asks for, where the query does not say it.
    let bodyRevision = RevisionNote()

    /// The version that is read, as the client wrote it; nil if the route takes none.
    var readRevision: String? {
        bodyRevision.text ?? query["at"] ?? query["rev"] ?? query["to"]
    }

    var knowledge: KnowledgeBase { server.knowledge }

    /// Reads the body as JSON.
    func decode<Value: Decodable & Sendable>(_ type: Value.Type) async throws -> Value {
        try JSONCoding.decodeRequest(type, from: Data(try await body()))
    }

    /// Reads the whole body, and no more of it than the route allows.
    func body() async throws -> [UInt8] {
        try await BodyReader(limit: route.body.limit).read(request)
    }

    func accepts(_ mediaType: String) -> Bool {
        request.headers[.accept].map { $0.contains(mediaType) } ?? false
    }
}

/// Where a handler leaves the version that a body asked for, for the record of reads.
final class RevisionNote: Sendable {
    private let note = Mutex<String?>(nil)

    var text: String? {
        get { note.withLock { $0 } }
        set { note.withLock { $0 = newValue } }
    }
}

/// Reads a request's body while counting: what is past the limit is never kept.
struct BodyReader {
    let limit: Int

    func read(_ request: Request) async throws -> [UInt8] {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limit { throw tooLarge(announced) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(announced ?? 0)
        for try await buffer in request.body {
            let count = bytes.count + buffer.readableBytes
            guard count <= limit else { throw tooLarge(count) }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        guard let announced, bytes.count != announced else { return bytes }
        throw Refusal(
            .bodyCutShort, "the body ended after \(bytes.count) of \(announced) bytes")
    }

    private func tooLarge(_ count: Int) -> Refusal {
        Refusal(
            .bodyTooLarge,
            "the body has at least \(count) bytes, at most \(limit) are allowed here",
            limit: limit, actual: count)
    }
}

extension Response {
    /// Returns a JSON reply.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONCoding.encode(value))))
    }

    /// Returns a problem, with the headers that `refusal` asks for.
    static func problem(_ problem: Problem, _ refusal: Refusal? = nil) throws -> Response {
        var headers: HTTPFields = [.contentType: Problem.mediaType]
        if let allow = refusal?.allow, !allow.isEmpty {
            headers[.allow] = allow.joined(separator: ", ")
        }
        if let seconds = refusal?.retryAfterSeconds { headers[.retryAfter] = "\(seconds)" }
        return Response(
            status: .init(code: problem.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONCoding.encode(problem))))
    }
}
