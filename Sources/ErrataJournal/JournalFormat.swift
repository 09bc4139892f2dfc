import ErrataCore
import LMDB

// JOURNAL FORMAT, version 1. Integers in keys and rows are big-endian, so LMDB's key order is the order
// of the operations. Records are canonical CBOR. `Schemas/journal-format.md` says the same at length.
//
//   data directory
//     keys      the erasure keys: header (64), then a random key (32) a slot; see KeyFile.swift
//     lock      flock(2); holds the pid of the process that has the store open
//     journal/  LMDB: the tables below
//     events/   LMDB: receipts, audited reads and refusals; see EventLog.swift
//
//   table       key                        value
//   meta        "format"                   {0 version, 1 reader flags, 2 writer flags, 3 store id}
//               "slots"                    the next free slot (8); slots in use (8), if fewer
//               "derived"                  the layout of the derived tables (8), see JournalRebuild.swift
//   operations  sequence (8)               record, see Operation.swift               append only
//   payloads    sequence (8), FactID (16)  leaf (32), slot (8), sealed fact; see Payloads.swift  append only
//   merkle      level (1), index (8)       hash (32) of a complete subtree           derived
//   commits     commit id (32)             row, see CommitRow.swift                  derived
//   nodes       sequence (8)               the trie nodes that are new in it         derived
//   history     FactID (16), sequence (8)  commit id (32), flags (1), leaves         derived
//               FactID, 0xff, leaf (32)    where the payload lies; see PayloadPlace.swift  derived
//   branches    name                       commit id (32), sequence (8)              derived
//   tags        name                       commit id (32), sequence (8)              derived
//   reflog      name, 0, sequence (8)      commit id (32), or nothing if deleted     derived
//   redactions  FactID (16), leaf (32)     sequence (8)                              derived
//   models      name, 0, sequence (8)      hash (32)                                 derived
//   conflicts   FactID (16), leaf (32)     what the leaf stands for; see Conflict.swift  derived
//   policies    sequence (8)               nothing                                   derived
//
// Valid: operation n holds the RFC 6962 root of operations 0 ..< n and a time after that of n - 1, and
// every derived row is what replaying the operations gives. `Journal.verify` replays them.
//
// A reader sees whole operations only: the record and every row that follows from it are one record of the
// redo log, and several operations may share one. The file of keys is filled and synced before a row may name
// a slot. After a crash the last record is there as a whole or not at all; key slots from "slots" on are free.
//
// Example: operation 0 (init) writes commit c0, the empty set, and `main` at it. 1: put a=1 on main → c1.
// 2: put a=2 → c2. 3: revert c2 → c3, whose root is that of c1 and whose leaf of `a` is the one of
// operation 1, in the same slot. 4: rollback of main to c1; c2 and c3 stay, `main@{3}` is c3.
// Blame of `a` is c1 at c1, c2 at c2 and c1 at c3.

/// The constants of the format.
enum JournalFormat {
    static let version: UInt64 = 1
    /// Operations of types 7 to 12, 16 and 17, and commits with more than one parent.
    static let graphFlag: UInt64 = 1
    /// Slots that no payload uses, before the last that one uses.
    static let gapFlag: UInt64 = 2
    /// Payloads lie in the order of the operations that brought them.
    static let payloadOrderFlag: UInt64 = 4
    /// Features that a reader must know.
    static let readerFlags = graphFlag | gapFlag | payloadOrderFlag
    /// Features that only a writer must know: none yet.
    static let writerFlags: UInt64 = 0
    /// The layout of the derived tables: 2 since commit rows know of merges, 3 since `history` knows where payloads lie.
    static let derivedLayout: UInt64 = 3

    static let formatKey = Array("format".utf8)
    static let slotsKey = Array("slots".utf8)
    static let derivedKey = Array("derived".utf8)
}

/// The tables of the journal's environment.
struct JournalTables: Sendable {
    static let names = [
        "meta", "operations", "payloads", "merkle", "commits", "nodes", "history", "branches",
        "tags", "reflog", "redactions", "models", "conflicts", "policies",
    ]

