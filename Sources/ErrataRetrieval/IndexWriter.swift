import ErrataCore

/// The one that adds rows. A batch is all or nothing, also across a crash.
///
/// Order within a batch: vectors to disk, rows to the database, then memory: vectors and postings before
/// the row table, so that a search never sees a row whose terms or vector are missing.
actor IndexWriter {
    private let key: [UInt8]
    private let database: IndexDatabase
    private let state: IndexState
    private let postings: PostingCache
    private let encoder: (any SentenceEncoding)?
    private let vectors: VectorStore?
    /// Gives the vectors of texts that another index of the store has encoded.
    private let donor: VectorDonor?

    init(
        key: [UInt8], database: IndexDatabase, state: IndexState, postings: PostingCache,
        encoder: (any SentenceEncoding)?, vectors: VectorStore?, donor: VectorDonor?
    ) {
        self.key = key
        self.database = database
        self.state = state
        self.postings = postings
        self.encoder = encoder
        self.vectors = vectors
        self.donor = donor
    }

    /// Adds the rows of the facts that have none yet.
    func add(_ facts: [IndexedFact]) throws {
        let known = try database.rowsBeforeAdding(facts.map(\.version))
        try addNew(facts.filter { known[$0.version] == nil })
    }

    /// Adds the rows of facts that have none.
    func addNew(_ facts: [IndexedFact]) throws {
        guard !facts.isEmpty else { return }
        try write(try collect(facts, start: state.table.count))
    }

    // MARK: Collecting

    private typealias Identity = IndexDatabase.Identity

    private struct Batch {
        /// The number of the first new row.
        let start: Int
        /// New rows in the order found.
        var rows: [(identity: Identity, text: String)] = []
        /// Each version's rows in the order of its forms.
        var versions: [(version: FactVersion, rows: [Identity])] = []
        /// The numbers of rows that are there.
        var numbers: [Identity: Int] = [:]
    }

    private func collect(_ facts: [IndexedFact], start: Int) throws -> Batch {
        var batch = Batch(start: start)
        var forms: [(identity: Identity, text: String)] = []
        var seen: Set<FactVersion> = []
        for fact in facts where seen.insert(fact.version).inserted {
            let own = fact.facts.surfaceForms.map { form in
                (identity: identity(fact.version.fact, form), text: form.text)
            }
            forms += own
            batch.versions.append((fact.version, own.map(\.identity)))
        }
        let known = try database.rows(identities: forms.map(\.identity))
        var found: Set<Identity> = []
        for (form, row) in zip(forms, known) {
            if let row {
                batch.numbers[form.identity] = row
            } else if found.insert(form.identity).inserted {
                batch.rows.append(form)
            }
        }
        return batch
    }

    private func identity(_ fact: FactID, _ form: SurfaceForm) -> Identity {
        Identity(fact: fact, kind: form.kind, textID: IndexWriter.textID(form.text, key: key))
    }

    /// The first bytes of HMAC(text): equal texts are encoded once, and no text can be guessed from it.
    static func textID(_ text: String, key: [UInt8]) -> [UInt8] {
        Array(
            Digest.hmac(Array(text.utf8), key: key).bytes.prefix(IndexDatabase.textIDByteCount))
    }

    // MARK: Writing

    private func write(_ batch: Batch) throws {
        // Searched rows lie together, so that a scan of them runs over few gaps.
        let rows =
            batch.rows.filter { $0.identity.kind.isSearched }
            + batch.rows.filter { !$0.identity.kind.isSearched }
        guard batch.start + rows.count <= RowTable.countMax else {
            throw RetrievalError(
                .tooManyRows, "the index would have more than \(RowTable.countMax) rows")
        }
        var numbers = batch.numbers
        for (i, row) in rows.enumerated() { numbers[row.identity] = batch.start + i }
        let terms = try database.terms(of: rows.map(\.text))
        let vectorCount = try appendVectors(rows, start: batch.start)
        try database.add(
            zip(rows, terms).map { row, terms in
                IndexDatabase.NewRow(
                    identity: row.identity, text: row.text, tokenCount: terms.count)
            },
            start: batch.start,
            versions: batch.versions.map { version, rows in
                (version, rows.compactMap { numbers[$0].map(UInt32.init) })
            }, vectorCount: vectorCount)
        if let vectorCount { vectors?.publish(count: vectorCount.count) }
        publish(rows.map(\.identity), terms, start: batch.start)
    }

    private func publish(_ rows: [Identity], _ terms: [[Term]], start: Int) {
        var added: [Term: Posting] = [:]
        for (i, row) in rows.enumerated() where row.kind.isSearched {
            for term in terms[i] { added[term, default: Posting()].add(UInt32(start + i)) }
        }
        postings.publish(added, start: start, end: start + rows.count)
        state.append(
            zip(rows, terms).map { (fact: $0.fact, kind: $0.kind, tokenCount: $1.count) })
    }

    // MARK: Vectors

    /// Writes the vectors of new rows; nil, with nothing written, if older rows still wait for theirs.
    private func appendVectors(
        _ rows: [(identity: Identity, text: String)], start: Int
    ) throws -> (encoder: [UInt8], count: Int)? {
        guard let vectors, vectors.count == start else { return nil }
        try vectors.append(try encode(rows.map { ($0.identity.textID, $0.text) }))
        return (vectors.identity, start + rows.count)
    }

    /// Returns the vector of each text, from a row that has the same text where there is one.
    private func encode(_ texts: [(id: [UInt8], text: String?)]) throws -> [[Float]?] {
        guard let encoder, let vectors else { return texts.map { _ in nil } }
        let view = vectors.view
        let rows = try database.rows(textIDs: texts.map(\.id), below: view.count)
        let donated = try donor?.vectors(of: texts.map(\.id))
        var known: [[UInt8]: [Float]?] = [:]
        var missing: [(id: [UInt8], text: String)] = []
        for (i, (id, text)) in texts.enumerated() where known[id] == nil {
            known[id] = .some(rows[i].flatMap(view.vector) ?? donated?[i])
            if known[id] == .some(nil), let text { missing.append((id, text)) }
        }
        let encoded = try encoder.checkedVectors(of: missing.map(\.text))
        for (text, vector) in zip(missing, encoded) { known[text.id] = .some(vector) }
        return texts.map { known[$0.id] ?? nil }
    }

    /// Encodes up to `countMax` rows that have no vector; false when none was left.
    ///
    /// A row whose text `facts` no longer have is marked as having no vector.
    func fill(countMax: Int, facts: (FactVersion) throws -> [Fact]) throws -> Bool {
        guard let vectors else { return false }
        let table = state.table
        let range = vectors.count..<min(table.count, vectors.count + countMax)
        guard !range.isEmpty else { return false }
        let ids = Set(range.map { table.factID(table.fact(of: $0)) })
        var texts: [Int: (id: [UInt8], text: String?)] = [:]
        let versions = try database.versions(of: range, facts: Array(ids))
        for version in Set(versions.values) {
            let forms = try facts(version).surfaceForms
            let identities = forms.map { identity(version.fact, $0) }
            let rows = try database.rows(identities: identities)
            for ((form, identity), row) in zip(zip(forms, identities), rows) {
                guard let row, range.contains(row) else { continue }
                texts[row] = (identity.textID, form.text)
            }
        }
        try vectors.append(try encode(range.map { texts[$0] ?? ([], nil) }))
        try database.setVectorCount(range.upperBound, encoder: vectors.identity)
        vectors.publish(count: range.upperBound)
        return true
    }
}

extension SentenceEncoding {
    /// Returns the vectors as they are compared, nil where the encoder gave zero or something that is not a number.
    func checkedVectors(of texts: [String]) throws -> [[Float]?] {
        guard !texts.isEmpty else { return [] }
        let vectors = try encode(texts)
        guard vectors.count == texts.count, vectors.allSatisfy({ $0.count == width }) else {
            throw RetrievalError(
                .invalidVector,
                "the encoder \(name) gave \(vectors.count) vectors for \(texts.count) texts, "
                    + "or not \(width) numbers each")
        }
        return vectors.map { vector in
            UnitVector.normalized(vector).map { isNormalized ? $0 : vector }
        }
    }
}
