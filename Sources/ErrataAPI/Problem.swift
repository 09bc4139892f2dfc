package import ErrataCore

/// An error reply, `application/problem+json` (RFC 9457).
package struct Problem: Codable, Error, Equatable, Sendable {
    package static let mediaType = "application/problem+json"

    /// A URI reference that names the kind of problem; it carries the code and needs no network.
    package let type: String
    /// What kind of problem it is: the same text for the same code.
    package let title: String
    /// The HTTP status.
    package let status: Int
    /// What happened this time; nobody parses it.
    package let detail: String
    /// The stable name of the problem.
    package let code: String
    /// What the user can do next.
    package let hint: String?
    /// The request that met the problem, as in the daemon's log.
    package let requestID: String
    /// The field of the request that is at fault.
    package let field: String?
    /// The branch's head, for `head_moved`.
    package let head: CommitID?
    /// The lines of the imported file that cannot be taken.
    package let lines: [LineProblem]?
    /// The facts or commits in the way, for `revert_conflict` and ambiguous names.
    package let ids: [String]?
    /// The most that is allowed, for limits.
    package let limit: Int?
    /// What came instead.
    package let actual: Int?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case type
        case title
        case status
        case detail
        case code
        case hint
        case requestID = "requestId"
        case field
        case head
        case lines
        case ids
        case limit
        case actual
    }

    package init(
        status: Int, code: String, detail: String, hint: String? = nil, requestID: String,
        field: String? = nil, head: CommitID? = nil, lines: [LineProblem]? = nil,
        ids: [String]? = nil,
        limit: Int? = nil, actual: Int? = nil
    ) {
        type = "urn:errata:problem:\(code)"
        title = code.replacing("_", with: " ")
        self.status = status
        self.detail = detail
        self.code = code
        self.hint = hint
        self.requestID = requestID
        self.field = field
        self.head = head
        self.lines = lines
        self.ids = ids
        self.limit = limit
        self.actual = actual
    }
}
