package import ErrataJournal

extension KnowledgeBase {
    /// Signs what the journal is now, or was when it had `size` operations.
    package func checkpoint(size: UInt64? = nil) throws(ServiceError) -> SignedCheckpoint {
        try wrapping { try journal.checkpoint(size: size) }
    }

    /// Proves that an operation is in the journal of `size` operations, all of them if nil.
    package func inclusionProof(
        ofOperation sequence: UInt64, size: UInt64? = nil
    ) throws(ServiceError) -> OperationProof {
        try wrapping { try journal.inclusionProof(of: sequence, size: size) }
    }

    /// Proves that the operation which wrote the commit of `revision` is in the journal.
    package func inclusionProof(
        ofCommit revision: String, size: UInt64? = nil
    ) throws(ServiceError) -> OperationProof {
        let operation = try commitRecord(revision).operation
        return try inclusionProof(ofOperation: operation, size: size)
    }

    /// Proves that the journal of `to` operations, all of them if nil, begins with the one of `from`.
    package func consistencyProof(
        from: UInt64, to: UInt64? = nil
    ) throws(ServiceError) -> ExtensionProof {
        try wrapping { try journal.consistencyProof(from: from, to: to) }
    }
}
