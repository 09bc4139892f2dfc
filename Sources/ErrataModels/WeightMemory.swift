import Glibc
import Synchronization

/// The memory that the weights of one model lie in, one after the other.
///
/// A pass over a single token reads every weight once, from main memory: its speed is that of the reading.
/// With 2 MB pages, which Linux gives to those who ask, that is 1.4 times as fast as with 4 KB pages, since
/// fetching ahead stops at the end of each page. Weights are far smaller than such pages, so they share
/// regions. A region goes when the last of its weights does.
final class WeightMemory: Sendable {
    static let regionByteCount = 32 << 20
    /// The large pages of x86-64 and of ARM with 4 KB pages; where they have another size they are not used.
    static let largePageByteCount = 2 << 20
    /// A cache line, and the widest register.
    static let alignment = 64

    /// The region in use.
    private struct Current {
        var region: WeightRegion?
        var usedByteCount = 0
    }

    private let current = Mutex(Current())

    /// Returns room for so many bytes, which nobody else is given.
    func room(byteCount: Int) -> (region: WeightRegion, start: UnsafeMutableRawPointer) {
        precondition(byteCount >= 0)
        let taken = (byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
        // The pointer leaves the lock; no other call is given the same bytes.
        nonisolated(unsafe) var start: UnsafeMutableRawPointer?
        let region = current.withLock { current in
            if let region = current.region, region.byteCount - current.usedByteCount >= taken {
                start = region.start + current.usedByteCount
                current.usedByteCount += taken
                return region
            }
            let region = WeightRegion(byteCount: max(taken, Self.regionByteCount))
            start = region.start
            current = Current(region: region, usedByteCount: taken)
            return region
        }
        return (region, start ?? region.start)
    }
}

/// Memory of its own, in large pages if it holds any and the system has them.
// The start is set once; what lies there is written before it is shared, by whoever was given the room.
final class WeightRegion: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    let byteCount: Int
    /// The mapping, nil for memory of the allocator.
    private let mapping: UnsafeMutableRawBufferPointer?

    init(byteCount: Int) {
        self.byteCount = byteCount
        let page = WeightMemory.largePageByteCount
        // More by a page than needed, so that a large page begins inside.
        let length = byteCount + page
        if byteCount >= page,
            let mapped = mmap(
                nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapped != MAP_FAILED
        {
            mapping = UnsafeMutableRawBufferPointer(start: mapped, count: length)
            start = mapped.alignedUp(toMultipleOf: page)
            // Only advice: without large pages everything works as well, and slower.
            _ = madvise(start, byteCount, MADV_HUGEPAGE)
        } else {
            mapping = nil
            start = .allocate(byteCount: max(byteCount, 1), alignment: WeightMemory.alignment)
        }
    }

    deinit {
        if let mapping {
            munmap(mapping.baseAddress, mapping.count)
        } else {
            start.deallocate()
        }
    }
}

/// Numbers that were written once, on a cache line's boundary.
struct WeightNumbers<Number: BitwiseCopyable & Sendable>: Sendable {
    let count: Int
    private let region: WeightRegion
    // Inside the region, which this value keeps; nobody writes there after `init`.
    private nonisolated(unsafe) let start: UnsafePointer<Number>

    /// Has `fill` write `count` numbers, to `memory` if there is one.
    init(
        count: Int, in memory: WeightMemory?, _ fill: (UnsafeMutablePointer<Number>) -> Void
    ) {
        let byteCount = count * MemoryLayout<Number>.stride
        if let memory {
            let room = memory.room(byteCount: byteCount)
            region = room.region
            start = Self.filled(room.start, count, fill)
        } else {
            region = WeightRegion(byteCount: byteCount)
            start = Self.filled(region.start, count, fill)
        }
        self.count = count
    }

    private static func filled(
        _ room: UnsafeMutableRawPointer, _ count: Int,
        _ fill: (UnsafeMutablePointer<Number>) -> Void
    ) -> UnsafePointer<Number> {
        let numbers = room.bindMemory(to: Number.self, capacity: count)
        if count > 0 { fill(numbers) }
        return UnsafePointer(numbers)
    }

    func withUnsafeBufferPointer<Result>(
        _ body: (UnsafeBufferPointer<Number>) -> Result
    ) -> Result {
        withExtendedLifetime(region) { body(UnsafeBufferPointer(start: start, count: count)) }
    }

    subscript(place: Int) -> Number {
        precondition((0..<count).contains(place))
        return withExtendedLifetime(region) { start[place] }
    }
}
