import ErrataCore
import LMDB
import Synchronization

// VALUES. The same value of a fact has one leaf for ever, so whoever brings a value looks for it first. Looking and
// sealing cost more than all else in a small commit. A client therefore does both on its own thread, before its
// request waits for the writer, and the writer takes that over unless the same value came meanwhile.

/// What a client found of a value that it brings.
struct FoundValue: Sendable {
    enum Value: Sendable {
        /// The store has had it before.
        case known(Leaf)
        /// It is new, and sealed in a slot of the request's loan.
        case new(Leaf, SealedPayload)
    }

    let value: Value
    let hash: FactValueHash
    /// How many operations the client saw.
    let operationCount: UInt64
}

extension JournalStore {
    /// How many values are looked for in one transaction.
    private static let valuesPerTransaction = 1_000
    /// To look through more rows of a fact than this is not done quickly: each costs up to 5 microseconds.
    private static let quickRowCountMax = 16

    /// What looking for a value gives.
    enum Search {
        case known(Leaf)
        case new
        /// More rows would have to be looked through than is done quickly.
        case unclear
    }

    // MARK: For clients

    /// Looks for the values that `edits` bring and seals those that are new, as far as slots are ready.
    ///
    /// Facts with many values that are not remembered are looked through by a task of its own: the caller may be on an
    /// event loop. What cannot be done here is left to the writer, failures of the disk among it: its answer is the one
    /// that the client gets.
    func findValues(of edits: [PreparedEdit], _ loan: SlotLoan) async -> [PreparedEdit] {
        var edits = edits
        guard findValues(of: &edits, loan, quickly: true) else {
            return await Task { [edits] in
                var edits = edits
                _ = findValues(of: &edits, loan, quickly: false)
                return edits
            }.value
        }
        return edits
    }

    /// Returns false if some edits are left that take longer.
    private func findValues(
        of edits: inout [PreparedEdit], _ loan: SlotLoan, quickly: Bool
    ) -> Bool {
        var isDone = true
        let count = operationCount.load(ordering: .acquiring)
        for start in stride(from: 0, to: edits.count, by: JournalStore.valuesPerTransaction) {
            let end = min(start + JournalStore.valuesPerTransaction, edits.count)
            guard let found = try? find(&edits, start..<end, count, quickly: quickly),
                let slots = loan.takeIfReady(found.new.count)
            else { return true }
            isDone = isDone && found.isDone
            for (value, slot) in zip(found.new, slots) {
                guard case .put(let payload, _) = edits[value.place].change,
                    let (leaf, sealed) = try? seal(
                        payload, of: edits[value.place].fact, in: slot)
                else { return true }
                edits[value.place].found = FoundValue(
                    value: .new(leaf, sealed), hash: value.hash, operationCount: count)
            }
        }
        return isDone
    }

    /// Notes which values the store has had, of edits about which nothing is known yet; returns the places of those that
    /// are new, and whether no edit is left.
    private func find(
        _ edits: inout [PreparedEdit], _ range: Range<Int>, _ count: UInt64, quickly: Bool
    ) throws -> (new: [(place: Int, hash: FactValueHash)], isDone: Bool) {
        try environment.read { reader in
            var new: [(place: Int, hash: FactValueHash)] = []
            var isDone = true
            for i in range where edits[i].found == nil {
                guard case .put(let payload, _) = edits[i].change else { continue }
                let hash = FactValueHash(edits[i].fact, payload)
                switch try find(
                    payload, hash, of: edits[i].fact, before: count, quickly: quickly, reader)
                {
                case .known(let leaf):
                    edits[i].found = FoundValue(
                        value: .known(leaf), hash: hash, operationCount: count)
                case .new: new.append((i, hash))
                case .unclear: isDone = false
                }
            }
            return (new, isDone)
        }
    }

    // MARK: Looking

