import Glibc
import LMDB

extension Environment {
    /// Opens the environment in the directory `path`; makes it if it is missing.
    ///
    /// LMDB writes its two meta pages in one call that no sync follows, and refuses a file that holds a part of them.
    /// So a new environment gets its name only when it is on disk: a crash leaves a whole one or none.
    ///
    /// With `checkpointByteCount` its commits are made durable by a log.
    static func openOrCreate(
        at path: String, options: JournalOptions, checkpointByteCount: Int? = nil
    ) throws -> Environment {
        var options = Environment.Options(
            mapBytes: options.mapBytes, flushMilliseconds: options.flushMilliseconds,
            roomByteCountMin: options.roomByteCountMin)
        if !Directory.hasFile(path + "/data.mdb") {
            let draft = path + ".new"
            try removeFiles(in: draft)
            try Directory.create(draft)
            let environment = try Environment(at: draft, options: options)
            // The first transaction that writes something syncs the meta pages too.
            _ = try environment.tables(named: ["meta"])
            environment.close()
            try Directory.sync(draft)
            // A directory may take the name of an empty one.
            try removeFiles(in: path)
            try Directory.rename(draft, to: path)
        }
        // Also for an old one: whoever renamed it may have come no further.
        try Directory.sync(Directory.parent(of: path))
        options.checkpointByteCount = checkpointByteCount
        return try Environment(at: path, options: options)
    }

    /// Removes what a creation that was cut short left in `path`, if anything.
    private static func removeFiles(in path: String) throws(JournalError) {
        for name in ["data.mdb", "lock.mdb"] { try Directory.removeFile("\(path)/\(name)") }
    }
}
