import ErrataCore
import HTTPTypes
import Hummingbird

/// One address and method of the API: what it takes and what answers it.
struct Route: Sendable {
    enum Body: Sendable {
        case none
        case json(limit: Int)
        /// Bytes of one of the media types.
        case raw(limit: Int, mediaTypes: [String])

        var limit: Int {
            switch self {
            case .none: 0
            case .json(let limit), .raw(let limit, _): limit
            }
        }
    }

    enum Patience: Sendable {
        /// A millisecond of work at most if the body is small, and waits for nothing but the journal: handled where it
        /// was read.
        case brief
        case usual
        case search
        case answer
        case long
    }

    typealias Handler = @Sendable (Call) async throws -> Response

    let method: HTTPRequest.Method
    /// As in the schema: `/v1/receipts/{id}`.
    let path: String
    let parameters: Set<String>
    let body: Body
    let patience: Patience
    /// What a user must be permitted to get through; nil lets everybody who can connect.
    ///
    /// The journal's writer checks again what a write needs, which may be more.
    let permission: Permission?
    /// Whether it tells knowledge, so that its use is written down where reads are audited.
    let isRecorded: Bool
    let handler: Handler

    static func get(
        _ path: String, parameters: Set<String> = [], permission: Permission? = .read,
        isRecorded: Bool = true, handler: @escaping Handler
    ) -> Route {
        Route(
            method: .get, path: path, parameters: parameters, body: .none, patience: .usual,
            permission: permission, isRecorded: isRecorded, handler: handler)
    }

    static func post(
        _ path: String, parameters: Set<String> = [],
        body: Body = .json(limit: BodyLimits.usualMax), patience: Patience = .usual,
        permission: Permission = .write, handler: @escaping Handler
    ) -> Route {
        Route(
            method: .post, path: path, parameters: parameters, body: body, patience: patience,
            permission: permission, isRecorded: permission == .read || permission == .audit,
            handler: handler)
    }

    static func put(
        _ path: String, permission: Permission, handler: @escaping Handler
    ) -> Route {
        Route(
            method: .put, path: path, parameters: [], body: .json(limit: BodyLimits.usualMax),
            patience: .usual, permission: permission, isRecorded: false, handler: handler)
    }

    static func delete(
        _ path: String, parameters: Set<String>, permission: Permission = .write,
        handler: @escaping Handler
    ) -> Route {
        Route(
            method: .delete, path: path, parameters: parameters, body: .none, patience: .usual,
            permission: permission, isRecorded: false, handler: handler)
    }

    /// As in the schema, the log and the metrics: `GET /v1/facts`.
    var label: String { "\(method.rawValue) \(path)" }

    /// Throws unless the request's media type is one that this route reads.
    func checkMediaType(_ value: String?) throws(Refusal) {
        let expected: [String]
        switch body {
        case .none: return
        case .json: expected = ["application/json"]
        case .raw(_, let mediaTypes): expected = mediaTypes
        }
        // As most clients write it.
        if let value, expected.contains(value) { return }
        let given = (value ?? "").split(separator: ";").first.map {
            $0.lowercased().filter { $0 != " " }
        }
        guard let given, expected.contains(given) else {
            throw Refusal(
                .unsupportedMediaType,
                "the content type is \(given.map { "'\($0)'" } ?? "missing"), "
                    + "not \(expected.joined(separator: " or "))",
                hint: "Send the header 'Content-Type: \(expected[0])'.")
        }
    }
}

/// All routes, found by address and method.
struct RouteTable: Sendable {
    private let byPath: [String: [Route]]
    let routes: [Route]

    init(_ routes: [Route]) {
        self.routes = routes
        byPath = Dictionary(grouping: routes, by: \.path)
        precondition(
            byPath.values.allSatisfy { Set($0.map(\.method.rawValue)).count == $0.count },
            "a route is there once")
    }

    /// Returns the route and what stands for `{id}` in its path; throws `not_found` or `method_not_allowed`.
    func route(
        for method: HTTPRequest.Method, path: String
    ) throws(Refusal) -> (route: Route, pathParameter: String) {
        let (candidates, parameter) = candidates(for: path)
        guard !candidates.isEmpty else {
            throw Refusal(.notFound, "nothing is at \(RouteTable.printable(path))")
        }
        guard let route = candidates.first(where: { $0.method == method }) else {
            let allow = candidates.map(\.method.rawValue).sorted()
            throw Refusal(
                .methodNotAllowed,
                "\(path) takes \(allow.joined(separator: " or ")), not \(method.rawValue)",
                allow: allow)
        }
        return (route, parameter)
    }

    private func candidates(for path: String) -> (routes: [Route], pathParameter: String) {
        if let exact = byPath[path], !path.utf8.contains(UInt8(ascii: "{")) { return (exact, "") }
        guard let slash = path.lastIndex(of: "/") else { return ([], "") }
        let last = path[path.index(after: slash)...]
        guard !last.isEmpty else { return ([], "") }
        return (byPath[path[...slash] + "{id}"] ?? [], String(last))
    }

    /// Returns at most 100 characters of `path`: it is the client's text and goes into a message.
    private static func printable(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        return isPlain && path.utf8.count <= 100 ? path : "this address"
    }
}
