/// Decides whether a history could have come from operations that took effect one at a time, each between its call and
/// its reply (Wing & Gong 1993, with the memory of Lowe 2017).
///
/// One object at a time is checked: a history is linearizable if each object's part of it is (Herlihy & Wing 1990,
/// theorem 1), and here a branch is an object.
struct LinearizabilityChecker {
    /// A call or a reply, in the order in which they came: a doubly linked list over indices.
    private struct Entry {
        let operation: Int
        /// The place of the reply, for a call.
        let reply: Int?
        var previous: Int
        var next: Int
    }

    /// Which operations have taken effect, and what they led to.
    private struct Configuration: Hashable {
        let done: [UInt64]
        let state: BranchState
    }

    private let history: BranchHistory
    /// The list begins behind a head at place 0.
    private var entries: [Entry] = [Entry(operation: -1, reply: nil, previous: 0, next: 0)]

    private init(_ history: BranchHistory) {
        self.history = history
        var moments: [(time: Int, operation: Int, isCall: Bool)] = []
        for (i, operation) in history.operations.enumerated() {
            moments.append((operation.start, i, true))
            moments.append((operation.end ?? .max, i, false))
        }
        // A reply that never came comes after everything; a tie means that the two overlap.
        moments.sort { ($0.time, $0.isCall ? 0 : 1) < ($1.time, $1.isCall ? 0 : 1) }
        var replies: [Int: Int] = [:]
        for (i, moment) in moments.enumerated() where !moment.isCall {
            replies[moment.operation] = i + 1
        }
        for moment in moments {
            let place = entries.count
            entries[place - 1].next = place
            entries.append(
                Entry(
                    operation: moment.operation,
                    reply: moment.isCall ? replies[moment.operation] : nil, previous: place - 1,
                    next: 0))
        }
    }

    static func isLinearizable(_ history: BranchHistory) -> Bool {
        var checker = LinearizabilityChecker(history)
        return checker.search()
    }

    private mutating func search() -> Bool {
        var state = BranchState(head: history.firstHead)
        var done = [UInt64](repeating: 0, count: (history.operations.count + 63) / 64)
        var seen: Set<Configuration> = []
        var path: [(call: Int, before: BranchState)] = []
        var place = entries[0].next
        while place != 0 {
            let entry = entries[place]
            guard entry.reply != nil else {
                // All from here on are replies that never came: what is left did not happen.
                if history.operations[entry.operation].end == nil { return true }
                // An answered operation that has not taken effect: one of those before must take effect elsewhere.
                guard let (call, before) = path.popLast() else { return false }
                state = before
                done.toggle(entries[call].operation)
                restore(call)
                place = entries[call].next
                continue
            }
            if let next = state.applying(history.operations[entry.operation]) {
                var nextDone = done
                nextDone.toggle(entry.operation)
                if seen.insert(Configuration(done: nextDone, state: next)).inserted {
                    path.append((place, state))
                    (state, done) = (next, nextDone)
                    remove(place)
                    place = entries[0].next
                    continue
                }
            }
            place = entry.next
        }
        return true
    }

    /// Takes a call and its reply out of the list.
    private mutating func remove(_ call: Int) {
        for place in [call, entries[call].reply ?? 0] where place != 0 {
            let (previous, next) = (entries[place].previous, entries[place].next)
            entries[previous].next = next
            if next != 0 { entries[next].previous = previous }
        }
    }

    /// Puts them back, in the opposite order.
    private mutating func restore(_ call: Int) {
        for place in [entries[call].reply ?? 0, call] where place != 0 {
            let (previous, next) = (entries[place].previous, entries[place].next)
            entries[previous].next = place
            if next != 0 { entries[next].previous = place }
        }
    }
}

extension [UInt64] {
    fileprivate mutating func toggle(_ bit: Int) { self[bit / 64] ^= 1 << UInt64(bit % 64) }
}
