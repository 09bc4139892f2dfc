package import ErrataJournal

extension KnowledgeBase {
    package func operation(_ sequence: UInt64) throws(ServiceError) -> Operation {
        try wrapping { try journal.operation(sequence) }
    }

    /// Walks the whole store and proves it intact; `progress` hears which part, and how many rows are done.
    ///
    /// Blocks the thread. Another process does it, if there is one to do it: a mangled page would end this one.
    package func verify(progress: @escaping StoreCheck.Progress) async throws(ServiceError)
        -> StoreReport
    {
        guard let program = configuration.verifierProgram else {
            return StoreCheck(journal).run(progress)
        }
        do {
            let process = VerifierProcess(
                program: program, directory: configuration.dataDirectory)
            // A child that was killed leaves its reader's slot behind, which would keep old pages for ever.
            defer { journal.clearDeadReaders() }
            return try await process.run(progress)
        } catch { throw ServiceError(wrapping: error) }
    }
}
