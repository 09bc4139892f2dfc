import ErrataModels
import Synchronization

/// How well a reader judges pairs that it was not trained on.
package struct ReaderEvaluation: Sendable {
    /// The pairs of one source and kind.
    package struct Kind: Sendable {
        package let name: String
        package internal(set) var count = 0
        /// Judged rightly at a logit of 0.
        package internal(set) var rightCount = 0
    }

    package private(set) var kinds: [Kind]
    /// The chance that a pair in scope has the larger logit than one out of scope.
    package private(set) var areaUnderCurve = 0.0
    /// In scope, with the answer in the edit: pairs, and those with exactly that span.
    package private(set) var spans = (count: 0, rightCount: 0)
    /// In scope: pairs, and those whose direction is right.
    package private(set) var directions = (count: 0, rightCount: 0)

    package var accuracy: Double {
        let right = kinds.reduce(0) { $0 + $1.rightCount }
        return Double(right) / Double(max(1, kinds.reduce(0) { $0 + $1.count }))
    }

    /// Judges the first `limit` pairs of a set; pairs are shared among `threads`.
    package init(
        _ reader: TrainedReader, _ values: [Float], _ set: TrainingSet, limit: Int, threads: Int
    ) {
        kinds = set.kinds.map { Kind(name: $0) }
        let count = min(limit, set.examples.count)
        let order = (0..<count).sorted {
            (set.examples[$0].ids.count, $0) < (set.examples[$1].ids.count, $1)
        }
        let batches = stride(from: 0, to: count, by: 16).map {
            Array(order[$0..<min($0 + 16, count)])
        }
        let logits = Mutex([ReaderLogits?](repeating: nil, count: count))
        values.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            // The threads only read through it, and are joined before it goes away.
            nonisolated(unsafe) let values = start
            Workers.run(threads) { thread in
                for i in stride(from: thread, to: batches.count, by: threads) {
                    let found = reader.logits(batches[i].map { set.examples[$0] }, values)
                    logits.withLock { logits in
                        for (pair, found) in zip(batches[i], found) { logits[pair] = found }
                    }
                }
            }
        }
        let found = logits.withLock { $0 }.compactMap(\.self)
        for (i, logits) in found.enumerated() { take(logits, set.examples[i], set.kindIndices[i]) }
        areaUnderCurve = Self.area(
            zip(found, set.examples).map { ($0.scope, $1.isInScope) })
        kinds.removeAll { $0.count == 0 }
        kinds.sort { $0.name < $1.name }
    }

    private mutating func take(_ logits: ReaderLogits, _ example: ReaderExample, _ kind: Int) {
        kinds[kind].count += 1
        if (logits.scope > 0) == example.isInScope { kinds[kind].rightCount += 1 }
        guard example.isInScope else { return }
        directions.count += 1
        if (logits.direction > 0) == example.asksForSubject { directions.rightCount += 1 }
        guard let answer = example.answer else { return }
        spans.count += 1
        if Reader.bestSpan(logits.starts, logits.ends) == answer { spans.rightCount += 1 }
    }

    /// Returns the rank statistic of Mann and Whitney (1947); ties count half.
    static func area(_ pairs: [(score: Float, isInScope: Bool)]) -> Double {
        let sorted = pairs.sorted { $0.score < $1.score }
        var (below, sum, inCount) = (0.0, 0.0, 0.0)
        var i = 0
        while i < sorted.count {
            var j = i
            while j < sorted.count, sorted[j].score == sorted[i].score { j += 1 }
            let inScope = Double(sorted[i..<j].count { $0.isInScope })
            let outOfScope = Double(j - i) - inScope
            sum += inScope * (below + outOfScope / 2)
            below += outOfScope
            inCount += inScope
            i = j
        }
        return below > 0 && inCount > 0 ? sum / (below * inCount) : 0
    }
}
