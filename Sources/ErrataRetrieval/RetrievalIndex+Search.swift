package import ErrataCore

extension RetrievalIndex {
    /// The most facts that one search returns.
    package static let searchLimitMax = SearchHit.depth

    /// Returns the facts of `version` nearest to `query`, best first.
    ///
    /// Throws `versionNotPrepared` if the version's set is not in memory.
    package func search(
        _ query: SearchQuery, at version: CommitID, limit: Int
    ) throws -> [SearchHit] {
        guard let set = visibility(of: version) else {
            throw RetrievalError(
                .versionNotPrepared, "the index of commit \(version.short) is not in memory",
                hint: "Prepare the version, then search again.")
        }
        return try search(query, in: set, limit: limit)
    }

    /// Returns the facts of `set` nearest to `query`, best first, ties by FactID.
    ///
    /// The result depends on the facts of the version, the query and the encoder alone. Throws
    /// `vectorsNotReady` if the query has a vector and a visible row still waits for its own, and
    /// `invalidQuery` or `invalidVector` for a query that breaks a limit.
    package func search(
        _ query: SearchQuery, in set: VisibilitySet, limit: Int
    ) throws -> [SearchHit] {
        try check(query, limit: limit)
        let table = state.table
        guard set.rowLimit <= table.count else {
            throw RetrievalError(.invalidQuery, "the visibility set belongs to another index")
        }
        let searched = query.kinds.map { set.keeping($0, table: table) } ?? set
        let visible = searched.words
        let dense = try denseSearch(query, rowLimit: set.rowLimit)
        var lexical = LexicalSearch(set: searched, visible: visible, table: table)
        for term in try queryTerms(query.text) {
            lexical.add(try postings.posting(of: term, load: database.posting))
        }
        var denseTop = TopFacts(limit: SearchHit.depth, table: table)
        var lexicalTop = TopFacts(limit: SearchHit.depth, table: table)
        dense?.run(visible: visible, top: &denseTop)
        lexical.run(top: &lexicalTop)
        let fusion = Fusion(
            dense: denseTop.ranked.map(\.fact), lexical: lexicalTop.ranked.map(\.fact))
        let best = fusion.best(limit, table: table)
        // The heads may be newer than `table`; what they lead to and the set does not hold is passed over.
        let (newest, heads) = state.heads(of: best.map(\.fact))
        return zip(best, heads).map { fused, head in
            hit(fused, head: head, table: newest, set: set, dense: dense, lexical: lexical)
        }
    }

    private func check(_ query: SearchQuery, limit: Int) throws {
        guard (1...RetrievalIndex.searchLimitMax).contains(limit) else {
            throw RetrievalError(
                .invalidQuery,
                "the limit is \(limit), it must be 1 to \(RetrievalIndex.searchLimitMax)")
        }
        let byteCount = query.text.utf8.count
        guard byteCount <= SearchQuery.textByteCountMax else {
            throw RetrievalError(
                .invalidQuery,
                "the query has \(byteCount) bytes, at most \(SearchQuery.textByteCountMax) are allowed"
            )
        }
    }

    private func denseSearch(_ query: SearchQuery, rowLimit: Int) throws -> DenseSearch? {
        guard let vector = query.vector else { return nil }
        guard let vectors else {
            throw RetrievalError(
                .invalidVector, "the query has a vector, but the index has no encoder")
        }
        guard vector.count == vectors.width else {
            throw RetrievalError(
                .invalidVector,
                "the query's vector has \(vector.count) numbers, the index has \(vectors.width)")
        }
        guard let unit = UnitVector.normalized(vector) else {
            throw RetrievalError(.invalidVector, "the query's vector is zero or not finite")
        }
        let view = vectors.view
        guard rowLimit <= view.count else {
            throw RetrievalError(
                .vectorsNotReady, "\(rowLimit - view.count) rows still wait for their vectors",
                hint: "Wait until the index has caught up, or search by words alone.")
        }
        return DenseSearch(view: view, query: unit)
    }

    /// Returns the first distinct terms of `text`, in the order of their bytes.
    private func queryTerms(_ text: String) throws -> [Term] {
        var distinct: Set<Term> = []
        for term in try database.terms(of: [text.composed]).joined() {
            guard distinct.count < SearchQuery.termCountMax else { break }
            distinct.insert(term)
        }
        return distinct.sorted()
    }

    /// Scores every visible row of one fact.
    private func hit(
        _ fused: Fusion.Entry, head: UInt32, table: RowTable, set: VisibilitySet,
        dense: DenseSearch?, lexical: LexicalSearch
    ) -> SearchHit {
        var cosines: [SurfaceKind: Float] = [:]
        var bestLexical: (score: Double, kind: SurfaceKind)?
        var row = head
        while row != RowTable.none {
            let number = Int(row)
            if set.contains(number) {
                let kind = table.kind(of: number)
                if let cosine = dense?.score(number) {
                    cosines[kind] = max(cosines[kind] ?? -.infinity, cosine)
                }
                let score = lexical.score(number)
                if score > 0, bestLexical.map({ ($0.score, kind) < (score, $0.kind) }) ?? true {
                    bestLexical = (score, kind)
                }
            }
            row = table.previous(of: number)
        }
        let bestDense = cosines.min { ($1.value, $0.key) < ($0.value, $1.key) }
        return SearchHit(
            fact: table.factID(fused.fact), score: fused.score,
            dense: bestDense.map {
                SearchHit.Match(rank: fused.denseRank, score: Double($0.value), kind: $0.key)
            },
            lexical: bestLexical.map {
                SearchHit.Match(rank: fused.lexicalRank, score: $0.score, kind: $0.kind)
            },
            cosines: cosines)
    }
}

/// Reciprocal rank fusion of two rankings.
private struct Fusion {
    struct Entry {
        let fact: UInt32
        var score = 0.0
        var denseRank: Int?
        var lexicalRank: Int?
    }

    private var entries: [UInt32: Entry] = [:]

    init(dense: [UInt32], lexical: [UInt32]) {
        for (i, fact) in dense.enumerated() {
            var entry = Entry(fact: fact)
            entry.denseRank = i + 1
            entries[fact] = entry
        }
        for (i, fact) in lexical.enumerated() {
            entries[fact, default: Entry(fact: fact)].lexicalRank = i + 1
        }
        for (fact, entry) in entries {
            let ranks = [entry.denseRank, entry.lexicalRank].compactMap(\.self)
            entries[fact]?.score = ranks.reduce(0) {
                $0 + 1 / (SearchHit.fusionConstant + Double($1))
            }
        }
    }

    func best(_ limit: Int, table: RowTable) -> ArraySlice<Entry> {
        entries.values.sorted {
            $0.score != $1.score
                ? $0.score > $1.score : table.factID($0.fact) < table.factID($1.fact)
        }.prefix(limit)
    }
}
