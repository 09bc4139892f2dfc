package import ErrataModels

/// Pairs as tokens, with what evaluation tells apart.
package struct TrainingSet: Sendable {
    /// Longer pairs are left out: they are rare and would hold up a batch.
    package static let tokenCountMax = 160

    package private(set) var examples: [ReaderExample] = []
    /// Each example's place in `kinds`.
    package private(set) var kindIndices: [Int] = []
    package private(set) var kinds: [String] = []
    /// Pairs that are too long.
    package private(set) var skippedCount = 0

    package init() {}

    /// Adds an example of no particular kind.
    package mutating func add(_ example: ReaderExample) {
        if kinds.isEmpty { kinds.append("") }
        examples.append(example)
        kindIndices.append(0)
    }

    /// Adds a pair.
    package mutating func add(_ pair: ScopePair, _ tokenizer: PairTokenizer) {
        let input = tokenizer(question: pair.question, edit: pair.edit)
        guard !input.isTruncated, input.ids.count <= Self.tokenCountMax, !input.edit.isEmpty else {
            skippedCount += 1
            return
        }
        let answer = pair.answer?.span.flatMap { span in
            input.tokens(of: pair.edit.range(ofScalars: span))
        }
        let name = "\(pair.source)/\(pair.kind) \(pair.isInScope ? "in" : "out")"
        examples.append(
            ReaderExample(
                input, isInScope: pair.isInScope, asksForSubject: pair.answer?.part == .subject,
                answer: answer))
        if let known = kinds.firstIndex(of: name) {
            kindIndices.append(known)
        } else {
            kindIndices.append(kinds.count)
            kinds.append(name)
        }
    }
}

extension String {
    /// Returns the characters at some Unicode scalars.
    func range(ofScalars range: Range<Int>) -> Range<String.Index> {
        let start = unicodeScalars.index(startIndex, offsetBy: range.lowerBound)
        return start..<unicodeScalars.index(start, offsetBy: range.count)
    }
}

/// The order in which training goes through a set: shuffled, similar lengths together.
struct BatchOrder {
    /// Batches that are sorted by length together.
    static let windowCount = 50

    let lengths: [Int]
    let batchCount: Int
    let seed: UInt64

    /// A rest smaller than a batch is left out.
    var batchesPerPass: Int { lengths.count / batchCount }

    /// Returns the batches of one pass through the set.
    func batches(pass: Int) -> [ArraySlice<Int>] {
        var random = SeededGenerator(seed: seed &+ UInt64(pass) &* 0x9E37_79B9_7F4A_7C15)
        var order = Array(lengths.indices)
        random.shuffle(&order)
        var batches: [ArraySlice<Int>] = []
        let window = Self.windowCount * batchCount
        for start in stride(from: 0, to: order.count, by: window) {
            let end = min(start + window, order.count)
            let sorted = order[start..<end].sorted { (lengths[$0], $0) < (lengths[$1], $1) }
            for batch in stride(from: 0, through: sorted.count - batchCount, by: batchCount) {
                batches.append(sorted[batch..<batch + batchCount])
            }
        }
        random.shuffle(&batches)
        return batches
    }
}
