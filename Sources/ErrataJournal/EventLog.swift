package import ErrataCore
import LMDB
import Synchronization

// EVENT FORMAT, version 1, in an environment of its own: what was asked, answered and refused. It proves
// nothing about knowledge and may be pruned, so it stays out of the Merkle tree.
//
//   table      key             value
//   meta       "format"        as in the journal
//   events     sequence (8)    record                           append only, ends may be pruned
//   receipts   id (32)         sequence (8) of its event        derived
//
//   record     {0 version (2), 1 kind, 2 time (µs), 3 actor, 4 body, 5 receipt id if it is one,
//               6 the first 8 bytes of SHA-256 of sequence (8) ‖ the record without this field}
//
// The sum is for bits that flip, not against an adversary. Version 1 has none; it is read and never written.
// Times are strictly increasing. Bodies are the caller's bytes.

/// One thing that happened beside the operations.
package struct Event: Hashable, Sendable {
    package static let version: UInt64 = 2
    static let checksumByteCount = 8
    package static let kindBytesMax = 64
    package static let bodyBytesMax = 1 << 20

    package let sequence: UInt64
    package let kind: String
    package let time: Timestamp
    package let actor: Actor
    package let body: [UInt8]
    /// The name of the receipt that this event stores, if it does.
    package let receipt: Digest?

    var encoded: [UInt8] { record(checksum: checksum) }

    private func record(checksum: [UInt8]?) -> [UInt8] {
        var out = CBORWriter(capacity: 256 + body.count)
        out.map(5 + (receipt == nil ? 0 : 1) + (checksum == nil ? 0 : 1))
        out.unsigned(0)
        out.unsigned(Event.version)
        out.unsigned(1)
        out.text(kind)
        out.unsigned(2)
        out.value(.int(time.microseconds))
        out.unsigned(3)
        actor.write(to: &out)
        out.unsigned(4)
        out.bytes(body)
        if let receipt {
            out.unsigned(5)
            out.bytes(receipt)
        }
        if let checksum {
            out.unsigned(6)
            out.bytes(checksum)
        }
        return out.bytes
    }

    /// What the record's last field must be.
    fileprivate var checksum: [UInt8] {
        let bytes = [UInt8](bigEndian: sequence) + record(checksum: nil)
        return Array(Digest.sha256(bytes).bytes.prefix(Event.checksumByteCount))
    }
}

extension Event {
    init(sequence: UInt64, decoding bytes: [UInt8]) throws(JournalError) {
        do throws(CBORError) {
            var fields = try CBORFields(CBOR(decoding: bytes), of: "event")
            let version = try fields.unsigned(0)
            guard version == 1 || version == Event.version else {
                throw CBORError(message: "event version \(version) is unknown", offset: 0)
            }
            let receipt = try fields.bytesIfPresent(5)
            guard receipt == nil || receipt?.count == Digest.byteCount else {
                throw CBORError(message: "the receipt id is not 32 bytes", offset: 0)
            }
            self.sequence = sequence
            kind = try fields.text(1)
            time = Timestamp(microseconds: try fields.int(2))
            actor = try Actor(try fields.value(3))
            body = try fields.bytes(4)
            self.receipt = receipt.flatMap { Digest($0) }
            let sum = version == 1 ? nil : try fields.bytes(6)
            try fields.finish()
            guard version == 1 || sum == checksum else {
                throw CBORError(message: "its checksum is another", offset: 0)
            }
        } catch {
            throw .corrupt("event \(sequence) is damaged: \(error)")
        }
    }
}

/// The events of a store.
final class EventLog: Sendable {
    private static let batchWeightMax = 10_000

    /// An event before it has a place.
    struct Draft: Sendable {
        let kind: String
        let actor: Actor
        let body: [UInt8]
        let receipt: Digest?
    }

    let storage: EventStorage
    let observers = Observers()
    private let writer: GroupCommitter<Draft, UInt64>

    /// Starts the thread that writes to `storage`.
    init(_ storage: EventStorage) throws(JournalError) {
        self.storage = storage
        let observers = observers
        writer = try GroupCommitter(
            weightMax: EventLog.batchWeightMax, write: { try storage.write($0) },
            afterWrite: { observers.tell(storage.nextSequence &- 1) })
    }

    func append(_ draft: Draft) async throws(JournalError) -> UInt64 {
        guard (1...Event.kindBytesMax).contains(draft.kind.utf8.count) else {
            throw .limit(
                "the length of the event kind", draft.kind.utf8.count, max: Event.kindBytesMax)
        }
        guard draft.body.count <= Event.bodyBytesMax else {
            throw .limit(
                "the size of the event", draft.body.count, max: Event.bodyBytesMax)
        }
        return try await writer.submit(draft, weight: 1).get()
    }

