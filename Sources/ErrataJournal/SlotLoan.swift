import Synchronization

/// The slots that one request has taken, before it is known which of them it needs.
///
/// What it does not keep goes back.
final class SlotLoan: Sendable {
    private let keys: KeyFile
    private let slots = Mutex<[UInt64]>([])

    init(of keys: KeyFile) { self.keys = keys }

    deinit { giveBack() }

    /// Takes slots that are on disk; nil if there are not so many.
    func takeIfReady(_ count: Int) -> [UInt64]? {
        guard let taken = keys.takeIfReady(count) else { return nil }
        slots.withLock { $0 += taken }
        return taken
    }

    /// Takes a slot; draws and syncs more if there is none.
    func take() throws(JournalError) -> UInt64 {
        let taken = try keys.take()
        slots.withLock { $0.append(taken) }
        return taken
    }

    /// Gives back what was not kept.
    func giveBack() {
        let left = slots.withLock { slots in
            defer { slots = [] }
            return slots
        }
        if !left.isEmpty { keys.giveBack(left) }
    }

    /// Keeps the slots of payloads that are durable.
    func keep(_ used: [UInt64]) {
        slots.withLock { slots in
            if used.count == slots.count {
                slots = []
            } else {
                let used = Set(used)
                slots.removeAll { used.contains($0) }
            }
        }
    }
}

/// The slots that no payload uses and nobody has taken.
struct FreeSlots: Sendable {
    /// The first that was never taken.
    private(set) var next: UInt64
    /// Those that were taken and came back, the lowest last.
    private var returned: [UInt64] = []

    init(from next: UInt64) { self.next = next }

    /// Takes the lowest slots, those below `end` only; nil if there are not so many.
    mutating func take(_ count: Int, below end: UInt64) -> [UInt64]? {
        let old = min(count, returned.count)
        let new = UInt64(count - old)
        guard next + new <= end else { return nil }
        let taken = returned.suffix(old).reversed() + Array(next..<next + new)
        returned.removeLast(old)
        next += new
        return taken
    }

    /// Takes back slots that nobody used.
    mutating func giveBack(_ slots: [UInt64]) {
        returned += slots
        returned.sort(by: >)
    }
}
