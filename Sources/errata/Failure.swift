import ArgumentParser
import ErrataAPI
import ErrataAlignment
import ErrataClient
import ErrataCore
import ErrataEvaluation
import ErrataJournal
import ErrataModels
import ErrataServer
import ErrataService
import Glibc

/// What a command that cannot do its work says; the process ends with status 1.
struct Failure: Error, Equatable {
    let message: String
    var hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    /// Says what `error` means for the user; nil if it is the argument parser's own.
    init?(describing error: any Error) {
        switch error {
        case let error as Failure: self = error
        case let error as Problem: self.init(problem: error)
        case let error as ClientError: self.init(error.message, hint: error.hint)
        case let error as RequestError: self.init(error.message, hint: error.hint)
        case let error as ServiceError: self.init(error.message, hint: error.hint)
        case let error as JournalError: self.init(error.message, hint: error.hint)
        case let error as ServerSocketError: self.init(error.message, hint: error.hint)
        case let error as FactError: self.init(error.description)
        case let error as DatasetError: self.init(error.message, hint: error.hint)
        case let error as EvaluationError: self.init(error.message, hint: error.hint)
        case let error as ModelError: self.init(error.message, hint: error.hint)
        case let error as BackendError: self.init(error.message, hint: error.hint)
        default: return nil
        }
    }

    private init(problem: Problem) {
        // The first line stands in the detail already.
        let lines = (problem.lines ?? []).dropFirst()
        let shown = lines.prefix(9).map { "\n  line \($0.line): \($0.message)" }
        let rest = lines.count > 9 ? "\n  …" : ""
        self.init(problem.detail + shown.joined() + rest, hint: problem.hint)
        if problem.code == "internal" {
            self = Failure(
                problem.detail, hint: "The daemon's log has request \(problem.requestID).")
        }
    }

    /// Ends the process: 0 for help, 1 for a refusal, 64 for a wrong command line.
    static func exit(_ error: any Error) -> Never {
        guard let failure = Failure(describing: error) else { Errata.exit(withError: error) }
        Terminal.error.line(
            Style.red.on("Error:", Terminal.error) + " \(failure.message.printable)")
        if let hint = failure.hint {
            Terminal.error.line(Style.yellow.on("Hint:", Terminal.error) + " \(hint.printable)")
        }
        Glibc.exit(1)
    }
}
