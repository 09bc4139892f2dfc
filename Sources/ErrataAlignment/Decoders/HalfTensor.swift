/// Memory for 16-bit numbers, from where that of tensors comes.
// One thread fills a part of it before others see it; after that it is only read.
final class HalfTensor: @unchecked Sendable {
    let start: UnsafeMutablePointer<UInt16>
    private let floatCount: Int

    /// Makes room for numbers that have yet to be written.
    init(count: Int) {
        floatCount = (count + 1) / 2
        start = UnsafeMutableRawPointer(TensorMemory.take(floatCount))
            .bindMemory(to: UInt16.self, capacity: 2 * floatCount)
    }

    deinit {
        TensorMemory.giveBack(
            UnsafeMutableRawPointer(start).bindMemory(to: Float.self, capacity: floatCount),
            floatCount)
    }
}
