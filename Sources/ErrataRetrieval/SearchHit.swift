package import ErrataCore

/// What to look for.
package struct SearchQuery: Sendable {
    /// The words; at most ``textByteCountMax`` bytes, of which the first ``termCountMax`` distinct words
    /// count.
    package let text: String
    /// The encoder's vector of the question; nil searches by words alone.
    package let vector: [Float]?
    /// The kinds of rows by which facts are found; nil is every kind that is searched.
    ///
    /// Of a fact that is found, hits tell all rows all the same.
    package let kinds: Set<SurfaceKind>?

    package static let textByteCountMax = 1 << 20
    package static let termCountMax = 256

    package init(text: String, vector: [Float]? = nil, kinds: Set<SurfaceKind>? = nil) {
        self.text = text
        self.vector = vector
        self.kinds = kinds
    }
}

/// One fact that a search found.
package struct SearchHit: Hashable, Sendable {
    /// How one of the two rankings sees the fact.
    package struct Match: Hashable, Sendable {
        /// 1 for the best; nil past ``SearchHit/depth``, where a ranking no longer counts.
        package let rank: Int?
        /// The cosine, or BM25, of the fact's best row.
        package let score: Double
        /// What the best row is.
        package let kind: SurfaceKind
    }

    /// How many facts of each ranking take part in the fusion.
    ///
    /// Fixed, so that a search with a smaller limit finds the beginning of the same list.
    package static let depth = 100
    /// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009).
    static let fusionConstant = 60.0

    package let fact: FactID
    /// The sum of 1 / (60 + rank) over both rankings.
    package let score: Double
    /// Nil in a search by words alone, and for a fact without vectors.
    package let dense: Match?
    /// Nil for a fact that shares no word with the query.
    package let lexical: Match?
    /// The best cosine of each kind of row that the fact has at this version.
    package let cosines: [SurfaceKind: Float]

    /// The kind of the row that speaks most for this fact.
    package var kind: SurfaceKind {
        switch (dense, lexical) {
        case (let dense?, let lexical?):
            (lexical.rank ?? .max) < (dense.rank ?? .max) ? lexical.kind : dense.kind
        case (let dense?, nil): dense.kind
        case (nil, let lexical?): lexical.kind
        case (nil, nil): .statement
        }
    }
}
