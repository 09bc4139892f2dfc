import ErrataCore
import LMDB

/// The tables of a closed store, as bytes.
struct RawStore {
    static let journalTables = [
        "meta", "operations", "payloads", "merkle", "commits", "nodes", "history", "branches",
        "tags", "reflog", "redactions", "models", "conflicts", "policies",
    ]
    static let eventTables = ["meta", "events", "receipts"]

    /// The environment's directory.
    let directory: String
    let names: [String]

    init(journalOf store: TemporaryStore) {
        directory = store.directory + "/journal"
        names = RawStore.journalTables
    }

    init(eventsOf store: TemporaryStore) {
        directory = store.directory + "/events"
        names = RawStore.eventTables
    }

    private func withEnvironment<Result>(
        _ body: (Environment, [String: Table]) throws -> Result
    ) throws -> Result {
        let environment = try Environment(at: directory)
        defer { environment.close() }
        let tables = try environment.tables(named: names)
        return try body(environment, Dictionary(uniqueKeysWithValues: zip(names, tables)))
    }

    /// Returns every row by table, in the order of keys.
    func rows() throws -> [String: [Cursor.Entry]] {
        try withEnvironment { environment, tables in
            try environment.read { reader in
                try tables.mapValues { table in
                    try reader.withCursor(over: table) { cursor in
                        var rows: [Cursor.Entry] = []
                        while let row = try cursor.next() { rows.append(row) }
                        return rows
                    }
                }
            }
        }
    }

    /// Stores `value`, or removes the row if it is nil.
    func set(_ value: [UInt8]?, for key: [UInt8], in name: String) throws {
        try withEnvironment { environment, tables in
            guard let table = tables[name] else { return }
            try environment.write { transaction in
                if let value {
                    try transaction.put(value, for: key, in: table)
                } else {
                    try transaction.delete(key, in: table)
                }
            }
        }
    }
}
