import ErrataCore
import FoundationEssentials
import GRDB

extension IndexDatabase {
    /// What makes a row the same row.
    struct Identity: Hashable {
        let fact: FactID
        let kind: SurfaceKind
        let textID: [UInt8]
    }

    /// A row to be added.
    struct NewRow {
        let identity: Identity
        let text: String
        let tokenCount: Int
    }

    /// Returns the number of the row with each identity, nil where there is none.
    func rows(identities: [Identity]) throws -> [Int?] {
        try readAsWriter { db in
            let statement = try db.cachedStatement(
                sql: "SELECT id FROM rows WHERE fact = ? AND kind = ? AND text = ?")
            return try identities.map { identity in
                try statement.first(
                    identity.fact.bytes, Int(identity.kind.rawValue), identity.textID
                ) { Int($0.integer(0)) }
            }
        }
    }

    /// Returns for each text a row below `limit` that has it, nil where there is none; for indexes with an encoder.
    func rows(textIDs: [[UInt8]], below limit: Int) throws -> [Int?] {
        try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT id FROM rows WHERE text = ? AND id < ? LIMIT 1")
            return try textIDs.map { try statement.first($0, limit) { Int($0.integer(0)) } }
        }
    }

    /// Adds rows `start...` and what fact versions consist of, all or nothing.
    func add(
        _ rows: [NewRow], start: Int, versions: [(FactVersion, [UInt32])],
        vectorCount: (encoder: [UInt8], count: Int)?
    ) throws {
        try write { db in
            let insertRow = try db.cachedStatement(sql: "INSERT INTO rows VALUES (?, ?, ?, ?, ?)")
            let insertText = try db.cachedStatement(
                sql: "INSERT INTO texts (rowid, text) VALUES (?, ?)")
            for (i, row) in rows.enumerated() {
                try insertRow.run(
                    start + i, row.identity.fact.bytes, Int(row.identity.kind.rawValue),
                    row.identity.textID, row.tokenCount)
                guard row.identity.kind.isSearched else { continue }
                try insertText.run(start + i, row.text)
            }
            let insertVersion = try db.cachedStatement(
                sql: "INSERT OR REPLACE INTO fact_rows VALUES (?, ?, ?)")
            for (version, rows) in versions {
                try insertVersion.run(version.fact.bytes, version.leaf.bytes, pack(rows))
            }
            if let vectorCount { try IndexDatabase.set(db, vectorCount.encoder, vectorCount.count) }
        }
    }

    func setVectorCount(_ count: Int, encoder: [UInt8]) throws {
        try write { try IndexDatabase.set($0, encoder, count) }
    }

    private static func set(_ db: Database, _ encoder: [UInt8], _ count: Int) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO encoders VALUES (?, ?)", arguments: [Data(encoder), count])
    }
}

private func pack(_ rows: [UInt32]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rows.count * 4)
    for row in rows {
        for shift in [0, 8, 16, 24] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: row >> shift))
        }
    }
    return bytes
}
