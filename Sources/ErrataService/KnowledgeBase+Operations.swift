package import ErrataJournal

extension KnowledgeBase {
    package func operation(_ sequence: UInt64) throws(ServiceError) -> Operation {
        try wrapping { try journal.operation(sequence) }
    }

    /// Walks the whole store and proves it intact; `progress` hears which part, and how many rows are done.
    package func verify(
        progress: @escaping @Sendable (_ part: String, _ done: UInt64) -> Void
    ) -> VerifyReport {
        journal.verify(progress: progress)
    }
}
