import ErrataCore
import ErrataRetrieval
import ErrataTesting
import Testing

/// The dense half of a search against scoring every visible row.
@Suite struct DenseSearchTests {
    enum Shape: String, CaseIterable, Sendable {
        case random, clustered, nearEqual, duplicates, sparse
    }

    static let width = 96

    /// Vectors that make a search hard in one way each.
    static func vectors(_ shape: Shape, _ count: Int, _ random: inout SplitMix64) -> [[Float]] {
        let centres = (0..<8).map { _ in (0..<width).map { _ in random.number() } }
        return (0..<count).map { i in
            let centre = centres[i % centres.count]
            let vector: [Float]
            switch shape {
            case .random: vector = (0..<width).map { _ in random.number() }
            case .clustered: vector = centre.map { $0 + 0.05 * random.number() }
            case .nearEqual: vector = centres[0].map { $0 + 1e-6 * random.number() }
            case .duplicates: vector = centres[random.below(3)]
            case .sparse:
                var one = [Float](repeating: 0, count: width)
                one[random.below(width)] = 1
                one[random.below(width)] += random.number()
                vector = one
            }
            return unit(vector)
        }
    }

    static func unit(_ vector: [Float]) -> [Float] {
        let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return norm > 0 ? vector.map { Float(Double($0) / norm) } : unit([1] + vector.dropFirst())
    }

    @Test(
        "the best facts are those of scoring every visible row, bit for bit",
        arguments: Shape.allCases, UInt64(0)..<2)
    func isExact(shape: Shape, seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let directory = try TemporaryDirectory()
        let facts = try (0..<500).map { i in
            try FactDraft(
                key: "fact\(i)", statement: "statement \(i)", prompt: "prompt \(i)"
            ).checked()
        }
        let texts = facts.flatMap { [$0.statement, $0.prompt ?? ""] }
        let vectors = Self.vectors(shape, texts.count, &random)
        let encoder = TableEncoder(
            width: Self.width, vectors: Dictionary(uniqueKeysWithValues: zip(texts, vectors)))
        let index = try RetrievalIndex.open(
            directory: directory.path, secretKey: secret, encoder: encoder)
        try await index.index(facts.map { IndexedFact($0) })

        for (number, share) in [100, 50, 3].enumerated() {
            let visible = facts.filter { _ in random.below(100) < share }
            try index.prepare(commit(number)) { _ in
                visible.map { Edit(fact: $0.id, old: nil, new: $0.leaf) }
            }
            for query in [vectors[random.below(vectors.count)], Self.vectors(shape, 1, &random)[0]]
            {
                let hits = try index.search(
                    SearchQuery(text: "", vector: query), at: commit(number), limit: 100)
                let expected = visible.map { fact in
                    (
                        id: fact.id,
                        score: [fact.statement, fact.prompt ?? ""].map {
                            score(encoder.vectors[$0] ?? [], query)
                        }.max() ?? 0
                    )
                }.sorted { ($1.score, $0.id) < ($0.score, $1.id) }.prefix(100)
                #expect(hits.map(\.fact) == expected.map(\.id))
                #expect(hits.map { $0.dense?.score } == expected.map { Double($0.score) })
                #expect(hits.map { $0.dense?.rank } == expected.indices.map { $0 + 1 })
            }
        }
    }

    /// The exact score: 64 lanes of fused multiply-adds, then lanes l and l + 32, l and l + 16, ...
    func score(_ row: [Float], _ query: [Float]) -> Float {
        var lanes = [Float](repeating: 0, count: 64)
        for i in row.indices { lanes[i % 64].addProduct(row[i], query[i]) }
        var half = 32
        while half > 0 {
            for l in 0..<half { lanes[l] += lanes[l + half] }
            half /= 2
        }
        return lanes[0]
    }

    @Test("the length of a row counts where the encoder's vectors are made for dot products")
    func dotProducts() async throws {
        let facts = try ["near", "long"].map { try FactDraft(key: $0, statement: $0).checked() }
        for (isNormalized, expected) in [
            (true, ["near": 0.96, "long": 0.6]), (false, ["near": 0.96, "long": 6]),
        ] as [(Bool, [String: Float])] {
            let directory = try TemporaryDirectory()
            let encoder = TableEncoder(
                width: 2, vectors: ["near": [0.96, 0.28], "long": [6, 8]],
                isNormalized: isNormalized)
            let index = try RetrievalIndex.open(
                directory: directory.path, secretKey: secret, encoder: encoder)
            try await index.index(facts.map { IndexedFact($0) })
            try index.prepare(commit(1)) { _ in
                facts.map { Edit(fact: $0.id, old: nil, new: $0.leaf) }
            }
            let hits = try index.search(
                SearchQuery(text: "", vector: [3, 0]), at: commit(1), limit: 10)
            #expect(
                hits.map(\.fact)
                    == facts.sorted { a, b in
                        (expected[a.key] ?? 0) > (expected[b.key] ?? 0)
                    }.map(\.id))
            for (hit, fact) in zip(
                hits,
                facts.sorted { a, b in
                    (expected[a.key] ?? 0) > (expected[b.key] ?? 0)
                })
            {
                let score = try #require(hit.cosines[.statement])
                #expect(abs(score - (expected[fact.key] ?? 0)) < 1e-5)
            }
        }
    }

    @Test("queries and rows that are not numbers are refused or left out")
    func refusesNonNumbers() async throws {
        let directory = try TemporaryDirectory()
        let bad = try FactDraft(key: "bad", statement: "bad").checked()
        let zero = try FactDraft(key: "zero", statement: "zero").checked()
        let good = try FactDraft(key: "good", statement: "good").checked()
        let encoder = TableEncoder(
            width: 3, vectors: ["bad": [.nan, 0, 1], "zero": [0, 0, 0], "good": [0, -2, 0]])
        let index = try RetrievalIndex.open(
            directory: directory.path, secretKey: secret, encoder: encoder)
        let facts = [bad, zero, good]
        try await index.index(facts.map { IndexedFact($0) })
        try index.prepare(commit(1)) { _ in
            facts.map { Edit(fact: $0.id, old: nil, new: $0.leaf) }
        }
        let hits = try index.search(
            SearchQuery(text: "", vector: [0, 1, 0]), at: commit(1), limit: 10)
        #expect(hits.map(\.fact) == [good.id])
        #expect(hits.first?.cosines == [.statement: -1])
        for vector in [[.nan, 0, 0], [0, 0, 0], [.infinity, 0, 0], [1, 0], []] as [[Float]] {
            #expect(throws: RetrievalError.self) {
                try index.search(
                    SearchQuery(text: "", vector: vector), at: commit(1), limit: 10)
            }
        }
    }
}
