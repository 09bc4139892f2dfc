import ErrataCore
import ErrataRetrieval
import ErrataTesting
import Foundation
import Testing

/// The words half of a search against BM25 written out over the visible texts.
@Suite struct LexicalSearchTests {
    let directory: TemporaryDirectory
    let index: RetrievalIndex

    init() throws {
        directory = try TemporaryDirectory()
        index = try RetrievalIndex.open(
            directory: directory.path, secretKey: secret, encoder: nil)
    }

    /// BM25 of every visible row, read off the formula; the best row of each fact.
    static func reference(_ facts: [Fact], _ query: String) -> [(id: FactID, score: Double)] {
        func words(_ text: String) -> [String] {
            text.folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
                .lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        }
        let rows = facts.flatMap { fact in
            fact.surfaceForms.filter(\.kind.isSearched).map { (fact.id, words($0.text)) }
        }
        let average = Double(rows.reduce(0) { $0 + $1.1.count }) / Double(rows.count)
        var best: [FactID: Double] = [:]
        for (id, row) in rows {
            var score = 0.0
            for term in Set(words(query)) {
                let holding = Double(rows.filter { $0.1.contains(term) }.count)
                let frequency = Double(row.filter { $0 == term }.count)
                let idf = log(1 + (Double(rows.count) - holding + 0.5) / (holding + 0.5))
                let norm = 1.2 * (1 - 0.75 + 0.75 * Double(row.count) / average)
                score += idf * frequency * 2.2 / (frequency + norm)
            }
            if score > 0 { best[id] = max(best[id] ?? 0, score) }
        }
        return best.map { ($0.key, $0.value) }.sorted { $0.score > $1.score }
    }

    @Test("scores are BM25 over the rows visible at the version", arguments: UInt64(0)..<2)
    func scoresAreBM25(seed: UInt64) async throws {
        var maker = FactMaker(seed: seed)
        var model = KnowledgeModel()
        model.commit(put: try maker.facts(80))
        model.commit(put: try maker.facts(60), remove: Array(model.head.keys.sorted().prefix(30)))
        for version in 1...2 { try await model.update(index, to: version, from: version - 1) }
        for version in [1, 2, 1] {
            for query in ["Who is the director of Élan Lovat?", "capital", "the the of KESTREL"] {
                let facts = Array(model.versions[version].values)
                let expected = Self.reference(facts, query)
                let hits = try index.search(
                    SearchQuery(text: query), at: commit(version), limit: 100)
                let scores = Dictionary(uniqueKeysWithValues: expected)
                #expect(hits.count == min(100, expected.count))
                for (hit, place) in zip(hits, expected) {
                    let score = try #require(hit.lexical?.score)
                    #expect(abs(score - place.score) < 1e-9)
                    #expect(abs(score - (scores[hit.fact] ?? 0)) < 1e-9)
                    #expect(hit.dense == nil)
                    #expect(hit.cosines.isEmpty)
                }
            }
        }
    }

    @Test("case, diacritics and composition make no difference")
    func foldsText() async throws {
        let fact = try FactDraft(statement: "Señor Müller lebt in Ħal Qormi").checked()
        try await index.index([IndexedFact(fact)])
        try index.prepare(commit(1)) { _ in
            [Edit(fact: fact.id, old: nil, new: fact.leaf)]
        }
        for query in ["SENOR", "mu\u{308}ller", "MULLER", "müller", "qormi"] {
            #expect(
                try index.search(SearchQuery(text: query), at: commit(1), limit: 1).count == 1,
                "\(query)")
        }
    }

    @Test(
        "any query text gives an answer",
        arguments: [
            "", " ", "\"", "'", "* OR AND NOT NEAR(", "text:capital", "^capital", "{a b}:c", "--",
            "capital\" OR 1=1; DROP TABLE rows; --", "👩‍👩‍👧‍👦🏳️‍🌈", "\u{0}capital\u{0}", "(((((", ")", "+-",
            "\u{202e}capital", "...!?", "ﷺ", String(repeating: "a", count: 100_000),
            String(repeating: "capital of ", count: 10_000),
            (0..<10_000).map { "w\($0)" }.joined(separator: " "),
        ])
    func takesAnyText(query: String) async throws {
        var maker = FactMaker(seed: 1)
        var model = KnowledgeModel()
        model.commit(put: try maker.facts(30))
        try await model.update(index, to: 1)
        let hits = try index.search(SearchQuery(text: query), at: commit(1), limit: 10)
        #expect(hits.allSatisfy { $0.score.isFinite && $0.lexical != nil })
        #expect(query.contains("capital") == !hits.isEmpty || query.contains("of"))
    }

    @Test("a limit or a query outside its bounds is refused")
    func refusesBounds() throws {
        try index.prepare(commit(1)) { _ in [] }
        for limit in [0, -1, 101, .max] {
            #expect(throws: RetrievalError.self) {
                try index.search(SearchQuery(text: "a"), at: commit(1), limit: limit)
            }
        }
        let long = String(repeating: "a ", count: SearchQuery.textByteCountMax)
        #expect(throws: RetrievalError.self) {
            try index.search(SearchQuery(text: long), at: commit(1), limit: 1)
        }
        #expect(throws: RetrievalError.self) {
            try index.search(SearchQuery(text: "a", vector: [1]), at: commit(1), limit: 1)
        }
        #expect(try index.search(SearchQuery(text: "a"), at: commit(1), limit: 1).isEmpty)
    }
}
