import CLMDB

/// How much of an environment's file a table takes.
package struct TableUsage: Equatable, Sendable {
    package let name: String
    package let rowCount: Int
    /// All pages of the table's tree.
    package let byteCount: Int
}

/// How the pages of an environment's file are used.
package struct EnvironmentUsage: Equatable, Sendable {
    package let tables: [TableUsage]
    /// Pages that the next commits will use first.
    package let freeBytes: Int
    /// The meta pages, the list of tables and the list of free pages.
    package let ownBytes: Int

    package var totalBytes: Int { tables.reduce(freeBytes + ownBytes) { $0 + $1.byteCount } }
}

extension Environment {
    /// Writes the state of this moment to the open file `descriptor`, without free pages.
    ///
    /// Others go on writing. One transaction is open meanwhile. Nothing is synced. What is in memory is not in it.
    package func copyCompacted(to descriptor: CInt) throws {
        try withHandle { env in
            let code = mdb_env_copyfd2(env, descriptor, UInt32(MDB_CP_COMPACT))
            try check(code, "copy \(directory)")
        }
    }

    /// Returns how the file is used at this moment; costs a page a table, and the list of free pages.
    package func usage(of tables: [Table]) throws -> EnvironmentUsage {
        try flush()
        return try read { reader in
            let used = try tables.map { try reader.usage(of: $0) }
            let free = Table(name: "free pages", handle: 0)
            let freePages = try reader.withCursor(over: free) { cursor in
                var count = 0
                while let entry = try cursor.next(), entry.value.count >= 8 {
                    count += Int(clamping: entry.value.number(UInt64.self, at: 0))
                }
                return count
            }
            let own = try [free, Table(name: "tables", handle: 1)].map { try reader.usage(of: $0) }
            let pageBytes = try reader.pageByteCount(of: free)
            return EnvironmentUsage(
                tables: used, freeBytes: freePages * pageBytes,
                ownBytes: own.reduce(2 * pageBytes) { $0 + $1.byteCount })
        }
    }
}

extension ReadTransaction {
    private func statistics(of table: Table) throws -> MDB_stat {
        var statistics = MDB_stat()
        try check(mdb_stat(handle, table.handle, &statistics), "measure \(table.name)")
        return statistics
    }

    fileprivate func pageByteCount(of table: Table) throws -> Int {
        Int(try statistics(of: table).ms_psize)
    }

    fileprivate func usage(of table: Table) throws -> TableUsage {
        let statistics = try statistics(of: table)
        let pages =
            statistics.ms_branch_pages + statistics.ms_leaf_pages + statistics.ms_overflow_pages
        return TableUsage(
            name: table.name, rowCount: statistics.ms_entries,
            byteCount: Int(statistics.ms_psize) * pages)
    }
}
