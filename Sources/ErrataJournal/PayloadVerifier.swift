import ErrataCore
import LMDB

extension JournalStore {
    /// How many payload rows are copied out in one transaction.
    private static let payloadRowsPerTransaction = 256

    /// Opens every payload and checks that its name, slot and text belong together.
    func verifyPayloads(_ report: inout VerifyReport, _ progress: (String, UInt64) -> Void) {
        var slots: Set<UInt64> = []
        var bringer = Bringer()
        var after: [UInt8]? = []
        do {
            while let start = after {
                let page = try read { try payloadPage(after: start, &bringer, $0) }
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

    private struct FoundRow {
        let entry: Cursor.Entry
        /// Nil if the row is cut short.
        let payload: PayloadRow?
        /// Whether its operation brought this value.
        let isUsed: Bool
        let isRedacted: Bool
    }

    /// The edits of an operation whose payloads are being looked at, in the order of facts.
    private struct Bringer {
        var sequence: UInt64?
        var edits: [Edit] = []

        /// Returns whether one of the edits gives the fact this leaf.
        func brings(_ name: PayloadKey) -> Bool {
            var (low, high) = (0, edits.count)
            while low < high {
                let middle = (low + high) / 2
                if edits[middle].fact < name.fact { low = middle + 1 } else { high = middle }
            }
            return low < edits.count && edits[low].fact == name.fact
                && edits[low].new == name.leaf
        }
    }

    private func payloadPage(
        after: [UInt8], _ bringer: inout Bringer, _ reader: borrowing ReadTransaction
    ) throws -> (rows: [FoundRow], nextSlot: UInt64) {
        let entries = try reader.entries(
            of: tables.payloads, after: after, limit: JournalStore.payloadRowsPerTransaction)
        var rows: [FoundRow] = []
        for entry in entries {
            let row = PayloadRow(decoding: entry.key, entry.value)
            rows.append(
                FoundRow(
                    entry: entry, payload: row,
                    isUsed: try row.map { try isUsed($0, &bringer, reader) } ?? false,
                    isRedacted: try row.map {
                        try reader.contains($0.name.bytes, in: tables.redactions)
                    } ?? false))
        }
        let slots = try SlotsRow(
            decoding: reader.value(of: JournalFormat.slotsKey, in: tables.meta))
        let count = try reader.count(of: tables.payloads)
        guard slots.used == UInt64(count) else {
            throw JournalError.corrupt("\(slots.used) slots are in use, there are \(count) rows")
        }
        return (rows, slots.next)
    }

    /// Asks the operation itself: one truth is held against the other, and no derived row has a say.
    private func isUsed(
        _ row: PayloadRow, _ bringer: inout Bringer, _ reader: borrowing ReadTransaction
    ) throws -> Bool {
        if bringer.sequence != row.sequence {
            bringer = Bringer(sequence: row.sequence)
            // One that cannot be read is a finding of the operations.
            if let operation = try? operationIfPresent(row.sequence, reader),
                let bytes = operation.body.commitBytes
            {
                bringer.edits = (try? Commit(decoding: bytes).edits) ?? []
            }
        }
        return bringer.brings(row.name)
    }

    private func check(
        _ row: FoundRow, _ nextSlot: UInt64, _ slots: inout Set<UInt64>,
        _ report: inout VerifyReport
    ) {
        guard let payload = row.payload else {
            return report.add("payloads", "a row is cut short")
        }
        let (name, sealed) = (payload.name, payload.sealed)
        let place = "the value of fact \(name.fact.hex) in slot \(sealed.slot)"
        if !row.isUsed { report.add("payloads", "\(place) is in no commit") }
        guard sealed.slot < nextSlot else {
            return report.add("payloads", "\(place) has a slot that was never given out")
        }
        if !slots.insert(sealed.slot).inserted {
            report.add("payloads", "\(place) shares its slot with another")
        }
        do {
            guard let fact = try openPayload(payload) else {
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
