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

    init(
        key: [UInt8], database: IndexDatabase, state: IndexState, postings: PostingCache,
        encoder: (any SentenceEncoding)?, vectors: VectorStore?
    ) {
        self.key = key
        self.database = database
        self.state = state
        self.postings = postings
        self.encoder = encoder
        self.vectors = vectors
    }

    /// Adds the rows of the facts that have none yet.
    func add(_ facts: [IndexedFact]) throws {
        let known = try database.rows(of: facts.map(\.version))
        var batch = Batch(start: state.table.count)
        for fact in facts where known[fact.version] == nil {
            try collect(fact, into: &batch)
        }
        guard !batch.versions.isEmpty else { return }
        try write(batch)
    }

    // MARK: Collecting

    /// A form of a fact that needs a row.
    private struct Place: Hashable {
        let fact: FactID
        let kind: SurfaceKind
        let textID: [UInt8]
    }

    private struct Batch {
        enum Slot {
            case known(Int)
            case new(Place)
        }

        let start: Int
        /// New rows in the order found; searched ones get the lower numbers.
        var rows: [(place: Place, text: String)] = []
        var places: Set<Place> = []
        var versions: [FactVersion: [Slot]] = [:]
        var order: [FactVersion] = []
    }

    private func collect(_ fact: IndexedFact, into batch: inout Batch) throws {
        guard batch.versions[fact.version] == nil else { return }
        var slots: [Batch.Slot] = []
        for form in fact.fact?.surfaceForms ?? [] {
            let place = Place(
                fact: fact.version.fact, kind: form.kind, textID: textID(form.text))
            if let row = try database.row(
                textID: place.textID, fact: place.fact, kind: place.kind)
            {
                slots.append(.known(row))
                continue
            }
            slots.append(.new(place))
            if batch.places.insert(place).inserted { batch.rows.append((place, form.text)) }
        }
        batch.versions[fact.version] = slots
        batch.order.append(fact.version)
    }

    /// The first bytes of HMAC(text): equal texts are encoded once, and no text can be guessed from it.
    private func textID(_ text: String) -> [UInt8] {
        Array(
            Digest.hmac(Array(text.utf8), key: key).bytes.prefix(IndexDatabase.textIDByteCount))
    }

    // MARK: Writing

    private func write(_ batch: Batch) throws {
        // Searched rows lie together, so that a scan of them runs over few gaps.
        let rows =
            batch.rows.filter { $0.place.kind.isSearched }
            + batch.rows.filter { !$0.place.kind.isSearched }
        guard batch.start + rows.count <= RowTable.countMax else {
            throw RetrievalError(
                .tooManyRows, "the index would have more than \(RowTable.countMax) rows")
        }
        var numbers: [Place: Int] = [:]
        for (i, row) in rows.enumerated() { numbers[row.place] = batch.start + i }
        let terms = try database.terms(of: rows.map(\.text))
        let vectorCount = try appendVectors(rows, start: batch.start)
        try database.add(
            zip(rows, terms).map { row, terms in
                IndexDatabase.NewRow(
                    fact: row.place.fact, kind: row.place.kind, textID: row.place.textID,
                    text: row.text, tokenCount: terms.count)
            },
            start: batch.start, versions: resolve(batch, numbers), vectorCount: vectorCount)
        if let vectorCount { vectors?.publish(count: vectorCount.count) }
        publish(rows.map(\.place), terms, start: batch.start)
    }

    private func resolve(
        _ batch: Batch, _ numbers: [Place: Int]
    ) -> [(FactVersion, [UInt32])] {
        batch.order.map { version in
            let rows = (batch.versions[version] ?? []).map { slot in
                switch slot {
                case .known(let row): UInt32(row)
                case .new(let place): UInt32(numbers[place, default: 0])
                }
            }
            return (version, rows)
        }
    }

    private func publish(_ places: [Place], _ terms: [[Term]], start: Int) {
        var added: [Term: Posting] = [:]
        for (i, place) in places.enumerated() where place.kind.isSearched {
            for term in terms[i] { added[term, default: Posting()].add(UInt32(start + i)) }
        }
        postings.publish(added, start: start, end: start + places.count)
        state.append(
            zip(places, terms).map { (fact: $0.fact, kind: $0.kind, tokenCount: $1.count) })
    }

    // MARK: Vectors

    /// Writes the vectors of new rows; nil, with nothing written, if older rows still wait for theirs.
    private func appendVectors(
        _ rows: [(place: Place, text: String)], start: Int
    ) throws -> (encoder: [UInt8], count: Int)? {
        guard let vectors, vectors.count == start else { return nil }
        try vectors.append(try encode(rows.map { ($0.place.textID, $0.text) }))
        return (vectors.identity, start + rows.count)
    }

    /// Returns the vector of each text, from a row that has the same text where there is one.
    private func encode(_ texts: [(id: [UInt8], text: String?)]) throws -> [[Float]?] {
        guard let encoder, let vectors else { return texts.map { _ in nil } }
        let view = vectors.view
        var known: [[UInt8]: [Float]?] = [:]
        var missing: [(id: [UInt8], text: String)] = []
        for (id, text) in texts where known[id] == nil {
            if let row = try database.row(textID: id, below: view.count),
                let vector = view.vector(row)
            {
                known[id] = vector
            } else {
                known[id] = .some(nil)
                if let text { missing.append((id, text)) }
            }
        }
        let encoded = try encoder.checkedVectors(of: missing.map(\.text))
        for (text, vector) in zip(missing, encoded) { known[text.id] = .some(vector) }
        return texts.map { known[$0.id] ?? nil }
    }

    /// Encodes up to `countMax` rows that have no vector; false when none was left.
    ///
    /// A row whose text `fact` no longer has is marked as having no vector.
    func fill(countMax: Int, fact: (FactVersion) throws -> Fact?) throws -> Bool {
        guard let vectors else { return false }
        let table = state.table
        let range = vectors.count..<min(table.count, vectors.count + countMax)
        guard !range.isEmpty else { return false }
        let facts = Set(range.map { table.factID(table.fact(of: $0)) })
        var texts: [Int: (id: [UInt8], text: String?)] = [:]
        let versions = try database.versions(of: range, facts: Array(facts))
        for version in Set(versions.values) {
            for form in try fact(version)?.surfaceForms ?? [] {
                let id = textID(form.text)
                guard
                    let row = try database.row(textID: id, fact: version.fact, kind: form.kind)
                else { continue }
                if range.contains(row) { texts[row] = (id, form.text) }
            }
        }
        try vectors.append(try encode(range.map { texts[$0] ?? ([], nil) }))
        try database.setVectorCount(range.upperBound, encoder: vectors.identity)
        vectors.publish(count: range.upperBound)
        return true
    }
}

extension SentenceEncoding {
    /// Returns unit vectors, nil where the encoder gave zero or something that is not a number.
    func checkedVectors(of texts: [String]) throws -> [[Float]?] {
        guard !texts.isEmpty else { return [] }
        let vectors = try encode(texts)
        guard vectors.count == texts.count, vectors.allSatisfy({ $0.count == width }) else {
            throw RetrievalError(
                .invalidVector,
                "the encoder \(name) gave \(vectors.count) vectors for \(texts.count) texts, "
                    + "or not \(width) numbers each")
        }
        return vectors.map(UnitVector.normalized)
    }
}
