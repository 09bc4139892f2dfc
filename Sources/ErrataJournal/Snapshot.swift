package import ErrataCore
import LMDB

/// The facts that are believed at one commit: a number and a hash, never an open transaction.
///
/// Each call opens transactions of its own; what a snapshot says never changes.
package struct Snapshot: Sendable {
    private let store: JournalStore
    package let commit: CommitID
    /// The operation that wrote the commit.
    package let operation: UInt64
    /// How many facts there are.
    package let count: Int
    let root: TrieEntry?

    init(_ store: JournalStore, _ commit: CommitID, _ row: CommitRow) {
        self.store = store
        self.commit = commit
        operation = row.sequence
        count = Int(row.factCount)
        root = row.root
    }

    /// The hash of the whole set: equal sets have equal roots within a store and its clones.
    package var rootHash: Digest { root?.hash ?? Trie.emptyRoot }

    /// Returns the leaf of `fact`, or nil if it is not believed; O(log facts).
    package func leaf(of fact: FactID) throws(JournalError) -> Leaf? {
        try store.read { try store.trie.leaf(of: fact, under: root, $0) }
    }

    /// Returns the facts that follow `after`, in the order of their ids, at most `limit`.
    package func entries(
        after: FactID? = nil, limit: Int
    ) throws(JournalError) -> [(fact: FactID, leaf: Leaf)] {
        var walk = TrieWalk(root: root, after: after)
        var found: [TrieLeaf] = []
        while !walk.isDone, found.count < limit {
            try store.read {
                try walk.advance(
                    &found, limit: limit, nodeCountMax: Journal.nodeChunkCount, store.trie, $0)
            }
        }
        return found.map { ($0.fact, $0.leaf) }
    }
}

extension Journal {
    /// How many trie nodes are read in one transaction: a millisecond or two.
    static let nodeChunkCount = 512
    /// How many payloads are copied out in one transaction.
    static let payloadChunkCount = 512

    /// Returns the facts at `commit`; costs one lookup.
    package func snapshot(at commit: CommitID) throws(JournalError) -> Snapshot {
        try store.read { Snapshot(store, commit, try store.row(of: commit, $0)) }
    }

    // MARK: Payloads

    /// Returns the value of `fact` that has `leaf`; nil if it is redacted or stands for a conflict.
    ///
    /// Throws `unknown_fact` if the store never had it.
    package func fact(_ fact: FactID, leaf: Leaf) throws(JournalError) -> Fact? {
        try facts([(fact, leaf)])[0]
    }

    /// Returns the values of these facts in their order; nil for each that is redacted or in conflict.
    package func facts(_ pairs: [(FactID, Leaf)]) throws(JournalError) -> [Fact?] {
        try store.facts(pairs)
    }
}

extension JournalStore {
    /// Returns the values of these facts in their order; nil for each that is redacted or in conflict.
    func facts(_ pairs: [(FactID, Leaf)]) throws(JournalError) -> [Fact?] {
        var facts: [Fact?] = []
        facts.reserveCapacity(pairs.count)
        for start in stride(from: 0, to: pairs.count, by: Journal.payloadChunkCount) {
            let chunk = pairs[start..<min(start + Journal.payloadChunkCount, pairs.count)]
            let names = chunk.map { PayloadKey($0.0, $0.1) }
            let rows = try read { reader in
                try names.map { try payloadUnlessConflict($0, reader) }
            }
            for row in rows {
                guard let row else {
                    facts.append(nil)
                    continue
                }
                facts.append(try openPayload(row))
            }
        }
        return facts
    }

    /// Returns the payload of a value, nil for a conflict; throws `unknown_fact` if there is neither.
    private func payloadUnlessConflict(
        _ name: PayloadKey, _ reader: borrowing ReadTransaction
    ) throws -> PayloadRow? {
        if let row = try payload(name, reader) { return row }
        if try reader.contains(name.bytes, in: tables.conflicts) { return nil }
        throw JournalError.unknownFact(name.fact, at: "with the leaf \(name.leaf)")
    }

    /// Returns the fact in a payload row, or nil if its key was erased.
    func openPayload(_ row: PayloadRow) throws(JournalError) -> Fact? {
        guard let key = try keys.key(row.sealed.slot) else { return nil }
        let payload = try row.sealed.opened(name: row.name, slotKey: key)
        do { return try Fact(payload: payload) } catch {
            throw .corrupt("the payload of fact \(row.name.fact.hex) is damaged: \(error)")
        }
    }
}
