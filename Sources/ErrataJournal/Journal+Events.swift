package import ErrataCore
import LMDB

extension Journal {
    /// The kind of the events that hold receipts.
    package static let receiptKind = "receipt"

    /// Appends an event; returns its sequence when it is durable.
    package func appendEvent(
        kind: String, body: [UInt8], actor: Actor
    ) async throws(JournalError) -> UInt64 {
        try await eventLog.append(.init(kind: kind, actor: actor, body: body, receipt: nil))
    }

    /// Stores a receipt under its id; returns the sequence of its event, the old one if it is there already.
    package func putReceipt(
        _ id: Digest, body: [UInt8], actor: Actor
    ) async throws(JournalError) -> UInt64 {
        try await eventLog.append(
            .init(kind: Journal.receiptKind, actor: actor, body: body, receipt: id))
    }

    /// Returns the event that holds the receipt `id`, or nil.
    package func receipt(_ id: Digest) throws(JournalError) -> Event? {
        let events = eventLog.storage
        return try events.read { reader in
            guard let key = try reader.value(of: id.bytes, in: events.receipts) else { return nil }
            guard let sequence = key.bigEndianValue,
                let bytes = try reader.value(of: key, in: events.events)
            else { throw JournalError.corrupt("the receipt \(id.hex) has no event") }
            let event = try Event(sequence: sequence, decoding: bytes)
            guard event.receipt == id else {
                throw JournalError.corrupt("event \(sequence) does not hold receipt \(id.hex)")
            }
            return event
        }
    }

    /// The number that the next event will have; the oldest ones may have been pruned.
    package var nextEvent: UInt64 { eventLog.storage.nextSequence }

    package func event(_ sequence: UInt64) throws(JournalError) -> Event {
        let events = eventLog.storage
        let bytes = try events.read {
            try $0.value(of: [UInt8](bigEndian: sequence), in: events.events)
        }
        guard let bytes else {
            throw JournalError(.unknownEvent, "there is no event \(sequence)")
        }
        return try Event(sequence: sequence, decoding: bytes)
    }

    /// Returns events from `from` on, oldest first, at most `limit`.
    package func events(from: UInt64, limit: Int) throws(JournalError) -> [Event] {
        try eventLog.storage.events(from: from, limit: limit)
    }
}

extension EventStorage {
    /// Returns events from `from` on, oldest first, at most `limit`.
    func events(from: UInt64, limit: Int) throws(JournalError) -> [Event] {
        var events: [Event] = []
        var start = from
        while events.count < limit {
            let count = min(limit - events.count, Journal.operationChunkCount)
            let entries = try read {
                try $0.entries(of: self.events, atLeast: [UInt8](bigEndian: start), limit: count)
            }
            for entry in entries {
                guard let sequence = entry.key.bigEndianValue else {
                    throw .corrupt("a key of the events is not a sequence")
                }
                events.append(try Event(sequence: sequence, decoding: entry.value))
            }
            guard entries.count == count, let last = events.last, last.sequence < .max else {
                break
            }
            start = last.sequence + 1
        }
        return events
    }
}
