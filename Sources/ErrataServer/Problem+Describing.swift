import ErrataAPI
import ErrataService
import HTTPTypes

extension Problem {
    /// The code of what nobody foresaw.
    static let internalCode = "internal"

    /// Returns the reply that `error` deserves, and the refusal that its headers follow, if it is one.
    static func describing(
        _ error: any Error, requestID: String
    ) -> (problem: Problem, refusal: Refusal?) {
        switch error {
        case let error as ServiceError:
            (Problem(error, requestID: requestID), Refusal(waitingFor: error))
        case let error as Refusal: (Problem(error, requestID: requestID), error)
        case let error as RequestError: (Problem(error, requestID: requestID), nil)
        default:
            (
                Problem(
                    status: 500, code: internalCode, detail: "something went wrong in the daemon",
                    hint: "The daemon's log has the request's id.", requestID: requestID), nil
            )
        }
    }

    private init(_ error: ServiceError, requestID: String) {
        let lines = error.problems.map { LineProblem(line: $0.line, message: $0.message) }
        self.init(
            status: error.code.status.code, code: error.code.rawValue, detail: error.message,
            hint: error.hint, requestID: requestID, head: error.head,
            lines: lines.isEmpty ? nil : lines)
    }

    private init(_ error: Refusal, requestID: String) {
        self.init(
            status: error.code.status.code, code: error.code.rawValue, detail: error.message,
            hint: error.hint, requestID: requestID, field: error.field, limit: error.limit,
            actual: error.actual)
    }

    private init(_ error: RequestError, requestID: String) {
        self.init(
            status: error.code.status.code, code: error.code.rawValue, detail: error.message,
            hint: error.hint, requestID: requestID, field: error.field)
    }
}

// The one place that gives codes their HTTP status.

extension ServiceError.Code {
    var status: HTTPResponse.Status {
        switch self {
        case .invalidFact, .invalidText, .invalidRequest, .invalidRevision, .invalidName,
            .invalidImport, .invalidQuery, .ambiguousRevision, .ambiguousFact, .duplicateEdit,
            .limitExceeded, .modelUnusable:
            .badRequest
        case .unknownRevision, .unknownBranch, .unknownFact, .unknownOperation, .unknownReceipt,
            .unknownEvent, .unknownModel, .unknownTag:
            .notFound
        case .branchExists, .branchProtected, .tagExists, .headMoved, .nothingToCommit,
            .revertConflict, .notAnAncestor, .mergeConflict, .notInConflict, .undoConflict,
            .cannotUndo, .modelExists:
            .conflict
        case .forbidden: .forbidden
        case .indexNotReady, .auditNotReady, .storeLocked, .storeClosed, .storageReadOnly,
            .modelBusy, .modelUnavailable, .cancelled:
            .serviceUnavailable
        case .modelRefused, .modelFailed: .badGateway
        case .storageFull: .init(code: 507, reasonPhrase: "Insufficient Storage")
        case .unsupportedFileSystem, .unsupportedFormat, .storeOutdated, .corrupt, .io:
            .internalServerError
        }
    }
}

extension Refusal {
    /// Nil unless the error says when to come back.
    fileprivate init?(waitingFor error: ServiceError) {
        guard let seconds = error.retryAfterSeconds else { return nil }
        self.init(.tooBusy, error.message)
        retryAfterSeconds = seconds
    }
}

extension Refusal.Code {
    var status: HTTPResponse.Status {
        switch self {
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .unknownParameter, .missingParameter, .invalidParameter, .bodyCutShort: .badRequest
        case .unsupportedMediaType: .unsupportedMediaType
        case .bodyTooLarge: .contentTooLarge
        case .peerUnknown: .forbidden
        case .rateLimited: .tooManyRequests
        case .tooBusy, .timeout: .serviceUnavailable
        }
    }
}

extension RequestError.Code {
    var status: HTTPResponse.Status {
        switch self {
        case .invalidJSON, .unknownField, .missingField, .invalidField, .invalidFact: .badRequest
        }
    }
}
