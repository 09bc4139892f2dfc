package import GRDB

extension DatabaseWriter {
    /// Sets the connection that writes up for tables that follow the journal: a commit changes pages all over the file,
    /// by hashes.
    ///
    /// Its cache may have 32 MB. The log is copied into the file when it has as much: the more it has, the more changes
    /// of a page are copied once, and the fewer syncs the journal's commits wait for.
    package func gatherWrites() throws {
        try writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 8192")
        }
    }
}
