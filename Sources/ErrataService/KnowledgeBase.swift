package import ErrataCore
package import ErrataJournal
package import ErrataModels
import Foundation
import Synchronization

/// The use cases of Errata, without HTTP: everything that the daemon can be asked for.
///
/// Reads are answered from a snapshot and hold no lock; writes go through the journal's one writer. All
/// methods throw ``ServiceError`` alone.
package final class KnowledgeBase: Sendable {
    package struct Configuration: Sendable {
        /// Where the journal and what is derived from it live.
        package var dataDirectory: String
        /// The sentence encoder's directory; nil searches by words alone.
        package var encoderDirectory: String?
        /// Threads of one call of the encoder, or of the reader.
        package var encoderThreads: Int
        /// How the reader computes, which needs the encoder; nil answers by lookup.
        package var readerPrecision: Linear.Precision?
        /// The reader's weights; nil takes those that are part of the program.
        package var readerFile: String?
        /// By which of their texts facts are found; an evaluation asks what each is worth, a daemon takes all.
        package var retrievalKey = RetrievalKey.all
        /// How long an ask waits for its version's index, and an audit for its tables.
        package var indexWait: Duration
        /// How to start this program as ``AuditWorker``: a path and arguments.
        package var auditCommand = ["/proc/self/exe", AuditWorker.argument]
        package var journal: JournalOptions
        /// What answers where a question does not say it: `lookup`, `reader`, `lte` or `errata`; nil takes
        /// the reader, or the language model if one is named here.
        package var answerer: String?
        /// The language model that answers where a question names none.
        package var languageModel: String?
        /// What language models may take of the memory; nil takes half of the machine's.
        package var modelMemoryBytesMax: Int?
        /// The `errata` that verifies this store beside this process; nil verifies in it.
        package var verifierProgram: String?

        package init(
            dataDirectory: String, encoderDirectory: String? = nil, encoderThreads: Int = 1,
            readerPrecision: Linear.Precision? = .float32, readerFile: String? = nil,
            indexWait: Duration = .seconds(10), journal: JournalOptions = JournalOptions(),
            verifierProgram: String? = nil
        ) {
            self.verifierProgram = verifierProgram
            self.dataDirectory = dataDirectory
            self.encoderDirectory = encoderDirectory
            self.encoderThreads = encoderThreads
            self.readerPrecision = readerPrecision
            self.readerFile = readerFile
            self.indexWait = indexWait
            self.journal = journal
        }
    }

    package let configuration: Configuration
    package let journal: Journal
    let audit: AuditProjection
    let models: LoadedModels
    let languageModels: LanguageModels
    /// The first operation of each registered model, by its hash.
    let registered = Mutex<[Digest: UInt64]>([:])
    /// Nil while the index cannot be opened: that never keeps the journal from being used.
    private let current: Mutex<DerivedState?>
    private let isRebuilding = Mutex(false)
    /// Where questions are encoded, searched and judged.
    let workers = WorkerThreads(
        name: "errata-ask", count: ProcessInfo.processInfo.activeProcessorCount)

    /// Where queries to the audit database wait for their processes.
    let queryThreads = WorkerThreads(name: "errata-query", count: 2)

    /// Opens the data directory, or makes it; derived state that is missing or damaged is rebuilt behind.
    package init(_ configuration: Configuration) throws(ServiceError) {
        self.configuration = configuration
        do {
            journal = try Journal.open(
                at: configuration.dataDirectory, options: configuration.journal)
            models = try LoadedModels(configuration)
            languageModels = try LanguageModels(
                file: configuration.dataDirectory + "/models.json",
                limits: LanguageModels.Limits(
                    byteCountMax: configuration.modelMemoryBytesMax
                        ?? Int(clamping: ProcessInfo.processInfo.physicalMemory / 2),
                    threads: ProcessInfo.processInfo.activeProcessorCount))
        } catch { throw ServiceError(wrapping: error) }
        audit = AuditProjection(
            journal: journal, directory: configuration.dataDirectory + "/audit")
        current = Mutex(nil)
        audit.start()
        // What stands in the way is told when somebody asks, and tried again then.
        _ = try? derived
    }

    /// The index in use and what works on it; ask once a request, since a rebuild may replace it.
    ///
    /// Throws `index_not_ready` while it cannot be opened; each call tries again.
    var derived: DerivedState {
        get throws(ServiceError) {
            do {
                return try current.withLock { state in
                    if let state { return state }
                    let opened = try DerivedState.open(
                        in: configuration.dataDirectory + "/index", journal: journal,
                        models: models)
                    state = opened
                    return opened
                }
            } catch {
                throw ServiceError(
                    .indexNotReady, "the index cannot be opened: \(error)",
                    hint:
                        "It follows from the journal: mend the disk, or delete the directory 'index'."
                )
            }
        }
    }

    /// Makes the index anew beside the one in use, and puts it in its place when it is complete.
    ///
    /// It goes on when the caller is cancelled. Throws `index_not_ready` if one is being made already.
    package func rebuildIndex() async throws(ServiceError) {
        let isFirst = isRebuilding.withLock { isRebuilding in
            defer { isRebuilding = true }
            return !isRebuilding
        }
        guard isFirst else {
            throw ServiceError(.indexNotReady, "the index is being rebuilt already")
        }
        let rebuild = Task {
            defer { isRebuilding.withLock { $0 = false } }
            try await self.replaceIndex(reusingVectors: false)
        }
        do { try await rebuild.value } catch { throw ServiceError(wrapping: error) }
    }

    /// Makes an index without what was redacted, in place of the one in use, whose files go.
    ///
    /// Waits for a rebuild that is under way: it may have begun before the redaction.
    func replaceIndexWithoutRedacted() async throws(ServiceError) {
        while true {
            let isFirst = isRebuilding.withLock { isRebuilding in
                defer { isRebuilding = true }
                return !isRebuilding
            }
            if isFirst { break }
            do { try await Task.sleep(for: .milliseconds(50)) } catch {
                throw ServiceError(wrapping: error)
            }
        }
        let rebuild = Task {
            defer { isRebuilding.withLock { $0 = false } }
            try await self.replaceIndex(reusingVectors: true)
        }
        do { try await rebuild.value } catch { throw ServiceError(wrapping: error) }
    }

    private func replaceIndex(reusingVectors: Bool) async throws {
        let parent = configuration.dataDirectory + "/index"
        let old = try derived
        let new = try old.next(
            in: parent, journal: journal, models: models, reusingVectors: reusingVectors)
        do {
            // Commits go on meanwhile: the new index has to know what the old one knows.
            while try new.indexer.coveredCount < journal.operationCount {
                try await new.indexer.wait(
                    for: journal.operationCount - 1, atMost: KnowledgeBase.rebuildTimeMax)
            }
            try new.markComplete()
        } catch {
            await new.close()
            try? new.delete()
            throw error
        }
        current.withLock { $0 = new }
        await old.indexer.stop()
        try old.delete()
    }

    private static let rebuildTimeMax = Duration.seconds(86_400)

    /// Finishes the write in hand, stops the index builder and closes the files.
    package func close() async {
        await audit.stop()
        await current.withLock { $0 }?.close()
        workers.stop()
        languageModels.stop()
        queryThreads.stop()
        await journal.close()
    }

    /// Runs `body` and says in this layer's words what it throws.
    func wrapping<Result>(_ body: () throws -> Result) throws(ServiceError) -> Result {
        do { return try body() } catch { throw ServiceError(wrapping: error) }
    }

    /// Returns the commit that `revision` names.
    package func resolve(_ revision: String) throws(ServiceError) -> CommitID {
        try wrapping { try journal.resolve(Revision(revision)) }
    }
}
