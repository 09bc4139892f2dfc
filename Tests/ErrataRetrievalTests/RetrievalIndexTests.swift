import ErrataCore
import ErrataRetrieval
import ErrataTesting
import Foundation
import Testing

@Suite struct RetrievalIndexTests {
    let directory: TemporaryDirectory
    let encoder = WordHashEncoder()

    init() throws { directory = try TemporaryDirectory() }

    func open(_ encoder: (any SentenceEncoding)?) throws -> RetrievalIndex {
        try RetrievalIndex.open(directory: directory.path, secretKey: secret, encoder: encoder)
    }

    func query(_ text: String) -> SearchQuery {
        SearchQuery(text: text, vector: encoder.vector(text))
    }

    @Test("a fact is found at the versions that hold it and at no other")
    func findsFactsWhereTheyAre() async throws {
        let index = try open(encoder)
        let old = try FactDraft(
            subject: "Twitter", relation: "chief executive officer", object: "Jack Dorsey"
        ).checked()
        let new = try FactDraft(
            subject: "Twitter", relation: "chief executive officer", object: "Linda Yaccarino",
            questions: ["Who runs Twitter?"], aliases: ["X Corp"]
        ).checked()
        var model = KnowledgeModel()
        model.commit(put: [old])
        model.commit(put: [new])
        model.commit(remove: [new.id])
        for version in 1...3 { try await model.update(index, to: version, from: version - 1) }

        let question = query("Who runs Twitter?")
        let first = try index.search(question, at: commit(1), limit: 5)
        #expect(first.map(\.fact) == [old.id])
        #expect(first[0].cosines.keys.sorted() == [.statement, .prompt])
        let second = try index.search(question, at: commit(2), limit: 5)
        #expect(second.map(\.fact) == [new.id])
        #expect(second[0].kind == .question)
        #expect(second[0].dense?.rank == 1)
        #expect(second[0].lexical?.rank == 1)
        #expect(second[0].cosines.keys.sorted() == [.statement, .prompt, .question, .alias])
        #expect(abs((second[0].cosines[.question] ?? 0) - 1) < 1e-5)
        #expect(try index.search(question, at: commit(3), limit: 5).isEmpty)
        #expect(throws: RetrievalError.self) {
            try index.search(question, at: commit(4), limit: 5)
        }
    }

    @Test("a search by some kinds of rows finds what an index of those rows alone would")
    func kinds() async throws {
        let index = try open(encoder)
        var maker = FactMaker(seed: 3)
        var model = KnowledgeModel()
        model.commit(put: try maker.facts(60))
        try await model.update(index, to: 1, from: 0)
        // The same facts, of which nothing but statements can be searched.
        let bare = try TemporaryDirectory()
        let statements = try RetrievalIndex.open(
            directory: bare.path, secretKey: secret, encoder: encoder)
        var other = KnowledgeModel()
        other.commit(
            put: try model.head.values.map {
                try FactDraft(key: $0.key, statement: $0.statement).checked()
            })
        try await other.update(statements, to: 1, from: 0)
        for fact in model.head.values.prefix(20) {
            let text = fact.statement
            func found(_ kinds: Set<SurfaceKind>?) throws -> [SearchHit] {
                try index.search(
                    SearchQuery(text: text, vector: encoder.vector(text), kinds: kinds),
                    at: commit(1), limit: 10)
            }
            let own = try found([.statement])
            let expected = try statements.search(query(text), at: commit(1), limit: 10)
            #expect(own.map(\.fact) == expected.map(\.fact))
            #expect(own.map(\.score) == expected.map(\.score))
            #expect(own[0].cosines[.prompt] != nil, "what is told of a hit stays whole")
            #expect(try found(Set(SurfaceKind.searched)) == found(nil))
            #expect(try found([]).isEmpty)
        }
        try statements.close()
    }

    @Test("a revise that changes only the object adds only the rows that say the object")
    func sharesRows() async throws {
        let index = try open(encoder)
        let old = try FactDraft(subject: "A", relation: "capital", object: "B").checked()
        let new = try FactDraft(subject: "A", relation: "capital", object: "C").checked()
        let added = Set(new.surfaceForms).subtracting(old.surfaceForms)
        #expect(added.contains(SurfaceForm(.statement, "The capital of A is C")))
        #expect(!added.contains { $0.kind == .prompt || $0.kind == .question })
        try await index.index([IndexedFact(old)])
        let count = index.status().rowCount
        #expect(count == old.surfaceForms.count)
        let encodedCount = encoder.encodedCount
        try await index.index([IndexedFact(new), IndexedFact(old)])
        #expect(index.status().rowCount == count + added.count)
        #expect(index.status().vectorCount == count + added.count)
        #expect(encoder.encodedCount <= encodedCount + added.count)
        #expect(try index.unindexed([old.version, new.version]).isEmpty)
        for kind in SurfaceKind.allCases {
            let texts = new.surfaceForms.filter { $0.kind == kind }.map(\.text)
            #expect(
                try index.vectors(of: new.version, kind: kind) == texts.map(encoder.vector),
                "\(kind)")
        }
        #expect(
            try index.vectors(of: new.version, kind: .prompt)
                == index.vectors(of: old.version, kind: .prompt))
    }

    @Test("a text that another fact has too is encoded once")
    func copiesVectors() async throws {
        let index = try open(encoder)
        let one = try FactDraft(key: "one", statement: "The sky is green").checked()
        let two = try FactDraft(key: "two", statement: "The sky is green").checked()
        try await index.index([IndexedFact(one)])
        try await index.index([IndexedFact(two)])
        #expect(encoder.encodedCount == Set(one.surfaceForms.map(\.text)).count)
        #expect(index.status().rowCount == 2 * one.surfaceForms.count)
        #expect(
            try index.vectors(of: one.version, kind: .statement)
                == index.vectors(of: two.version, kind: .statement))
    }

    @Test("a version needs its facts indexed before it is prepared")
    func refusesMissingFacts() throws {
        let index = try open(encoder)
        let fact = try FactDraft(statement: "The sky is green").checked()
        #expect(throws: RetrievalError.self) {
            try index.prepare(commit(1)) { _ in
                [Edit(fact: fact.id, old: nil, new: fact.leaf)]
            }
        }
        #expect(index.visibility(of: commit(1)) == nil)
    }

    @Test("a search with a smaller limit finds the beginning of the same list")
    func limitsArePrefixes() async throws {
        let index = try open(encoder)
        var maker = FactMaker(seed: 5)
        var model = KnowledgeModel()
        model.commit(put: try maker.facts(300))
        try await model.update(index, to: 1)
        let all = try index.search(query("the capital of Arden Lovat"), at: commit(1), limit: 100)
        #expect(all.count == 100)
        for limit in [1, 3, 50] {
            let some = try index.search(
                query("the capital of Arden Lovat"), at: commit(1), limit: limit)
            #expect(some == Array(all.prefix(limit)))
        }
    }

    @Test("errors say what was expected and what came")
    func errorSentences() throws {
        let index = try open(encoder)
        try index.prepare(commit(1)) { _ in [] }
        func error(_ body: () throws -> [SearchHit]) -> RetrievalError? {
            #expect(throws: RetrievalError.self) { try body() }
        }
        let limit = error { try index.search(query("a"), at: commit(1), limit: 101) }
        #expect(limit?.code == .invalidQuery)
        #expect(limit?.message == "the limit is 101, it must be 1 to 100")
        let width = error {
            try index.search(SearchQuery(text: "a", vector: [1, 2]), at: commit(1), limit: 1)
        }
        #expect(width?.code == .invalidVector)
        #expect(width?.message == "the query's vector has 2 numbers, the index has 32")
        let version = error { try index.search(query("a"), at: commit(2), limit: 1) }
        #expect(version?.code == .versionNotPrepared)
        #expect(
            version?.message == "the index of commit \(commit(2).short) is not in memory")
        #expect(version?.hint == "Prepare the version, then search again.")
    }
}
