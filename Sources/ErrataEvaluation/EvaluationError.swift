/// An evaluation that cannot be done as asked.
package struct EvaluationError: Error, Equatable, CustomStringConvertible {
    package let message: String
    /// What the user can do next, if anything: a full sentence.
    package let hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
