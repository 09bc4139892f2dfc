import Glibc

/// What MPNet adds to the attention between two tokens, by their distance.
///
/// Buckets as in T5 (Raffel et al. 2020, section 2.1): half of them for keys after the query; the near distances
/// have one each, the far ones share theirs on a logarithmic scale up to 128.
package struct RelativeBias: Sendable {
    static let bucketCount = 32
    private static let distanceMax: Float = 128

    /// (heads, 2 · positions - 1): the bias by head and key - query + positions - 1.
    private let values: [Float]
    private let positionCount: Int

    /// Spreads `table`, (buckets, heads), over the distances in texts of `positionCount` tokens at most.
    init(table: [Float], headCount: Int, positionCount: Int) {
        precondition(table.count == RelativeBias.bucketCount * headCount)
        self.positionCount = positionCount
        let distances = 1 - positionCount..<positionCount
        values = (0..<headCount).flatMap { head in
            distances.map { table[RelativeBias.bucket(of: $0) * headCount + head] }
        }
    }

    /// Returns the bias of keys 0, 1, 2, … for a head's query; the first of as many as there are positions.
    func row(
        head: Int, query: Int, _ body: (UnsafePointer<Float>) -> Void
    ) {
        values.withUnsafeBufferPointer { values in
            let start = head * (2 * positionCount - 1) + positionCount - 1 - query
            guard let base = values.baseAddress else { return }
            body(base + start)
        }
    }

    /// Returns the bucket of a key that lies `distance` after the query.
    package static func bucket(of distance: Int) -> Int {
        let half = bucketCount / 2
        let near = half / 2
        let start = distance > 0 ? half : 0
        let length = abs(distance)
        guard length >= near else { return start + length }
        // In the precision and order of operations of transformers' tensors.
        let scale = logf(Float(length) / Float(near)) / logf(distanceMax / Float(near))
        return start + min(near + Int(scale * Float(half - near)), half - 1)
    }
}
