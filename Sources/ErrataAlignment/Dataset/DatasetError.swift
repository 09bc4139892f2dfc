/// A data file, recipe or request for training data that cannot be used.
///
/// Nobody parses `message`; `code` says what kind of refusal it is.
package struct DatasetError: Error, Equatable, CustomStringConvertible {
    /// What kind of refusal it is.
    package enum Code: String, Sendable {
        /// A file or directory is not there or cannot be read.
        case unreadable
        /// A file cannot be written: a full disk, a missing directory.
        case unwritable
        /// The bytes break their format's rules.
        case malformed
        /// A named limit is exceeded.
        case limit
        /// What is asked for is not offered.
        case unsupported
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
