import ErrataAPI

/// A request that the daemon turns away before or beside the knowledge base.
struct Refusal: Error, Equatable, Sendable {
    enum Code: String, CaseIterable, Sendable {
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case unknownParameter = "unknown_parameter"
        case missingParameter = "missing_parameter"
        case invalidParameter = "invalid_parameter"
        case unsupportedMediaType = "unsupported_media_type"
        case bodyTooLarge = "body_too_large"
        case bodyCutShort = "body_cut_short"
        case peerUnknown = "peer_unknown"
        case rateLimited = "rate_limited"
        case tooBusy = "too_busy"
        case timeout
    }

    let code: Code
    let message: String
    var hint: String?
    var field: String?
    /// The methods that the address does take, for `method_not_allowed`.
    var allow: [String] = []
    var limit: Int?
    var actual: Int?
    /// When to come back, for `rate_limited`.
    var retryAfterSeconds: Int?

    init(
        _ code: Code, _ message: String, hint: String? = nil, field: String? = nil,
        allow: [String] = [], limit: Int? = nil, actual: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.field = field
        self.allow = allow
        self.limit = limit
        self.actual = actual
    }
}