    /// Looks for the leaf under which the store has this very payload of `fact`; what cannot be read is not there.
    ///
    /// `reader` shows all operations before `count`. Costs the row of the value if it came lately or the fact's
    /// values are remembered, else all rows of the fact.
    func find(
        _ payload: [UInt8], _ hash: FactValueHash, of fact: FactID, before count: UInt64,
        quickly: Bool = false, _ reader: borrowing ReadTransaction
    ) throws -> Search {
        let (start, knowsAll) = valueMemory.withLock { $0.search(hash, of: fact) }
        if let start {
            let places = try places(of: fact, leafStart: start, reader)
            if let found = try places.first(where: { try holds($0.place, payload, $0.name) }) {
                return .known(found.name.leaf)
            }
        } else if knowsAll {
            return .new
        }
        let places = try places(
            of: fact, atMost: JournalStore.quickRowCountMax + 1, reader)
        guard places.count <= JournalStore.quickRowCountMax else {
            return quickly
                ? .unclear : try findAmongAll(payload, of: fact, before: count, reader)
        }
        let alike = places.filter { $0.place.payloadByteCount == payload.count }
        guard alike.count <= ValueMemory.scanCountMax else {
            return try findAmongAll(payload, of: fact, before: count, reader)
        }
        let found = try alike.first { try holds($0.place, payload, $0.name) }
        return found.map { .known($0.name.leaf) } ?? .new
    }

    /// Looks through all values of a fact, and remembers them.
    private func findAmongAll(
        _ payload: [UInt8], of fact: FactID, before count: UInt64,
        _ reader: borrowing ReadTransaction
    ) throws -> Search {
        var found: Leaf?
        var values: [(hash: FactValueHash, leaf: Leaf)] = []
        try forEachPlace(of: fact, reader) { name, place in
            // One that is damaged is nobody's value any more; to name it is up to verification.
            guard place.boxByteCount > 0, let key = try keys.key(place.slot),
                let row = try storedPayload(of: fact, at: place.sequence, reader), row.name == name,
                let value = try? row.sealed.opened(name: name, slotKey: key)
            else { return true }
            values.append((FactValueHash(fact, value), name.leaf))
            if value == payload { found = name.leaf }
            return true
        }
        valueMemory.withLock { $0.remember(fact, values, before: count) }
        return found.map { .known($0) } ?? .new
    }

    /// Returns whether `payload` lies at a place; a redacted one holds nothing, and its text comes back as a new value.
    private func holds(
        _ place: PayloadPlace, _ payload: [UInt8], _ name: PayloadKey
    ) throws -> Bool {
        guard place.payloadByteCount == payload.count, let key = try keys.key(place.slot) else {
            return false
        }
        return Leaf(.hmac(payload, key: key)) == name.leaf
    }

    /// Returns where the payloads of a fact lie whose leaves begin with `start`, the first `countMax` of them.
    private func places(
        of fact: FactID, leafStart start: [UInt8] = [], atMost countMax: Int = .max,
        _ reader: borrowing ReadTransaction
    ) throws -> [(name: PayloadKey, place: PayloadPlace)] {
        var places: [(name: PayloadKey, place: PayloadPlace)] = []
        try forEachPlace(of: fact, leafStart: start, reader) { name, place in
            places.append((name, place))
            return places.count < countMax
        }
        return places
    }

    // MARK: Sealing

    /// Seals `payload` under the key of `slot`, which no other payload uses.
    func seal(
        _ payload: [UInt8], of fact: FactID, in slot: UInt64
    ) throws -> (leaf: Leaf, sealed: SealedPayload) {
        guard let key = try keys.freshKey(slot) else {
            throw JournalError.corrupt("slot \(slot) of the key file is empty")
        }
        let leaf = Leaf(.hmac(payload, key: key))
        let nonce = options.random(SealedPayload.nonceByteCount)
        let sealed = try SealedPayload(
            sealing: payload, name: PayloadKey(fact, leaf), slot: slot, slotKey: key, nonce: nonce)
        return (leaf, sealed)
    }
}
