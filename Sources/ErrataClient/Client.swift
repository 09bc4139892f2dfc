package import ErrataAPI
package import Foundation
import Glibc

/// Speaks to the daemon: a request and its reply at a time on each connection.
package struct Client: Sendable {
    package let socketPath: String
    /// Connections between two requests; nil where each request has one of its own.
    private let idle: IdleConnections?
    /// How long the daemon may be silent.
    package var timeout: Duration = .seconds(75)

    /// A reply that is read whole is at most so large.
    package static let replyBytesMax = 256 << 20

    /// With `keepsConnections` a later request goes on with the connection of one before, if the daemon has not closed
    /// it: for those who ask often.
    package init(socketPath: String, keepsConnections: Bool = false) {
        self.socketPath = socketPath
        idle = keepsConnections ? IdleConnections() : nil
    }

    // MARK: Requests

    package func get<Reply: Decodable>(
        _ path: String, _ query: [(String, String?)] = [], as type: Reply.Type
    ) throws -> Reply {
        try send(Request(method: "GET", path: path, query: query), as: type)
    }

    package func delete<Reply: Decodable>(
        _ path: String, _ query: [(String, String?)], as type: Reply.Type
    ) throws -> Reply {
        try send(Request(method: "DELETE", path: path, query: query), as: type)
    }

    package func post<Reply: Decodable>(
        _ path: String, _ body: some Encodable, as type: Reply.Type
    ) throws -> Reply {
        let bytes = Array(try JSONCoding.encode(body))
        return try send(
            Request(method: "POST", path: path, body: .json(bytes)), as: type)
    }

    package func put<Reply: Decodable>(
        _ path: String, _ body: some Encodable, as type: Reply.Type
    ) throws -> Reply {
        let bytes = Array(try JSONCoding.encode(body))
        return try send(Request(method: "PUT", path: path, body: .json(bytes)), as: type)
    }

    /// Sends a request and reads its reply whole; throws ``Problem`` or ``ClientError``.
    package func send<Reply: Decodable>(_ request: Request, as type: Reply.Type) throws -> Reply {
        try Client.decode(type, from: data(of: request))
    }

    /// Returns the body of a reply, as it came.
    package func data(of request: Request) throws -> Data {
        var data = Data()
        try stream(request) { part in
            data.append(contentsOf: part)
            guard data.count <= Client.replyBytesMax else {
                throw ClientError(
                    "the reply has more than \(Client.replyBytesMax) bytes")
            }
        }
        return data
    }

    /// Sends a request and hands out the reply's lines as they come.
    package func lines(of request: Request, _ body: (Data) throws -> Void) throws {
        var splitter = LineSplitter()
        try stream(request) { part in try splitter.take(part, body) }
        try splitter.finish(body)
    }

    /// Sends a request that answers with progress, or with a text as it comes; returns its result.
    package func streamed<Reply: Codable & Equatable & Sendable>(
        _ request: Request, as type: Reply.Type, piece: (String) -> Void = { _ in },
        progress: (ProgressRecord) -> Void
    ) throws -> Reply {
        var result: Reply?
        var request = request
        request.accept = "application/x-ndjson"
        try lines(of: request) { line in
            switch try Client.decode(StreamLine<Reply>.self, from: line) {
            case .progress(let record): progress(record)
            case .piece(let text): piece(text)
            case .result(let reply): result = reply
            case .problem(let problem): throw problem
            }
        }
        guard let result else {
            throw ClientError("the daemon stopped before the work was done")
        }
        return result
    }

    // MARK: Exchange

    /// Sends a request and hands out its reply's body part by part; a refusal is thrown as ``Problem``.
    private func stream(_ request: Request, _ body: ([UInt8]) throws -> Void) throws {
        let connection =
            try idle?.take(timeout: timeout) ?? Connection(to: socketPath, timeout: timeout)
        let isWhole = try request.write(
            to: connection, isLast: idle == nil, timeout: timeout)
        var reader = ReplyReader(connection)
        let head = try reader.head()
        guard (200..<300).contains(head.status) else {
            throw try Client.problem(head, &reader)
        }
        while let part = try reader.bodyPart() {
            try body(part)
            reader.extend(timeout)
        }
        let isLast = head.headers["connection"]?.lowercased() == "close"
        if isWhole, !isLast, reader.isAtEnd { idle?.keep(connection) }
    }

    private static let problemBytesMax = 4 << 20

    private static func problem(
        _ head: ReplyReader.Head, _ reader: inout ReplyReader
    ) throws -> any Error {
        var data = Data()
        while data.count < problemBytesMax, let part = try reader.bodyPart() {
            data.append(contentsOf: part)
        }
        if let problem = try? JSONDecoder().decode(Problem.self, from: data) { return problem }
        return ClientError("the daemon answered with status \(head.status) and no reason")
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, from data: Data
    ) throws(ClientError) -> Value {
        do { return try JSONDecoder().decode(type, from: data) } catch {
            throw ClientError(
                "the daemon's reply is not what this version of errata expects",
                hint: "Are the daemon and this command of the same version?")
        }
    }
}

/// Cuts a stream of bytes at its line ends.
private struct LineSplitter {
    private static let lineBytesMax = 64 << 20
    private var rest = Data()

    mutating func take(_ part: [UInt8], _ body: (Data) throws -> Void) throws {
        var pieces = part.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        rest.append(contentsOf: pieces.removeFirst())
        for piece in pieces {
            try finish(body)
            rest = Data(piece)
        }
        guard rest.count <= LineSplitter.lineBytesMax else {
            throw ClientError(
                "a line of the reply has more than \(LineSplitter.lineBytesMax) bytes")
        }
    }

    mutating func finish(_ body: (Data) throws -> Void) throws {
        defer { rest = Data() }
        if !rest.isEmpty { try body(rest) }
    }
}
