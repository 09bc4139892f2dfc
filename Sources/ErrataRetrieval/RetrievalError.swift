/// A request that the index refuses, or trouble with its files.
package struct RetrievalError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The version's visibility set is not there: prepare it.
        case versionNotPrepared = "version_not_prepared"
        /// Facts of the version have no rows yet: index them.
        case factsNotIndexed = "facts_not_indexed"
        /// Rows of the version have no vectors yet: wait, or search by words alone.
        case vectorsNotReady = "vectors_not_ready"
        case invalidQuery = "invalid_query"
        case invalidVector = "invalid_vector"
        /// The index is full.
        case tooManyRows = "too_many_rows"
        case fileTrouble = "file_trouble"
        case databaseTrouble = "database_trouble"
    }

    package let code: Code
    package let message: String
    /// What to do next: a full sentence.
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
