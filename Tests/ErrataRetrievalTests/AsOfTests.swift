import ErrataCore
import ErrataRetrieval
import ErrataTesting
import Foundation
import Testing

/// The past does not change.
@Suite struct AsOfTests {
    static let questions = [
        "Who is the director of Arden Lovat?", "capital of Élan", "Kestrel",
        "What is the mother tongue of Hollis Farrow?", "the the the", "nothing of this",
    ]

    let directory: TemporaryDirectory
    let encoder = WordHashEncoder()

    init() throws { directory = try TemporaryDirectory() }

    func open() throws -> RetrievalIndex {
        try RetrievalIndex.open(directory: directory.path, secretKey: secret, encoder: encoder)
    }

    func answers(_ index: RetrievalIndex, at version: Int) throws -> [[SearchHit]] {
        try Self.questions.map { question in
            try index.search(
                SearchQuery(text: question, vector: encoder.vector(question)),
                at: commit(version), limit: 100)
        }
    }

    @Test("later commits and deleting every file change no hit of an old version")
    func pastStays() async throws {
        var maker = FactMaker(seed: 11)
        var model = KnowledgeModel()
        for _ in 0..<5 { model.commit(put: try maker.facts(40)) }
        var index = try open()
        for version in 1...5 { try await model.update(index, to: version, from: version - 1) }
        let before = try (1...5).map { try answers(index, at: $0) }
        #expect(before[4].allSatisfy { !$0.isEmpty })

        for _ in 0..<200 {
            let keys = model.head.keys.sorted()
            model.commit(
                put: try maker.facts(2), remove: [keys[maker.random.below(keys.count)]])
            let head = model.headNumber
            try await model.update(index, to: head, from: head - 1)
        }
        #expect(try (1...5).map { try answers(index, at: $0) } == before)
        let last = try answers(index, at: 205)
        #expect(last != before[4])

        // Made anew in another order: the newest version first, so every row has another number.
        try index.close()
        try RetrievalIndex.delete(directory: directory.path)
        #expect(directory.names.isEmpty)
        index = try open()
        for version in [205, 3, 1, 5, 2, 4] { try await model.update(index, to: version) }
        #expect(try (1...5).map { try answers(index, at: $0) } == before)
        #expect(try answers(index, at: 205) == last)

        // Read again from its files.
        try index.close()
        let count = encoder.encodedCount
        index = try open()
        for version in 1...5 { try await model.update(index, to: version) }
        #expect(try (1...5).map { try answers(index, at: $0) } == before)
        #expect(encoder.encodedCount == count)
        #expect(index.status().notices.isEmpty)
    }

    @Test("equal facts rank by FactID, whatever the order they came in")
    func tiesAreByFactID() async throws {
        let facts = try (0..<150).map {
            try FactDraft(key: "same\($0)", statement: "The sky is green").checked()
        }
        var model = KnowledgeModel()
        model.commit(put: facts)
        let index = try open()
        try await index.index(facts.reversed().map { IndexedFact($0) })
        try await model.update(index, to: 1)
        let hits = try index.search(
            SearchQuery(text: "green sky", vector: encoder.vector("green sky")), at: commit(1),
            limit: 100)
        #expect(hits.map(\.fact) == Array(facts.map(\.id).sorted().prefix(100)))
    }

    @Test("searches run beside indexing and see only their version")
    func searchesWhileIndexing() async throws {
        var maker = FactMaker(seed: 3)
        var model = KnowledgeModel()
        model.commit(put: try maker.facts(100))
        let index = try open()
        try await model.update(index, to: 1)
        let before = try answers(index, at: 1)
        let more = try (0..<20).map { _ in try maker.facts(100).map { IndexedFact($0) } }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for batch in more.prefix(10) {
                group.addTask {
                    try await index.index(batch)
                    return 0
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    var wrong = 0
                    for _ in 0..<25 where try answers(index, at: 1) != before { wrong += 1 }
                    return wrong
                }
            }
            for batch in more.suffix(10) {
                group.addTask {
                    try await index.index(batch)
                    return 0
                }
            }
            for try await wrong in group { #expect(wrong == 0) }
        }
        let versions = more.joined().map(\.version)
        #expect(try index.unindexed(versions).isEmpty)
        #expect(index.status().vectorCount == index.status().rowCount)
    }

    @Test("indexing stops when its task is cancelled and goes on later")
    func stopsWhenCancelled() async throws {
        var maker = FactMaker(seed: 4)
        let facts = try maker.facts(300).map { IndexedFact($0) }
        let index = try open()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await index.index(facts)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(index.status().rowCount == 0)
        try await index.index(facts)
        #expect(try index.unindexed(facts.map(\.version)).isEmpty)
    }
}
