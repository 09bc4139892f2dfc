import Synchronization

/// Memory of large tensors that are gone, for those to come.
///
/// A step makes tensors of the same sizes as the step before. Were their memory given back to the kernel in
/// between, it would be cleared and mapped anew each time, which takes about as long as a small matrix product.
enum TensorMemory {
    /// Smaller ones are left to the allocator.
    private static let countMin = 1 << 14
    /// What is kept at most.
    private static let keptCountMax = 1 << 27

    private struct Kept {
        /// Addresses by how many floats there is room for.
        var places: [Int: [UInt]] = [:]
        var count = 0
    }

    private static let kept = Mutex(Kept())

    /// Returns the number of floats that memory for `count` of them has room for.
    private static func room(_ count: Int) -> Int {
        guard count >= countMin else { return max(count, 1) }
        // An eighth of a power of two is wasted at most, and similar sizes share memory.
        let step = 1 << (Int.bitWidth - 4 - count.leadingZeroBitCount)
        return (count + step - 1) / step * step
    }

    static func take(_ count: Int) -> UnsafeMutablePointer<Float> {
        let room = room(count)
        if room >= countMin {
            let place = kept.withLock { kept -> UInt? in
                guard let place = kept.places[room]?.popLast() else { return nil }
                kept.count -= room
                return place
            }
            if let place, let start = UnsafeMutablePointer<Float>(bitPattern: place) {
                return start
            }
        }
        return .allocate(capacity: room)
    }

    static func giveBack(_ start: UnsafeMutablePointer<Float>, _ count: Int) {
        let room = room(count)
        let isKept =
            room >= countMin
            && kept.withLock { kept in
                guard kept.count + room <= keptCountMax else { return false }
                kept.places[room, default: []].append(UInt(bitPattern: start))
                kept.count += room
                return true
            }
        if !isKept { start.deallocate() }
    }
}
