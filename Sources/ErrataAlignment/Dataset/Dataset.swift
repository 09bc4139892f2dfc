/// The pairs that a recipe gives, mixed; the same inputs and seed give the same pairs in the same order.
package struct Dataset: Sendable {
    /// How far a step is: its name, what is done, and of how much if that is known.
    package typealias Progress = (_ step: String, _ done: Int, _ total: Int?) -> Void

    let seed: UInt64
    let items: [ScopeItem]
    let inputs: [DatasetInput]
    let relationCount: Int
    let hops: HopChats

    package var pairs: [ScopePair] { items.map(\.pair) }

    /// Makes the pairs of `inputs` and about `syntheticCount` made-up ones.
    package init(
        _ inputs: [DatasetInput], syntheticCount: Int, seed: UInt64,
        progress: Progress = { _, _, _ in }
    ) throws(DatasetError) {
        let records = inputs.flatMap(\.content.records)
        let open = inputs.filter { $0.format == .open }.flatMap { input in
            input.content.openQuestions.map { (text: $0, source: input.stem) }
        }
        guard syntheticCount > 0 || !records.isEmpty else {
            throw DatasetError(
                .unsupported, "there is nothing to make pairs of",
                hint: "Name a file of edits, or ask for synthetic pairs.")
        }
        var items: [ScopeItem] = []
        var sample = 0
        var real = RealPairs(records, seed: seed &+ 1)
        for number in records.indices {
            items += real.items(of: number, sample: sample)
            sample += 1
            progress("Pairing edits", sample, records.count + open.count)
        }
        for question in records.isEmpty ? [] : open {
            items += real.open(question.text, source: question.source, count: 1, sample: sample)
            sample += 1
            progress("Pairing edits", sample, records.count + open.count)
        }
        let realCount = items.count
        let relations = try RelationTable.embedded()
        var generator = SyntheticGenerator(
            relations: relations, pools: NamePools.mined(records),
            openQuestions: open.map(\.text), seed: seed)
        while items.count < realCount + syntheticCount {
            items += generator.items(sample)
            sample += 1
            progress("Making facts up", items.count - realCount, syntheticCount)
        }
        var random = SeededGenerator(seed: seed &+ 2)
        random.shuffle(&items)
        self.items = items
        self.inputs = inputs
        self.seed = seed
        relationCount = relations.count
        // A generator of its own: the pairs do not depend on it.
        hops = HopChats(
            SyntheticGenerator(
                relations: relations, pools: NamePools.mined(records), seed: seed &+ 5),
            count: syntheticCount / HopChats.pairsPerChat, seed: seed &+ 6)
    }
}
