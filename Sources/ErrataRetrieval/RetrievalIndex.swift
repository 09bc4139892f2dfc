package import ErrataCore
import FoundationEssentials
import Synchronization

/// The retrieval index of a store: rows shared by all versions, one visibility set per version.
///
/// It knows no journal: facts and changes come in as values. All its files are derived and may be
/// deleted while it is closed. One piece of writing runs at a time, searches run beside it.
package final class RetrievalIndex: Sendable {
    /// How many facts are made durable at once; between batches, cancellation is looked for.
    static let batchCount = 64
    /// The same without an encoder, where a batch costs little but its sync.
    static let lexicalBatchCount = 1_024

    let directory: String
    let database: IndexDatabase
    let state: IndexState
    let postings: PostingCache
    let vectors: VectorStore?
    let sets = Mutex(VisibilityCache())
    let notices: [String]
    private let writer: IndexWriter

    /// Opens the index in `directory`, and makes it if it is absent.
    ///
    /// `secretKey` is derived from the store's secret. What is damaged, or belongs to another store or
    /// format, is deleted and begun anew, and ``status()`` says so; only trouble with the disk throws.
    /// Vectors of texts that `donor` has, an open index of the same store and encoder, are taken from it.
    package static func open(
        directory: String, secretKey: [UInt8], encoder: (any SentenceEncoding)?,
        donor: RetrievalIndex? = nil
    ) throws -> RetrievalIndex {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        var notices: [String] = []
        let (database, state): (IndexDatabase, IndexState)
        do {
            (database, state) = try openDatabase(directory, secretKey, encoder)
        } catch  where isDamage(error) {
            notices.append("the index is made anew: \(error)")
            try delete(directory: directory)
            (database, state) = try openDatabase(directory, secretKey, encoder)
        }
        do {
            let vectors = try openVectors(
                directory, encoder, database, rowCount: state.table.count, &notices)
            return RetrievalIndex(
                directory, secretKey, database, state, encoder, vectors, notices, donor)
        } catch {
            try? database.close()
            throw error
        }
    }

    private init(
        _ directory: String, _ key: [UInt8], _ database: IndexDatabase, _ state: IndexState,
        _ encoder: (any SentenceEncoding)?, _ vectors: VectorStore?, _ notices: [String],
        _ donor: RetrievalIndex?
    ) {
        self.directory = directory
        self.database = database
        self.state = state
        self.vectors = vectors
        self.notices = notices
        postings = PostingCache(rowCount: state.table.count)
        writer = IndexWriter(
            key: key, database: database, state: state, postings: postings, encoder: encoder,
            vectors: vectors, donor: donor?.donor(for: encoder))
    }

    /// Gives the vectors away if they are of this encoder.
    private func donor(for encoder: (any SentenceEncoding)?) -> VectorDonor? {
        guard let vectors, vectors.identity == encoder?.identity else { return nil }
        return VectorDonor(database: database, vectors: vectors)
    }

    /// Closes the database; nothing may be called afterwards.
    package func close() throws { try database.close() }

    /// Deletes the index in `directory`, which nobody has open.
    package static func delete(directory: String) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where name.hasPrefix("index.sqlite") || name.hasPrefix("vectors-") {
            try FileManager.default.removeItem(atPath: directory + "/" + name)
        }
    }

    // MARK: Indexing

    /// Adds the rows of `facts` that are not there yet, in batches, each durable before the next.
    ///
    /// Stops between batches when the task is cancelled; what is done stays. `areNew` says that ``unindexed(_:)``
    /// was asked, so that they need not be looked up again.
    package func index(
        _ facts: [IndexedFact], areNew: Bool = false,
        progress: (@Sendable (IndexProgress) -> Void)? = nil
    ) async throws {
        let size =
            vectors == nil ? RetrievalIndex.lexicalBatchCount : RetrievalIndex.batchCount
        for start in stride(from: 0, to: facts.count, by: size) {
            try Task.checkCancellation()
            let end = min(start + size, facts.count)
            let batch = Array(facts[start..<end])
            try await areNew ? writer.addNew(batch) : writer.add(batch)
            progress?(IndexProgress(done: end, total: facts.count))
        }
    }

    /// Returns those of `versions` that have no rows yet, each once.
    package func unindexed(_ versions: [FactVersion]) throws -> [FactVersion] {
        let known = try rows(of: versions, lookUp: database.rowsBeforeAdding)
        var seen: Set<FactVersion> = []
        return versions.filter { known[$0] == nil && seen.insert($0).inserted }
    }

    /// Encodes the rows that were indexed without an encoder, or whose vectors were lost.
    ///
    /// `facts` gives what a fact's version stands for, as ``IndexedFact/facts`` does. Runs until no row is left
    /// or the task is cancelled.
    package func fillVectors(
        progress: (@Sendable (IndexProgress) -> Void)? = nil,
        facts: @Sendable (FactVersion) throws -> [Fact]
    ) async throws {
        while try await writer.fill(countMax: RetrievalIndex.batchCount * 4, facts: facts) {
            progress?(IndexProgress(done: vectors?.count ?? 0, total: state.table.count))
            try Task.checkCancellation()
        }
    }

    // MARK: State

    package func status() -> IndexStatus {
        let table = state.table
        return IndexStatus(
            rowCount: table.count, factCount: table.factCount, vectorCount: vectors?.count ?? 0,
            byteCount: fileByteCount, encoder: vectors?.name,
            encoderIdentity: vectors.map { Hex.encode($0.identity) },
            preparedVersionCount: sets.withLock { $0.count }, notices: notices)
    }

    /// Whether rows wait for vectors.
    package var hasPending: Bool { vectors.map { $0.count < state.table.count } ?? false }

    private var fileByteCount: Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: directory + "/" + name)
            return sum + (attributes?[.size] as? Int ?? 0)
        }
    }

    /// Returns the vectors of one fact's rows of one kind, in the order of its forms.
    ///
    /// Empty without an encoder. Throws `vectorsNotReady` if a row still waits for its vector.
    package func vectors(of version: FactVersion, kind: SurfaceKind) throws -> [[Float]] {
        try scopeVectors(of: [version], kinds: [kind])[version]?[kind] ?? []
    }

    /// Returns the vectors of some facts' rows by kind, those that the scope decision reads unless told.
    ///
    /// Costs one look-up for all of them. Throws `vectorsNotReady` if a row still waits for its vector.
    package func scopeVectors(
        of versions: [FactVersion], kinds: Set<SurfaceKind> = [.masked, .object, .inverse]
    ) throws -> [FactVersion: [SurfaceKind: [[Float]]]] {
        guard let view = vectors?.view else { return [:] }
        let table = state.table
        let known = try database.rows(of: versions)
        guard versions.allSatisfy({ known[$0] != nil }) else {
            throw RetrievalError(
                .factsNotIndexed, "some of \(versions.count) facts have no rows yet",
                hint: "Wait until the index has caught up.")
        }
        return try known.mapValues { rows in
            var found: [SurfaceKind: [[Float]]] = [:]
            for row in rows.map(Int.init) {
                let kind = table.kind(of: row)
                guard kinds.contains(kind) else { continue }
                guard let vector = view.vector(row) else {
                    throw RetrievalError(
                        .vectorsNotReady, "row \(row) still waits for its vector",
                        hint: "Wait until the index has caught up.")
                }
                found[kind, default: []].append(vector)
            }
            return found
        }
    }
}
