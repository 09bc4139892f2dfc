/// A model directory, file or text that cannot be used.
///
/// Nobody parses `message`; `code` says what kind of refusal it is.
package struct ModelError: Error, Equatable, CustomStringConvertible {
    /// What kind of refusal it is.
    package enum Code: String, Sendable {
        /// A file or directory is not there or cannot be read.
        case unreadable
        /// The bytes break their format's rules.
        case malformed
        /// The format is right, but it asks for something that is not built.
        case unsupported
        /// Two things that must agree do not: shapes, names, hashes.
        case mismatch
        /// A named limit is exceeded.
        case limit
        /// A program or server that is needed is missing or refuses.
        case unavailable
    }

    package let code: Code
    package let message: String
    /// What the user can do next, if anything: a full sentence.
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
