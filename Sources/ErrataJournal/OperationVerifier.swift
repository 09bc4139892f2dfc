import ErrataCore
import LMDB

/// Replays the operations and holds every derived row against what comes out.
struct OperationVerifier {
    /// About how many edits are replayed in one transaction.
    private static let editCountPerTransaction = 200

    private let store: JournalStore
    private var replay: OperationReplay
    private(set) var report = VerifyReport()
    /// How many rows each derived table must have.
    private var rowCounts: [String: Int] = [:]
    /// The rows so far that several operations may lead to.
    private var repeated: Set<[UInt8]> = []

    private var tables: JournalTables { store.tables }

    init(store: JournalStore) {
        self.store = store
        replay = OperationReplay(store: store)
    }

    mutating func run(_ progress: (String, UInt64) -> Void) {
        do {
            var isDone = false
            while !isDone {
                isDone = try store.read { try advance($0) }
                report.operationCount = replay.frontier.size
                report.commitCount = replay.commitCount
                progress("operations", replay.frontier.size)
            }
        } catch {
            report.add("journal", error)
        }
    }

    /// Replays the next few operations; returns true when there are no more and all rows are compared.
    private mutating func advance(_ reader: borrowing ReadTransaction) throws -> Bool {
        let start = replay.editCount
        var count = 0
        while count + replay.editCount - start < OperationVerifier.editCountPerTransaction {
            let key = [UInt8](bigEndian: replay.frontier.size)
            guard let record = try reader.value(of: key, in: tables.operations) else {
                try compareNames(reader)
                try compareCounts(reader)
                return true
            }
            count += 1
            rowCounts[tables.operations.name, default: 0] += 1
            do {
                for row in try replay.apply(record, reader) { try compare(row, reader) }
            } catch {
                report.add("operations", error)
            }
            for problem in replay.takeProblems() { report.add("operations", problem) }
        }
        return false
    }

    /// Reports the row unless the table has just these bytes.
    private mutating func compare(_ row: DerivedRow, _ reader: borrowing ReadTransaction) throws {
        let isNew = !row.mayRepeat || repeated.insert(row.key).inserted
        if row.value != nil, isNew { rowCounts[row.table.name, default: 0] += 1 }
        let found = try reader.value(of: row.key, in: row.table)
        guard found != row.value else { return }
        let problem =
            found == nil ? "is missing" : row.value == nil ? "must not be" : "differs"
        report.add(row.table.name, "\(row.what) \(problem)")
    }

    // MARK: The end

    private mutating func compareNames(_ reader: borrowing ReadTransaction) throws {
        for (table, rows) in [(tables.branches, replay.branches), (tables.tags, replay.tags)] {
            for (name, row) in rows.sorted(by: { $0.key < $1.key }) {
                try compare(
                    DerivedRow(table: table, key: name.key, value: row.encoded, what: "'\(name)'"),
                    reader)
            }
        }
    }

    private mutating func compareCounts(_ reader: borrowing ReadTransaction) throws {
        for table in [tables.operations] + tables.derived {
            let expected = rowCounts[table.name] ?? 0
            let found = try reader.count(of: table)
            guard found != expected else { continue }
            report.add(table.name, "it has \(found) rows, the operations lead to \(expected)")
        }
        let format = try reader.value(of: JournalFormat.formatKey, in: tables.meta) ?? []
        if try FormatRow(decoding: format, of: "the journal").store != store.keys.store {
            report.add("meta", "the format row is of another store")
        }
        guard try reader.count(of: tables.meta) == 3 else {
            return report.add("meta", "it has rows that this format does not know")
        }
    }
}
