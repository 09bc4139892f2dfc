/// What merging needs and one text hands from word to word.
struct MergeWork {
    var cache: WordCache
    /// The tokens of the word at hand.
    var symbols: [Int32] = []
    fileprivate var ranks: [Int32] = []
    fileprivate var previous: [Int32] = []
    fileprivate var next: [Int32] = []
    fileprivate var queue = MergeQueue()

    init(cache: WordCache) {
        self.cache = cache
    }
}

/// Joins to do, the smallest first: rank in the high half, place in the low half.
private struct MergeQueue {
    private var heap: [UInt64] = []

    mutating func push(rank: Int32, place: Int) {
        var child = heap.count
        let item = UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(place))
        heap.append(item)
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[parent] > item else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = item
    }

    mutating func pop() -> (rank: Int32, place: Int)? {
        guard let last = heap.popLast() else { return nil }
        guard let top = heap.first else { return Self.parts(last) }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < last else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = last
        return Self.parts(top)
    }

    private static func parts(_ item: UInt64) -> (rank: Int32, place: Int) {
        (Int32(truncatingIfNeeded: item >> 32), Int(item & 0xFFFF_FFFF))
    }
}

extension BytePairModel {
    /// Up to here looking at every pair is faster than a queue.
    private static let scanCountMax = 24

    /// Joins `work.symbols`: the pair of the lowest rank first, the leftmost of equals.
    func merge(_ work: inout MergeWork) {
        guard work.symbols.count > 1 else { return }
        if work.symbols.count <= Self.scanCountMax {
            mergeByScan(&work.symbols, &work.ranks)
        } else {
            mergeByQueue(&work)
        }
    }

    private func mergeByScan(_ symbols: inout [Int32], _ ranks: inout [Int32]) {
        ranks.removeAll(keepingCapacity: true)
        for i in 1..<symbols.count { ranks.append(self.ranks[symbols[i - 1], symbols[i]]) }
        while true {
            var best = -1
            var lowest = Int32.max
            for i in ranks.indices where ranks[i] >= 0 && ranks[i] < lowest {
                lowest = ranks[i]
                best = i
            }
            guard best >= 0 else { return }
            symbols[best] = merged[Int(lowest)]
            symbols.remove(at: best + 1)
            ranks.remove(at: best)
            if best > 0 { ranks[best - 1] = self.ranks[symbols[best - 1], symbols[best]] }
            if best < ranks.count { ranks[best] = self.ranks[symbols[best], symbols[best + 1]] }
        }
    }

    /// Takes n log n steps: every join removes a symbol and adds two entries at most.
    private func mergeByQueue(_ work: inout MergeWork) {
        let count = work.symbols.count
        work.previous = (0..<Int32(count)).map { $0 - 1 }
        work.next = (1...Int32(count)).map { $0 == count ? -1 : $0 }
        for place in 0..<count - 1 { push(place, &work) }
        while let (rank, place) = work.queue.pop() {
            let right = work.next[place]
            // An entry is stale if either symbol has changed since.
            guard work.symbols[place] >= 0, right >= 0,
                ranks[work.symbols[place], work.symbols[Int(right)]] == rank
            else { continue }
            work.symbols[place] = merged[Int(rank)]
            work.symbols[Int(right)] = -1
            let after = work.next[Int(right)]
            work.next[place] = after
            if after >= 0 {
                work.previous[Int(after)] = Int32(place)
                push(place, &work)
            }
            if work.previous[place] >= 0 { push(Int(work.previous[place]), &work) }
        }
        work.symbols.removeAll { $0 < 0 }
    }

    private func push(_ place: Int, _ work: inout MergeWork) {
        let rank = ranks[work.symbols[place], work.symbols[Int(work.next[place])]]
        if rank >= 0 { work.queue.push(rank: rank, place: place) }
    }
}