    let meta: Table
    let operations: Table
    let payloads: Table
    let merkle: Table
    let commits: Table
    let nodes: Table
    let history: Table
    let branches: Table
    let tags: Table
    let reflog: Table
    let redactions: Table
    let models: Table
    let conflicts: Table
    let policies: Table

    /// Those that follow from the operations.
    var derived: [Table] {
        [
            merkle, commits, nodes, history, branches, tags, reflog, redactions, models, conflicts,
            policies,
        ]
    }
    /// All of them, in the order of ``names``.
    let all: [Table]

    init(in environment: Environment) throws {
        let tables = try environment.tables(named: JournalTables.names)
        all = tables
        meta = tables[0]
        operations = tables[1]
        payloads = tables[2]
        merkle = tables[3]
        commits = tables[4]
        nodes = tables[5]
        history = tables[6]
        branches = tables[7]
        tags = tables[8]
        reflog = tables[9]
        redactions = tables[10]
        models = tables[11]
        conflicts = tables[12]
        policies = tables[13]
    }
}

/// The first row of an environment: which format it has and which store it belongs to.
struct FormatRow: Equatable {
    var version = JournalFormat.version
    var readerFlags = JournalFormat.graphFlag | JournalFormat.payloadOrderFlag
    var writerFlags = JournalFormat.writerFlags
    let store: StoreID

    var hasPayloadOrder: Bool { readerFlags & JournalFormat.payloadOrderFlag != 0 }

    init(store: StoreID, hasGaps: Bool = false) {
        self.store = store
        if hasGaps { readerFlags |= JournalFormat.gapFlag }
    }

    var encoded: [UInt8] {
        CBOR.fields([
            (0, .unsigned(version)), (1, .unsigned(readerFlags)), (2, .unsigned(writerFlags)),
            (3, .bytes(store.bytes)),
        ]).encoded
    }

    /// Reads the row; throws `unsupported_format` if this program must not touch the store.
    init(decoding bytes: [UInt8], of place: String) throws {
        do {
            var fields = try CBORFields(CBOR(decoding: bytes), of: "format")
            version = try fields.unsigned(0)
            // A later version may lay out the rest in another way, so it is judged first.
            guard version == JournalFormat.version else {
                throw JournalError.unknownVersion(version, of: place)
            }
            readerFlags = try fields.unsigned(1)
            writerFlags = try fields.unsigned(2)
            guard let store = StoreID(try fields.bytes(3)) else {
                throw JournalError.corrupt("the store id of \(place) is not 16 bytes")
            }
            self.store = store
            try fields.finish()
        } catch let error as CBORError {
            throw JournalError.corrupt("the format row of \(place) is damaged: \(error)")
        }
        let unknown =
            (readerFlags & ~JournalFormat.readerFlags)
            | (writerFlags & ~JournalFormat.writerFlags)
        guard unknown == 0 else { throw JournalError.unknownFeatures(unknown, of: place) }
    }
}

/// Which slots of the key file are given out.
struct SlotsRow: Equatable, Sendable {
    /// The first slot after all that payloads use.
    private(set) var next: UInt64 = 0
    /// How many payloads there are.
    private(set) var used: UInt64 = 0

    /// Whether there are slots before ``next`` that no payload uses.
    var hasGaps: Bool { used < next }

    var encoded: [UInt8] {
        [UInt8](bigEndian: next) + (hasGaps ? [UInt8](bigEndian: used) : [])
    }

    init() {}

    /// Reads the row; throws `corrupt` if it is damaged.
    init(decoding bytes: [UInt8]?) throws(JournalError) {
        guard let bytes, let next = Array(bytes.prefix(8)).bigEndianValue,
            let used = bytes.count == 8 ? next : Array(bytes.dropFirst(8)).bigEndianValue,
            used < next || bytes.count == 8
        else { throw .corrupt("the journal has no count of slots") }
        (self.next, self.used) = (next, used)
    }

    /// Adds a payload in `slot`.
    mutating func add(_ slot: UInt64) {
        next = max(next, slot + 1)
        used += 1
    }
}

/// The random name of a store; its clones share it.
struct StoreID: Hashable, Sendable {
    static let byteCount = 16
    let bytes: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard bytes.count == StoreID.byteCount else { return nil }
        self.bytes = bytes
    }
}
