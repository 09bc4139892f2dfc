import Glibc
import LMDB
import Synchronization

/// Keeps a data directory to one process, and to one open in it.
///
/// flock(2) belongs to the open file and ends with it, so a killed process leaves no lock behind. Whoever
/// writes to the directory holds this object, so the lock cannot end before the last write.
package final class StoreLock: Sendable {
    private let file: Mutex<FileDescriptor?>

    /// One who asks whether it is held has it for a moment.
    private static let attemptCountMax = 3

    /// Takes the lock of the store in `directory`, for work on its files; throws if there is no store.
    ///
    /// If the store was not closed, its journal is brought back to the last commit first.
    package convenience init(ofStoreIn directory: String) throws(JournalError) {
        guard Directory.hasFile(directory + "/keys") else {
            throw JournalError(
                .io, "there is no store in \(directory)",
                hint: "Give the directory that 'errata serve' uses with --data.")
        }
        try self.init(in: directory)
        do { try Environment.recover(directory + "/journal") } catch {
            release()
            throw JournalError(wrapping: error)
        }
    }

    /// Takes the lock in `directory`; throws `store_locked` with the holder's pid if it is taken.
    package init(in directory: String) throws(JournalError) {
        let file = try FileDescriptor(opening: directory + "/lock", create: true)
        try StoreLock.take(file, directory)
        self.file = Mutex(file)
    }

    deinit { release() }

    /// Whether somebody writes to the store in `directory`, or may.
    static func isHeld(in directory: String) -> Bool {
        guard let file = try? FileDescriptor(opening: directory + "/lock", isReadOnly: true) else {
            return false
        }
        guard flock(file.raw, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        return false
    }

    /// Gives the lock back; nothing may be written after that.
    package func release() {
        file.withLock { file in
            // Closing is not enough: a child that is just being started may still hold a copy.
            if let raw = file?.raw { flock(raw, LOCK_UN) }
            file = nil
        }
    }

    private static func take(
        _ file: borrowing FileDescriptor, _ directory: String
    ) throws(JournalError) {
        var attemptCount = 1
        while flock(file.raw, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else { throw .system(errno, "lock \(file.path)") }
            guard attemptCount < attemptCountMax else {
                throw .locked(directory, holder: holder(in: file))
            }
            attemptCount += 1
            usleep(10_000)
        }
        // The pid is for people; a full disk must not keep a store from being read.
        try? file.truncate(to: 0)
        try? file.write(Array("\(getpid())\n".utf8), at: 0)
    }

    /// The pid that the holder wrote; nil while it has not yet.
    private static func holder(in file: borrowing FileDescriptor) -> Int32? {
        guard let bytes = try? file.read(20, at: 0) else { return nil }
        return Int32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}

extension JournalError {
    fileprivate static func locked(_ directory: String, holder: Int32?) -> JournalError {
        let who = holder.map { "process \($0)" } ?? "another process"
        return JournalError(
            .storeLocked, "the store in \(directory) is open in \(who)",
            hint: "Stop that process, or send requests to its socket.")
    }
}
