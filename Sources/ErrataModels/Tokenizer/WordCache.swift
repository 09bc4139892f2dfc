import Synchronization

/// The ids of words that were cut into tokens before; bounded, and emptied when it is full.
struct WordCache: Sendable {
    static let wordCountMax = 1 << 14
    static let wordByteCountMax = 64

    private let hash = ByteHash()
    /// Indices into `wordEnds`, or -1; empty until there is a word.
    private var slots: [Int32] = []
    private var words: [UInt8] = []
    private var wordEnds: [Int32] = [0]
    private var ids: [Int32] = []
    private var idEnds: [Int32] = [0]

    /// Appends the ids of a word and returns true, if they are known.
    func append(_ word: Span<UInt8>, to result: inout [Int32]) -> Bool {
        guard !slots.isEmpty, let index = find(word).index else { return false }
        for i in Int(idEnds[index])..<Int(idEnds[index + 1]) { result.append(ids[i]) }
        return true
    }

    /// Keeps the ids of a word that is not there.
    mutating func insert(_ word: Span<UInt8>, _ new: ArraySlice<Int32>) {
        if wordEnds.count > Self.wordCountMax { self = WordCache() }
        if slots.isEmpty { slots = [Int32](repeating: -1, count: 2 * Self.wordCountMax) }
        let slot = find(word).slot
        slots[slot] = Int32(wordEnds.count - 1)
        for i in 0..<word.count { words.append(word[i]) }
        wordEnds.append(Int32(words.count))
        ids += new
        idEnds.append(Int32(ids.count))
    }

    private func find(_ word: Span<UInt8>) -> (slot: Int, index: Int?) {
        var slot = Int(truncatingIfNeeded: hash(word)) & (slots.count - 1)
        while slots[slot] >= 0 {
            if isEqual(Int(slots[slot]), word) { return (slot, Int(slots[slot])) }
            slot = (slot + 1) & (slots.count - 1)
        }
        return (slot, nil)
    }

    private func isEqual(_ index: Int, _ word: Span<UInt8>) -> Bool {
        let start = Int(wordEnds[index])
        guard Int(wordEnds[index + 1]) - start == word.count else { return false }
        for i in 0..<word.count where words[start + i] != word[i] { return false }
        return true
    }
}

/// Lends the cache to one text at a time; a text beside it starts with an empty one.
final class WordCacheOwner: Sendable {
    private let cache = Mutex<WordCache?>(nil)

    func take() -> WordCache {
        let kept = cache.withLock { kept in
            let cache = kept
            kept = nil
            return cache
        }
        return kept ?? WordCache()
    }

    func giveBack(_ used: WordCache) {
        cache.withLock { $0 = used }
    }
}
