import ErrataCore
import ErrataRetrieval
import ErrataTesting
import Testing

@Suite struct VisibilitySetTests {
    @Test("a set folded from any other equals the full enumeration", arguments: UInt64(0)..<5)
    func foldsEqualEnumeration(seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        let index = try RetrievalIndex.open(
            directory: directory.path, secretKey: secret, encoder: nil)
        var maker = FactMaker(seed: seed)
        var model = KnowledgeModel()
        for _ in 0..<40 {
            let keep = model.head.keys.sorted()
            let removed = keep.filter { _ in maker.random.below(10) == 0 }
            model.commit(put: try maker.facts(maker.random.below(12)), remove: removed)
        }
        for version in 1...40 { try await model.update(index, to: version, from: version - 1) }

        for _ in 0..<60 {
            let (from, to) = (maker.random.below(41), maker.random.below(41))
            let base = from == 0 ? nil : index.visibility(of: commit(from))
            #expect(from == 0 || base != nil)
            // Under another name, so that the set is made and not found.
            let folded = try index.prepare(
                commit(1_000 + maker.random.below(1 << 40)), bases: [commit(from)]
            ) { found in model.changes(from: found == nil ? nil : from, to: to) }
            let whole = try index.prepare(commit(2_000 + maker.random.below(1 << 40))) { _ in
                model.changes(from: nil, to: to)
            }
            #expect(folded == whole)
            #expect(folded.factCount == model.versions[to].count)
            let rows = model.versions[to].values.reduce(0) { sum, fact in
                sum + fact.surfaceForms.filter(\.kind.isSearched).count
            }
            #expect(folded.rowCount == rows)
        }
    }
}
