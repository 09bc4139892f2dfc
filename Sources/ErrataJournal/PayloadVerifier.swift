import ErrataCore
import LMDB

extension JournalStore {
    /// How many payload rows are copied out in one transaction.
    private static let payloadRowsPerTransaction = 256

    /// Opens every payload and checks that its name, slot and text belong together.
    func verifyPayloads(_ report: inout VerifyReport, _ progress: (String, UInt64) -> Void) {
        var slots: Set<UInt64> = []
        var after: [UInt8]? = []
        do {
            while let start = after {
                let page = try read { try payloadPage(after: start, $0) }
                for (row, next) in zip(page.rows, page.rows.dropFirst())
                where !row.entry.key.lexicographicallyPrecedes(next.entry.key) {
                    // Going on could come by here again for ever.
                    throw JournalError.corrupt("the rows are out of order")
                }
                if let first = page.rows.first?.entry.key, !start.lexicographicallyPrecedes(first) {
                    throw JournalError.corrupt("the rows are out of order")
                }
                for row in page.rows { check(row, page.nextSlot, &slots, &report) }
                report.payloadCount += page.rows.count
                progress("payloads", UInt64(report.payloadCount))
                after = page.rows.last?.entry.key
            }
        } catch {
            report.add("payloads", error)
        }
    }

    private struct PayloadRow {
        let entry: Cursor.Entry
        /// Whether some commit brought this value.
        let isUsed: Bool
        let isRedacted: Bool
    }

    private func payloadPage(
        after: [UInt8], _ reader: borrowing ReadTransaction
    ) throws -> (rows: [PayloadRow], nextSlot: UInt64) {
        let entries = try reader.entries(
            of: tables.payloads, after: after, limit: JournalStore.payloadRowsPerTransaction)
        var rows: [PayloadRow] = []
        for entry in entries {
            rows.append(
                PayloadRow(
                    entry: entry, isUsed: try isUsed(entry.key, reader),
                    isRedacted: try reader.contains(entry.key, in: tables.redactions)))
        }
        let slots = try SlotsRow(
            decoding: reader.value(of: JournalFormat.slotsKey, in: tables.meta))
        let count = try reader.count(of: tables.payloads)
        guard slots.used == UInt64(count) else {
            throw JournalError.corrupt("\(slots.used) slots are in use, there are \(count) rows")
        }
        return (rows, slots.next)
    }

    private func isUsed(_ key: [UInt8], _ reader: borrowing ReadTransaction) throws -> Bool {
        guard let name = PayloadKey(decoding: key) else { return false }
        return try reader.withCursor(over: tables.history) { cursor in
            var entry = try cursor.seek(atLeast: name.fact.bytes)
            while let row = entry, row.key.starts(with: name.fact.bytes) {
                if HistoryRow(decoding: row.value)?.new == name.leaf { return true }
                entry = try cursor.next()
            }
            return false
        }
    }

    private func check(
        _ row: PayloadRow, _ nextSlot: UInt64, _ slots: inout Set<UInt64>,
        _ report: inout VerifyReport
    ) {
        guard let name = PayloadKey(decoding: row.entry.key),
            let sealed = SealedPayload(decoding: row.entry.value)
        else { return report.add("payloads", "a row is cut short") }
        let place = "the value of fact \(name.fact.hex) in slot \(sealed.slot)"
        if !row.isUsed { report.add("payloads", "\(place) is in no commit") }
        guard sealed.slot < nextSlot else {
            return report.add("payloads", "\(place) has a slot that was never given out")
        }
        if !slots.insert(sealed.slot).inserted {
            report.add("payloads", "\(place) shares its slot with another")
        }
        do {
            guard let fact = try openPayload(row.entry.value, name) else {
                if row.isRedacted, sealed.box.isEmpty { return }
                if row.isRedacted {
                    return report.add("payloads", "\(place) is still there, sealed")
                }
                return report.add("keys", "the key of \(place) is gone, and no operation erased it")
            }
            if row.isRedacted { report.add("keys", "the key of \(place) is still there") }
            if FactID(key: fact.key, secret: keys.secret) != name.fact {
                report.add("payloads", "\(place) is of another fact")
            }
        } catch {
            report.add("payloads", error)
        }
    }
}

extension EventStorage {
    private static let eventsPerTransaction = 256

    /// Decodes every event and checks that receipts and events belong together.
    func verify(_ report: inout VerifyReport, _ progress: (String, UInt64) -> Void) {
        var last: Event?
        var receiptCount = 0
        var isDone = false
        do {
            while !isDone {
                try read { reader in
                    let start = last.map { [UInt8](bigEndian: $0.sequence + 1) } ?? []
                    let entries = try reader.entries(
                        of: events, atLeast: start, limit: EventStorage.eventsPerTransaction)
                    for entry in entries {
                        last = try check(entry, after: last, &receiptCount, &report, reader)
                    }
                    isDone = entries.count < EventStorage.eventsPerTransaction
                    if isDone, try reader.count(of: meta) != 1 {
                        report.add("events/meta", "it has rows that this format does not know")
                    }
                    if isDone, try reader.count(of: receipts) != receiptCount {
                        report.add(
                            "receipts", "their number is not that of the events that hold one")
                    }
                }
                progress("events", UInt64(report.eventCount))
            }
        } catch {
            report.add("events", error)
        }
    }

    private func check(
        _ entry: Cursor.Entry, after last: Event?, _ receiptCount: inout Int,
        _ report: inout VerifyReport, _ reader: borrowing ReadTransaction
    ) throws -> Event {
        guard let sequence = entry.key.bigEndianValue, sequence < .max else {
            throw JournalError.corrupt("a key of the events is not a sequence")
        }
        let event = try Event(sequence: sequence, decoding: entry.value)
        report.eventCount += 1
        if let last, sequence != last.sequence + 1 || event.time <= last.time {
            report.add("events", "event \(sequence) does not follow event \(last.sequence)")
            // Going on could come by here again for ever.
            guard sequence > last.sequence else {
                throw JournalError.corrupt("the events are out of order")
            }
        }
        guard let receipt = event.receipt else { return event }
        receiptCount += 1
        if try reader.value(of: receipt.bytes, in: receipts) != entry.key {
            report.add("receipts", "the receipt \(receipt.hex) does not lead to event \(sequence)")
        }
        return event
    }
}
