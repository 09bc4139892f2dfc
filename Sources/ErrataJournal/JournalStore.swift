import CErrataSystem
import ErrataCore
import LMDB
import Synchronization

/// The journal's environment, tables and keys: what reading and writing share.
final class JournalStore: Sendable {
    /// Held for as long as anything of this directory may be written; nil where nothing is.
    let lock: StoreLock?
    let environment: Environment
    let tables: JournalTables
    let keys: KeyFile
    let options: JournalOptions
    /// Where the next operation goes, after those that are stored; only who stores them changes it.
    let position: Mutex<JournalPosition>
    /// The policy in force; apart from the position, which is locked for as long as a write takes.
    let policy = Mutex(Policy.open)

    private let nodeCache = TrieNodeCache()
    let lineages = LineageCache()
    let valueMemory = Mutex(ValueMemory())
    /// How many operations are durable: every view that begins after this was read shows them.
    let operationCount = Atomic<UInt64>(0)

    /// Reads every node from the disk.
    var trie: TrieReader { TrieReader(table: tables.nodes) }
    /// Remembers nodes: for who goes through the same ones again and again.
    var cachedTrie: TrieReader { TrieReader(table: tables.nodes, cache: nodeCache) }

    /// Opens the environment in `directory`/journal; writes operation 0 if there is none.
    init(
        in directory: String, lock: StoreLock, keys: KeyFile, options: JournalOptions
    ) throws {
        let path = directory + "/journal"
        environment = try Environment.openOrCreate(
            at: path, options: options, checkpointByteCount: options.checkpointByteCount)
        tables = try JournalTables(in: environment)
        self.lock = lock
        self.keys = keys
        self.options = options
        position = Mutex(JournalPosition())
        try checkFormat()
        try bringUpToDate()
        try loadPosition()
        if position.withLock({ $0.frontier.size }) == 0 {
            // Slots are drawn only after operation 0 is durable: a journal without it was emptied.
            guard try keys.slotCount() == 0 else {
                throw JournalError.corrupt("the key file has slots, but the journal is empty")
            }
            try initialize()
        }
        try keys.open(used: position.withLock { $0.slots.next })
        try finishRedactions()
    }

    /// Opens the environment in `directory`/journal for one who only reads, beside the process that may be
    /// writing it.
    init(reading directory: String, keys: KeyFile) throws {
        environment = try Environment(
            at: directory + "/journal", options: .init(isReadOnly: true))
        do { tables = try JournalTables(in: environment) } catch let error as LMDBError
            where error.kind == .notFound
        {
            guard try JournalStore.lacksPayloadOrder(environment) else { throw error }
            throw JournalError.outdated(directory, "it lacks a table: \(error)")
        }
        lock = nil
        self.keys = keys
        options = JournalOptions()
        position = Mutex(JournalPosition())
        try checkFormat()
        if try environment.read({ try isOutdated($0) }) {
            throw JournalError.outdated(
                directory, "its payloads are not in the order of the operations")
        }
    }

    /// Whether the format row is that of an earlier program.
    private static func lacksPayloadOrder(_ environment: Environment) throws -> Bool {
        let meta = try environment.tables(named: ["meta"])[0]
        let row = try environment.read { try $0.value(of: JournalFormat.formatKey, in: meta) }
        return try row.map { try !FormatRow(decoding: $0, of: "the journal").hasPayloadOrder }
            ?? false
    }

    // LMDB may be taking over rows just now: who opens the store again must find it closed.
    deinit { environment.close() }

    private func checkFormat() throws {
        try environment.read { reader in
            guard let bytes = try reader.value(of: JournalFormat.formatKey, in: tables.meta) else {
                guard try reader.count(of: tables.operations) == 0 else {
                    throw JournalError.corrupt("the journal has operations but no format row")
                }
                return
            }
            let row = try FormatRow(decoding: bytes, of: "the journal")
            guard row.store == keys.store else {
                throw JournalError.corrupt("the key file belongs to another store than the journal")
            }
        }
    }

    private func loadPosition() throws {
        let loaded = try environment.read { reader in
            var position = try JournalPosition(tables, reader)
            if let sequence = try policyRow(before: position.frontier.size, reader) {
                position.policy = try policy(setBy: sequence, reader)
            }
            return position
        }
        position.withLock { $0 = loaded }
        operationCount.store(loaded.frontier.size, ordering: .releasing)
        policy.withLock { $0 = loaded.policy }
    }

    /// Remembers a node that is going to be where its link says.
    func keep(_ made: TrieUpdate.MadeNode) {
        nodeCache.keep(made.node, made.link, at: made.position)
    }

    /// Forgets the trie nodes of plans that were not stored: they lie nowhere.
    func forgetPlans() { nodeCache.removeAll() }

    /// Runs `body` on one view; every error comes out as a ``JournalError``.
    func read<Result>(
        _ body: (borrowing ReadTransaction) throws -> Result
    ) throws(JournalError) -> Result {
        do { return try environment.read(body) } catch { throw JournalError(wrapping: error) }
    }
}

/// The end of the log: all that the next operation depends on beside the tables.
struct JournalPosition: Sendable {
    /// The Merkle tree of all operations; its size is the next sequence.
    var frontier = MerkleFrontier()
    var lastTime = Timestamp(microseconds: .min)
    var slots = SlotsRow()
    /// The policy in force.
    var policy = Policy.open

    init() {}

    /// Reads the position of a journal that is being opened.
    init(_ tables: JournalTables, _ reader: borrowing ReadTransaction) throws {
        let last = try reader.withCursor(over: tables.operations) { try $0.last() }
        guard let last else { return }
        guard let sequence = last.key.bigEndianValue, sequence < .max else {
            throw JournalError.corrupt("the last key of the operations is not a sequence")
        }
        lastTime = try Operation(sequence: sequence, decoding: last.value).time
        frontier = try tables.frontier(size: sequence + 1, reader)
        slots = try SlotsRow(
            decoding: reader.value(of: JournalFormat.slotsKey, in: tables.meta))
    }

    /// The next operation's time: the clock's, but always after the last one.
    func nextTime(_ now: Timestamp) -> Timestamp {
        guard now <= lastTime else { return now }
        return Timestamp(microseconds: lastTime.microseconds + 1)
    }
}

extension JournalTables {
    /// Returns the right edge of the Merkle tree over the first `size` operations.
    func frontier(
        size: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> MerkleFrontier {
        var peaks: [Digest] = []
        for peak in MerkleTree.peaks(size: size) { peaks.append(try subtree(peak, reader)) }
        guard let frontier = MerkleFrontier(size: size, peaks: peaks) else {
            preconditionFailure("a tree has as many peaks as bits")
        }
        return frontier
    }

    /// Returns the hash of a complete subtree of the operations.
    func subtree(
        _ node: MerkleTree.Node, _ reader: borrowing ReadTransaction
    ) throws -> Digest {
        guard let hash = try reader.value(of: node.key, in: merkle).flatMap({ Digest($0) }) else {
            throw JournalError.corrupt("the Merkle tree has no \(node.place)")
        }
        return hash
    }
}

extension MerkleTree.Node {
    /// The key in the `merkle` table.
    var key: [UInt8] { [level] + [UInt8](bigEndian: index) }

    var place: String { "node at level \(level), index \(index)" }
}
