package import ErrataModels
import Synchronization

/// The gradient of a batch, its pairs shared among threads.
///
/// A batch is cut into `shardCount` parts whose gradients are added in order: the same seed and number
/// of shards give the same bits, however many threads there are.
package final class GradientPass {
    private let reader: TrainedReader
    private let shards: [Tensor]
    private let kernels: Kernels

    package init(
        _ reader: TrainedReader, parameterCount: Int, shardCount: Int, kernels: Kernels
    ) {
        self.reader = reader
        self.kernels = kernels
        shards = (0..<shardCount).map { _ in Tensor(rows: 1, columns: parameterCount) }
    }

    /// The gradient of the last batch.
    package var gradient: UnsafeMutablePointer<Float> { shards[0].start }

    /// Returns the mean loss of a batch and leaves its gradient in `gradient`.
    package func callAsFunction(
        _ batch: [ReaderExample], weights: LossWeights, _ values: [Float]
    ) -> Double {
        let parts = Self.parts(batch, count: shards.count)
        let losses = Mutex([Double](repeating: 0, count: shards.count))
        let (reader, shards) = (reader, shards)
        values.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            // The threads only read through it, and are joined before it goes away.
            nonisolated(unsafe) let values = start
            Workers.run(shards.count) { i in
                let loss = reader.loss(
                    parts[i], weights: weights, divisor: Float(batch.count), values,
                    into: shards[i].start, count: shards[i].count)
                losses.withLock { $0[i] = loss }
            }
        }
        for shard in shards.dropFirst() { shards[0].add(shard, kernels) }
        return losses.withLock { $0.reduce(0, +) }
    }

    /// Scales the gradient down to a norm of `limit` and returns its norm before.
    ///
    /// From Pascanu et al. 2013, section 3.2.
    package func clip(to limit: Double) -> Double {
        var sum = 0.0
        let all = shards[0]
        for i in 0..<all.count { sum += Double(all.start[i]) * Double(all.start[i]) }
        let norm = sum.squareRoot()
        // PyTorch's bound against division by zero.
        let factor = limit / (norm + 1e-6)
        if factor < 1 { all.scale(by: Float(factor)) }
        return norm
    }

    /// Cuts a batch into parts of about as many tokens, keeping its order.
    static func parts(_ batch: [ReaderExample], count: Int) -> [[ReaderExample]] {
        let total = batch.reduce(0) { $0 + $1.ids.count }
        var parts = [[ReaderExample]](repeating: [], count: count)
        var before = 0
        for example in batch {
            parts[min(count - 1, before * count / max(total, 1))].append(example)
            before += example.ids.count
        }
        return parts
    }
}
