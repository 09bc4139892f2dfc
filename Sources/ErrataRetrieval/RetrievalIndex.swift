package import ErrataCore
import FoundationEssentials
import GRDB
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
    /// From how many looked-up facts on reading the whole table is cheaper.
    private static let lookupCountMax = 5_000

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
    package static func open(
        directory: String, secretKey: [UInt8], encoder: (any SentenceEncoding)?
    ) throws -> RetrievalIndex {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        var notices: [String] = []
        let (database, state): (IndexDatabase, IndexState)
        do {
            (database, state) = try openDatabase(directory, secretKey)
        } catch  where isDamage(error) {
            notices.append("the index is made anew: \(error)")
            try delete(directory: directory)
            (database, state) = try openDatabase(directory, secretKey)
        }
        do {
            let vectors = try openVectors(
                directory, encoder, database, rowCount: state.table.count, &notices)
            return RetrievalIndex(
                directory, secretKey, database, state, encoder, vectors, notices)
        } catch {
            try? database.close()
            throw error
        }
    }

    private init(
        _ directory: String, _ key: [UInt8], _ database: IndexDatabase, _ state: IndexState,
        _ encoder: (any SentenceEncoding)?, _ vectors: VectorStore?, _ notices: [String]
    ) {
        self.directory = directory
        self.database = database
        self.state = state
        self.vectors = vectors
        self.notices = notices
        postings = PostingCache(rowCount: state.table.count)
        writer = IndexWriter(
            key: key, database: database, state: state, postings: postings, encoder: encoder,
            vectors: vectors)
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

    // MARK: Opening

    private static func openDatabase(
        _ directory: String, _ key: [UInt8]
    ) throws -> (IndexDatabase, IndexState) {
        let database = try IndexDatabase(path: directory + "/index.sqlite", key: key)
        let state = IndexState()
        do {
            var rows: [(fact: FactID, kind: SurfaceKind, tokenCount: Int)] = []
            try database.forEachRow { rows.append(($0.fact, $0.kind, $0.tokenCount)) }
            state.append(rows)
        } catch {
            try? database.close()
            throw error
        }
        return (database, state)
    }

    private static func isDamage(_ error: any Error) -> Bool {
        if let error = error as? DatabaseError {
            return [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_SCHEMA]
                .contains(error.resultCode)
        }
        return (error as? RetrievalError)?.code == .databaseTrouble
    }

    private static func openVectors(
        _ directory: String, _ encoder: (any SentenceEncoding)?, _ database: IndexDatabase,
        rowCount: Int, _ notices: inout [String]
    ) throws -> VectorStore? {
        try removeForeignVectors(directory, generation: database.generation)
        guard let encoder else { return nil }
        precondition(encoder.identity.count == Digest.byteCount && encoder.width > 0)
        let counted = min(try database.vectorCount(encoder: encoder.identity), rowCount)
        let (vectors, problem) = try VectorStore.open(
            directory: directory, encoder: encoder, generation: database.generation, count: counted)
        if let problem { notices.append(problem) }
        if vectors.count < counted {
            try database.setVectorCount(vectors.count, encoder: encoder.identity)
        }
        return vectors
    }

    /// Deletes vector files whose row numbers are not those of this database.
    private static func removeForeignVectors(_ directory: String, generation: [UInt8]) throws {
        let own = "-" + Hex.encode(generation.prefix(VectorStore.generationByteCountInName)) + "."
        for name in try FileManager.default.contentsOfDirectory(atPath: directory)
        where name.hasPrefix("vectors-") && !name.contains(own) {
            try FileManager.default.removeItem(atPath: directory + "/" + name)
        }
    }

    // MARK: Indexing

    /// Adds the rows of `facts` that are not there yet, in batches, each durable before the next.
    ///
    /// Stops between batches when the task is cancelled; what is done stays.
    package func index(
        _ facts: [IndexedFact], progress: (@Sendable (IndexProgress) -> Void)? = nil
    ) async throws {
        let size =
            vectors == nil ? RetrievalIndex.lexicalBatchCount : RetrievalIndex.batchCount
        for start in stride(from: 0, to: facts.count, by: size) {
            try Task.checkCancellation()
            let end = min(start + size, facts.count)
            try await writer.add(Array(facts[start..<end]))
            progress?(IndexProgress(done: end, total: facts.count))
        }
    }

    /// Returns those of `versions` that have no rows yet, each once.
    package func unindexed(_ versions: [FactVersion]) throws -> [FactVersion] {
        let known = try rows(of: versions)
        var seen: Set<FactVersion> = []
        return versions.filter { known[$0] == nil && seen.insert($0).inserted }
    }

    /// Encodes the rows that were indexed without an encoder, or whose vectors were lost.
    ///
    /// `fact` gives the text of a fact's version, nil if it was erased. Runs until no row is left or the
    /// task is cancelled.
    package func fillVectors(
        progress: (@Sendable (IndexProgress) -> Void)? = nil,
        fact: @Sendable (FactVersion) throws -> Fact?
    ) async throws {
        while try await writer.fill(countMax: RetrievalIndex.batchCount * 4, fact: fact) {
            progress?(IndexProgress(done: vectors?.count ?? 0, total: state.table.count))
            try Task.checkCancellation()
        }
    }

    // MARK: Versions

    /// Returns the visibility set of `version` if it is in memory.
    package func visibility(of version: CommitID) -> VisibilitySet? {
        sets.withLock { $0.set(at: version) }
    }

    /// Makes `version` searchable and returns its visibility set.
    ///
    /// Starts from the first of `bases` (nearest first) that is in memory, or from nothing. `changes` gives
    /// the changes from that version, or all facts as additions for nil. Costs the changes. Throws
    /// `factsNotIndexed` if a fact has no rows; ``update(to:bases:changes:fact:)`` adds them.
    @discardableResult
    package func prepare(
        _ version: CommitID, bases: some Sequence<CommitID> = [],
        changes: (CommitID?) throws -> [VisibilityChange]
    ) throws -> VisibilitySet {
        if let set = visibility(of: version) { return set }
        let (base, set) = nearest(bases)
        return try fold(version, set, try changes(base))
    }

    /// Indexes what `version` needs, makes it searchable and returns its visibility set.
    ///
    /// Like ``prepare(_:bases:changes:)``; `fact` gives the text of facts that have no rows yet, nil if it
    /// was erased.
    @discardableResult
    package func update(
        to version: CommitID, bases: some Sequence<CommitID> = [],
        progress: (@Sendable (IndexProgress) -> Void)? = nil,
        changes: (CommitID?) throws -> [VisibilityChange],
        fact: (FactVersion) throws -> Fact?
    ) async throws -> VisibilitySet {
        if let set = visibility(of: version) { return set }
        let (base, set) = nearest(bases)
        let changes = try changes(base)
        let missing = try unindexed(
            changes.compactMap { change in change.new.map { FactVersion(change.fact, $0) } })
        for start in stride(from: 0, to: missing.count, by: RetrievalIndex.lexicalBatchCount) {
            let end = min(start + RetrievalIndex.lexicalBatchCount, missing.count)
            let batch = try missing[start..<end].map { IndexedFact($0, try fact($0)) }
            let total = missing.count
            try await index(batch) { part in
                progress?(IndexProgress(done: start + part.done, total: total))
            }
        }
        return try fold(version, set, changes)
    }

    private func nearest(
        _ bases: some Sequence<CommitID>
    ) -> (base: CommitID?, set: VisibilitySet) {
        for base in bases {
            if let set = visibility(of: base) { return (base, set) }
        }
        return (nil, VisibilitySet())
    }

    private func fold(
        _ version: CommitID, _ base: VisibilitySet, _ changes: [VisibilityChange]
    ) throws -> VisibilitySet {
        var versions: [FactVersion] = []
        for change in changes {
            if let old = change.old { versions.append(FactVersion(change.fact, old)) }
            if let new = change.new { versions.append(FactVersion(change.fact, new)) }
        }
        let rows = try rows(of: versions)
        let set = try base.applying(changes, table: state.table) { rows[$0] }
        sets.withLock { $0.insert(set, at: version) }
        return set
    }

    private func rows(of versions: [FactVersion]) throws -> [FactVersion: [UInt32]] {
        versions.count > RetrievalIndex.lookupCountMax
            ? try database.allRows() : try database.rows(of: versions)
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
        return try database.rows(of: versions).mapValues { rows in
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