    func close() async {
        await writer.close()
        storage.environment.close()
    }

    func beginClose() { writer.beginClose() }
}

/// The environment of the events.
final class EventStorage: Sendable {
    private struct Position {
        var next: UInt64 = 0
        var lastTime = Timestamp(microseconds: .min)
    }

    /// Held for as long as anything of this directory may be written; nil where nothing is.
    private let lock: StoreLock?
    let environment: Environment
    let meta: Table
    let events: Table
    let receipts: Table
    private let clock: @Sendable () -> Timestamp
    private let position = Mutex(Position())

    /// Opens the environment in `directory`/events; makes it if it is missing.
    init(
        in directory: String, lock: StoreLock, store: StoreID, options: JournalOptions
    ) throws {
        self.lock = lock
        environment = try Environment.openOrCreate(at: directory + "/events", options: options)
        let tables = try environment.tables(named: EventStorage.tableNames)
        (meta, events, receipts) = (tables[0], tables[1], tables[2])
        clock = options.clock
        try checkFormat(store)
        try loadPosition()
    }

    /// Opens the environment for one who only reads, beside the process that may be writing it.
    init(reading path: String, store: StoreID) throws {
        lock = nil
        environment = try Environment(at: path, options: .init(isReadOnly: true))
        let tables = try environment.tables(named: EventStorage.tableNames)
        (meta, events, receipts) = (tables[0], tables[1], tables[2])
        clock = JournalOptions.systemClock
        let bytes = try environment.read { try $0.value(of: JournalFormat.formatKey, in: meta) }
        guard bytes != nil else { throw JournalError.corrupt("the event log has no format row") }
        try checkFormat(store)
    }

    private static let tableNames = ["meta", "events", "receipts"]

    private func checkFormat(_ store: StoreID) throws {
        let bytes = try environment.read { try $0.value(of: JournalFormat.formatKey, in: meta) }
        let current = FormatRow(store: store).encoded
        guard bytes != current else { return }
        if let bytes, try FormatRow(decoding: bytes, of: "the event log").store != store {
            throw JournalError.corrupt("the event log belongs to another store than the key file")
        }
        // An earlier program wrote it; from here on this one writes, and its flags count.
        guard lock != nil else { return }
        try environment.write { try $0.put(current, for: JournalFormat.formatKey, in: meta) }
    }

    /// The number that the next event will have.
    var nextSequence: UInt64 { position.withLock { $0.next } }

    private func loadPosition() throws {
        let last = try environment.read { reader in
            try reader.withCursor(over: events) { try $0.last() }
        }
        guard let last else { return }
        guard let sequence = last.key.bigEndianValue, sequence < .max else {
            throw JournalError.corrupt("the last key of the events is not a sequence")
        }
        let time = try Event(sequence: sequence, decoding: last.value).time
        position.withLock { $0 = Position(next: sequence + 1, lastTime: time) }
    }

    /// Writes the drafts in one transaction; a receipt that is there already keeps its event.
    func write(_ drafts: [EventLog.Draft]) throws -> [Result<UInt64, JournalError>] {
        try position.withLock { position in
            let before = position
            let (after, sequences) = try environment.write { transaction in
                var position = before
                let sequences = try drafts.map { try write($0, &position, transaction) }
                return (position, sequences)
            }
            position = after
            return sequences.map { .success($0) }
        }
    }

    private func write(
        _ draft: EventLog.Draft, _ position: inout Position,
        _ transaction: borrowing WriteTransaction
    ) throws -> UInt64 {
        if let receipt = draft.receipt,
            let known = try transaction.reader.value(of: receipt.bytes, in: receipts)?
                .bigEndianValue
        {
            return known
        }
        let sequence = position.next
        let time = max(
            clock(), Timestamp(microseconds: max(position.lastTime.microseconds, .min + 1) + 1))
        let event = Event(
            sequence: sequence, kind: draft.kind, time: time, actor: draft.actor, body: draft.body,
            receipt: draft.receipt)
        let key = [UInt8](bigEndian: sequence)
        try transaction.append(event.encoded, for: key, in: events)
        if let receipt = draft.receipt {
            try transaction.insert(key, for: receipt.bytes, in: receipts)
        }
        position = Position(next: sequence + 1, lastTime: time)
        return sequence
    }

    func read<Result>(
        _ body: (borrowing ReadTransaction) throws -> Result
    ) throws(JournalError) -> Result {
        do { return try environment.read(body) } catch { throw JournalError(wrapping: error) }
    }
}
