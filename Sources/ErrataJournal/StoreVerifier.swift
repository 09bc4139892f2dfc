package import ErrataCore
import LMDB

/// The whole store as it is verified: by the process that has it open, or by another one beside it.
package struct StoreVerifier: Sendable {
    let store: JournalStore
    let events: EventStorage
    private let signer: CheckpointSigner
    private let directory: String

    init(
        store: JournalStore, events: EventStorage, signer: CheckpointSigner, in directory: String
    ) {
        self.directory = directory
        self.signer = signer
        self.store = store
        self.events = events
    }

    /// Opens the store in `directory` to read, without its lock and without making or mending anything.
    ///
    /// LMDB's own lock file keeps a reader's pages while another process writes. A damaged store may end this
    /// process by a signal: that is why another one should not do this itself.
    package init(reading directory: String) throws(JournalError) {
        do {
            let keys = try KeyFile(reading: directory)
            store = try JournalStore(reading: directory, keys: keys)
            signer = CheckpointSigner(in: directory, store: keys.store, random: .system)
            events = try EventStorage(reading: directory + "/events", store: keys.store)
            self.directory = directory
            try catchUp()
        } catch { throw JournalError(wrapping: error) }
    }

    /// Returns when the journal's file has every operation that was acknowledged before, which a process that writes
    /// keeps in memory for a moment.
    package func catchUp() throws(JournalError) {
        guard store.lock != nil || StoreLock.isHeld(in: directory) else { return }
        do { try store.environment.catchUp() } catch { throw JournalError(wrapping: error) }
    }

    package func close() {
        store.environment.close()
        events.environment.close()
    }

    /// Returns what ``Journal/verify(progress:)`` says.
    package func report(
        _ progress: @escaping (_ part: String, _ done: UInt64) -> Void = { _, _ in }
    ) -> VerifyReport {
        defer { TableTrace.clear() }
        var pages = VerifyReport()
        checkPages(&pages, progress)
        var operations = OperationVerifier(store: store)
        operations.run(progress)
        var report = operations.report
        report.addListed(pages)
        store.verifyPayloads(&report, progress)
        events.verify(&report, progress)
        checkFormat(&report)
        if let problem = signer.problem() { report.add("signing-key", problem) }
        return report
    }

    /// Holds both format rows, flags included, and the mark of the derived tables against what this program writes.
    private func checkFormat(_ report: inout VerifyReport) {
        do {
            // One view of both rows: a commit may be changing them.
            let (slots, journalRow) = try store.read { [table = store.tables.meta] in
                (
                    try SlotsRow(decoding: $0.value(of: JournalFormat.slotsKey, in: table)),
                    try $0.value(of: JournalFormat.formatKey, in: table)
                )
            }
            let eventsRow = try events.read { [table = events.meta] in
                try $0.value(of: JournalFormat.formatKey, in: table)
            }
            let id = store.keys.store
            let rows = [
                ("meta", FormatRow(store: id, hasGaps: slots.hasGaps), journalRow),
                ("events/meta", FormatRow(store: id), eventsRow),
            ]
            for (place, expected, row) in rows where row != expected.encoded {
                report.add(place, "the format row is not the one that this program writes")
            }
            let layout = try store.read { [table = store.tables.meta] in
                try $0.value(of: JournalFormat.derivedKey, in: table)
            }
            if layout?.bigEndianValue != JournalFormat.derivedLayout {
                report.add("derived", "the tables are not marked as this program's")
            }
        } catch {
            report.add("meta", error)
        }
    }

    /// Checks the files beneath the tables, page by page, before anything believes what they say.
    private func checkPages(
        _ report: inout VerifyReport, _ progress: @escaping (String, UInt64) -> Void
    ) {
        for (name, environment) in [
            ("journal", store.environment), ("events", events.environment),
        ] {
            do {
                let problems = try environment.checkPages { done, _ in
                    progress("pages of \(name)", UInt64(done))
                }
                for problem in problems {
                    report.add("\(name)/\(problem.table ?? "data.mdb")", problem.message)
                }
            } catch {
                report.add("\(name)/data.mdb", error)
            }
        }
    }

    // MARK: For those who verify what follows from the journal

    /// Returns what can be read of some values, in their order: the fact, the sides of a conflict, nothing of a
    /// redacted one; nil for those that the store never had.
    package func facts(_ pairs: [(FactID, Leaf)]) throws(JournalError) -> [[Fact]?] {
        // What the caller reads next is none of these tables.
        defer { TableTrace.clear() }
        return try store.read { reader in
            try pairs.map { id, leaf -> [Fact]? in
                let name = PayloadKey(id, leaf)
                if let row = try store.payload(name, reader) {
                    return [try store.openPayload(row)].compactMap(\.self)
                }
                guard let conflict = try store.conflict(of: id, leaf, reader) else { return nil }
                return try conflict.sides.compactMap(\.self).compactMap { side in
                    try store.payload(PayloadKey(id, side), reader)
                        .flatMap { try store.openPayload($0) }
                }
            }
        }
    }

    /// Returns the values of these facts in their order; nil for each that is redacted or in conflict.
    package func plainFacts(_ pairs: [(FactID, Leaf)]) throws(JournalError) -> [Fact?] {
        try store.facts(pairs)
    }

    /// Returns operations from `from` on, oldest first, at most `limit`.
    package func operations(from: UInt64, limit: Int) throws(JournalError) -> [Operation] {
        try store.operations(from: from, limit: limit)
    }

    /// Returns events from `from` on, oldest first, at most `limit`.
    package func events(from: UInt64, limit: Int) throws(JournalError) -> [Event] {
        try events.events(from: from, limit: limit)
    }

    /// Returns HMAC-SHA-256 of `text` under the store's secret.
    package func textDigest(of text: String) -> Digest {
        .hmac(Array(text.utf8), key: store.keys.secret)
    }

    /// The Merkle root of all operations.
    package var root: Digest {
        get throws(JournalError) {
            try store.read { reader in
                try store.tables.frontier(size: store.operationCount(reader), reader).root
            }
        }
    }
}
