/// Which texts a step takes, and how they are packed into rows.
package struct DecoderBatches {
    let lengths: [Int]
    let batchCount: Int
    let rowTokenCount: Int
    let seed: UInt64

    package init(lengths: [Int], batchCount: Int, rowTokenCount: Int, seed: UInt64) {
        self.lengths = lengths
        self.batchCount = batchCount
        self.rowTokenCount = rowTokenCount
        self.seed = seed
    }

    package var batchesPerPass: Int { (lengths.count + batchCount - 1) / batchCount }

    /// Returns the texts of a step, row by row.
    package func rows(step: Int) -> [[Int]] {
        let pass = step / batchesPerPass
        var random = SeededGenerator(seed: seed &+ UInt64(pass) &* 0x9E37_79B9_7F4A_7C15)
        var order = Array(lengths.indices)
        random.shuffle(&order)
        let start = step % batchesPerPass * batchCount
        return packed(Array(order[start..<min(start + batchCount, order.count)]))
    }

    /// Puts each text, longest first, into the first row that has room for it.
    func packed(_ texts: [Int]) -> [[Int]] {
        var rows: [(texts: [Int], tokens: Int)] = []
        for text in texts.sorted(by: { (lengths[$1], $0) < (lengths[$0], $1) }) {
            let length = lengths[text]
            if let row = rows.firstIndex(where: { $0.tokens + length <= rowTokenCount }) {
                rows[row].texts.append(text)
                rows[row].tokens += length
            } else {
                rows.append(([text], length))
            }
        }
        return rows.map(\.texts)
    }
}
