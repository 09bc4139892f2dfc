/// How far the index is.
package struct IndexStatus: Hashable, Sendable {
    package let rowCount: Int
    /// How many distinct facts have rows.
    package let factCount: Int
    /// How many rows have their vectors; the rest waits for ``RetrievalIndex/fillVectors(progress:facts:)``.
    package let vectorCount: Int
    /// Bytes of all files.
    package let byteCount: Int
    /// Nil without an encoder: searches go by words alone.
    package let encoder: String?
    /// The encoder's identity in hex.
    package let encoderIdentity: String?
    package let preparedVersionCount: Int
    /// What was found damaged or foreign at the start and made anew.
    package let notices: [String]

    /// The status of an index that cannot be opened; `reason` says why.
    package static func unavailable(_ reason: String) -> IndexStatus {
        IndexStatus(
            rowCount: 0, factCount: 0, vectorCount: 0, byteCount: 0, encoder: nil,
            encoderIdentity: nil, preparedVersionCount: 0, notices: [reason])
    }

    /// How many rows wait for vectors.
    package var pendingCount: Int { encoder == nil ? 0 : rowCount - vectorCount }
}

/// How far a long piece of work is.
package struct IndexProgress: Hashable, Sendable {
    package let done: Int
    package let total: Int
}
