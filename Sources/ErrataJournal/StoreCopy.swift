import CErrataSystem
import ErrataCore
import Glibc
import LMDB

// COPIES. A copy of a store is a data directory that the daemon can open. It is made while others write:
//
//   1. events    first, so that no receipt in the copy names an operation that the copy lacks
//   2. keys      all that there are, those drawn ahead of use in memory; with them the key that signs
//                checkpoints, if there is one, and which language models the daemon knows
//   3. journal   one state: every commit acknowledged before the copy began is in it
//   4. keys      up to the journal's "slots"; those that it calls redacted are erased
//
// A redaction zeroes slots after its operation is durable, so the operation of every zero that 2 read is in 3. A
// commit takes its slots from those drawn ahead, so 4 has few to read that 2 did not. Should one of them be zeros,
// its redaction may have come after 3: the copy is begun anew.
// Free slots are not copied: two stores must not seal under the same key, so the copy draws its own. All of it
// is written under another name and synced, then takes its name in one step.

/// Copies a store that this process reads, and that others may be writing.
package struct StoreCopy: Sendable {
    /// How long keys and journal are copied anew before redactions have won.
    private static let attemptTimeMax = Duration.seconds(60)
    private static let chunkByteCount = 1 << 20

    private let verifier: StoreVerifier
    private let source: String

    package init(of verifier: StoreVerifier, in source: String) {
        self.verifier = verifier
        self.source = source
    }

    /// What is copied, and how many bytes that takes.
    package struct Size: Sendable {
        /// Bytes of the copy, about.
        package let byteCount: Int
        /// Bytes of free pages and free slots, which the copy does without.
        package let freeByteCount: Int
    }

    /// Returns how large a copy made now would be.
    package func size() throws(JournalError) -> Size {
        do {
            let journal = try verifier.store.usage()
            let events = try verifier.events.usage()
            let keys = try verifier.store.keys.slotCount()
            let free = journal.freeBytes + events.freeBytes
            return Size(
                byteCount: journal.totalBytes + events.totalBytes - free
                    + KeyFile.headerByteCount + Int(keys) * KeyFile.keyByteCount,
                freeByteCount: free)
        } catch { throw JournalError(wrapping: error) }
    }

    /// Writes the copy to `directory`, a new one, and syncs it.
    ///
    /// Throws `storage_full` in advance if there is no room. `progress` is told which part is being copied.
    package func write(
        to directory: String, progress: (_ part: String, _ done: UInt64) -> Void
    ) throws(JournalError) {
        do {
            try StoreCopy.checkRoom(for: size().byteCount, above: directory)
            try Directory.create(directory)
            try Journal.checkFileSystem(of: directory)
            progress("events", 0)
            try copy(verifier.events.environment, to: directory + "/events")
            try copySigningKey(to: directory)
            try copySettings(to: directory)
            let end = ContinuousClock.now + StoreCopy.attemptTimeMax
            repeat {
                if try writeKeysAndJournal(to: directory, progress: progress) { return }
            } while ContinuousClock.now < end
        } catch { throw JournalError(wrapping: error) }
        throw JournalError(
            .io, "facts were redacted all the while that the store was copied",
            hint: "Try again when the redactions are done.")
    }

    /// Returns whether every key that is gone from the copy was redacted in its journal.
    private func writeKeysAndJournal(
        to directory: String, progress: (_ part: String, _ done: UInt64) -> Void
    ) throws -> Bool {
        progress("keys", 0)
        let source = try FileDescriptor(opening: source + "/keys", isReadOnly: true)
        let target = try FileDescriptor(opening: directory + "/keys", create: true)
        try target.truncate(to: 0)
        try target.write(try source.read(KeyFile.headerByteCount, at: 0), at: 0)
        let usedCount = try StoreCopy.slotCount(of: verifier.store)
        _ = try StoreCopy.copyKeys(0..<usedCount, from: source, to: target)
        let ahead = try source.read(StoreCopy.chunkByteCount, at: KeyFile.offset(of: usedCount))
        // The operations of all keys that were found erased are to be in the journal.
        try verifier.catchUp()
        progress("journal", 0)
        try copy(verifier.store.environment, to: directory + "/journal")

        let keys = try KeyFile(in: directory, create: false, batch: 1, random: .system)
        let draft = try JournalStore(reading: directory, keys: keys)
        defer {
            draft.environment.close()
            unlink(directory + "/journal/lock.mdb")
        }
        // One that fell would be damage, which is not to end this process.
        let count = max(usedCount, try StoreCopy.slotCount(of: draft))
        let aheadCount = min(count - usedCount, UInt64(ahead.count / KeyFile.keyByteCount))
        try target.write(
            Array(ahead.prefix(Int(aheadCount) * KeyFile.keyByteCount)),
            at: KeyFile.offset(of: usedCount))
        let lateSlots = usedCount + aheadCount..<count
        let isComplete = try StoreCopy.copyKeys(lateSlots, from: source, to: target)
        try draft.finishRedactions()
        try target.sync()
        try Directory.sync(directory)
        return isComplete
    }

    /// Returns whether none of these keys is erased.
    private static func copyKeys(
        _ slots: Range<UInt64>, from source: borrowing FileDescriptor,
        to target: borrowing FileDescriptor
    ) throws -> Bool {
        var isComplete = true
        let end = KeyFile.offset(of: slots.upperBound)
        for start in stride(
            from: KeyFile.offset(of: slots.lowerBound), to: end, by: chunkByteCount)
        {
            let bytes = try source.read(min(chunkByteCount, end - start), at: start)
            guard start + bytes.count == min(start + chunkByteCount, end) else {
                throw JournalError.corrupt("the key file ends before slot \(slots.upperBound)")
            }
            try target.write(bytes, at: start)
            isComplete = isComplete && !KeyFile.hasErased(in: bytes)
        }
        return isComplete
    }

    private static func checkRoom(
        for byteCount: Int, above directory: String
    ) throws(JournalError) {
        var status = statvfs()
        let parent = Directory.parent(of: directory)
        guard statvfs(parent, &status) == 0 else { throw .system(errno, "measure \(parent)") }
        let room = Int(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
        guard room > byteCount + byteCount / 20 else {
            throw JournalError(
                .storageFull,
                "the copy takes about \(byteCount) bytes, \(parent) has \(room) left",
                hint: "Free space there, or choose another disk.")
        }
    }

    private func copy(_ environment: Environment, to directory: String) throws {
        if !Directory.hasFile(directory) { try Directory.create(directory) }
        let file = try FileDescriptor(opening: directory + "/data.mdb", create: true)
        try file.truncate(to: 0)
        try environment.copyCompacted(to: file.raw)
        try file.sync()
        try Directory.sync(directory)
    }

    /// Returns how many slots a journal knows.
    private static func slotCount(of store: JournalStore) throws -> UInt64 {
        let row = try store.read { [meta = store.tables.meta] in
            try $0.value(of: JournalFormat.slotsKey, in: meta)
        }
        let count = try SlotsRow(decoding: row).next
        guard count <= UInt64(Int32.max) else {
            throw JournalError.corrupt("the journal counts \(count) slots")
        }
        return count
    }

    /// A restored store signs on with the key that auditors know.
    private func copySigningKey(to directory: String) throws {
        let name = "/" + CheckpointSigner.fileName
        guard Directory.hasFile(source + name) else { return }
        let bytes = try FileDescriptor(opening: source + name, isReadOnly: true)
            .read(CheckpointSigner.fileByteCount, at: 0)
        let target = try FileDescriptor(opening: directory + name, create: true)
        try target.write(bytes, at: 0)
        try target.sync()
    }

    /// Settings are no part of the store, but a restored daemon answers as the one before; none of them is a
    /// secret.
    private func copySettings(to directory: String) throws {
        for name in StoreDraft.settings where Directory.hasFile(source + "/" + name) {
            let source = try FileDescriptor(opening: source + "/" + name, isReadOnly: true)
            let byteCount = try source.byteCount()
            guard byteCount <= StoreDraft.settingsByteCountMax else {
                throw JournalError(
                    .limitExceeded,
                    "\(name) has \(byteCount) bytes, at most \(StoreDraft.settingsByteCountMax) "
                        + "are allowed")
            }
            let target = try FileDescriptor(opening: directory + "/" + name, create: true)
            try target.truncate(to: 0)
            try target.write(try source.read(byteCount, at: 0), at: 0)
            try target.sync()
        }
    }
}

extension JournalStore {
    func usage() throws -> EnvironmentUsage { try environment.usage(of: tables.all) }
}

extension EventStorage {
    func usage() throws -> EnvironmentUsage {
        try environment.usage(of: [meta, events, receipts])
    }
}

/// One part of a data directory and what it takes.
package struct UsagePart: Sendable {
    /// As in `journal/operations` or `keys`.
    package let name: String
    package let byteCount: Int
    /// How many rows or keys it holds; nil where that says nothing.
    package let rowCount: Int?

    package init(name: String, byteCount: Int, rowCount: Int?) {
        self.name = name
        self.byteCount = byteCount
        self.rowCount = rowCount
    }
}

extension Journal {
    /// Returns what each part of the store takes at this moment.
    package func usage() throws(JournalError) -> [UsagePart] {
        do {
            let slots = try store.keys.slotCount()
            let keys = UsagePart(
                name: "keys",
                byteCount: KeyFile.headerByteCount + Int(slots) * KeyFile.keyByteCount,
                rowCount: Int(slots))
            return try store.usage().parts("journal") + eventLog.storage.usage().parts("events")
                + [keys]
        } catch { throw JournalError(wrapping: error) }
    }
}

extension EnvironmentUsage {
    fileprivate func parts(_ place: String) -> [UsagePart] {
        let used = tables.filter { $0.rowCount > 0 }.map { table in
            UsagePart(
                name: "\(place)/\(table.name)", byteCount: table.byteCount, rowCount: table.rowCount
            )
        }
        return used + [
            UsagePart(name: "\(place)/free pages", byteCount: freeBytes, rowCount: nil),
            UsagePart(name: "\(place)/page lists", byteCount: ownBytes, rowCount: nil),
        ]
    }
}

/// What a copy of a store is written to before it has its name, and how it gets it.
package struct StoreDraft: Sendable {
    /// Files beside the store that go along with a copy: the daemon's list of language models.
    package static let settings = ["models.json"]
    package static let settingsByteCountMax = 1 << 20

    package let target: String
    package var path: String { target + ".errata-draft" }

    /// Takes `target`, which must be absolute, and either missing or an empty directory; clears what an
    /// attempt that was cut off left behind.
    package init(for target: String) throws(JournalError) {
        self.target = target
        guard target.hasPrefix("/"), !target.hasSuffix("/"), !target.contains("\0") else {
            throw JournalError(
                .invalidName, "the target must be an absolute path without a '/' at its end")
        }
        guard !Directory.hasFile(target) || Directory.names(in: target) == [] else {
            throw JournalError(
                .io, "\(target) is there and not an empty directory",
                hint: "Name a directory that does not exist yet.")
        }
        remove()
    }

    /// Gives the draft its name, in one step.
    package func publish() throws(JournalError) {
        try finishLog()
        for name in ["journal", "events"] { unlink(path + "/\(name)/lock.mdb") }
        try Directory.rename(path, to: target)
        try Directory.sync(Directory.parent(of: target))
    }

    /// Makes sure that the data file says all by itself, also where closing the draft could not.
    private func finishLog() throws(JournalError) {
        do { try Environment.recover(path + "/journal") } catch {
            throw JournalError(wrapping: error)
        }
    }

    /// Deletes the draft; nothing else lies in it.
    package func remove() {
        for name in ["journal", "events"] {
            // Nobody has it open: a log is there if a rebuild of its tables was cut off.
            for file in ["data.mdb", "lock.mdb", "redo", "redo.0", "redo.1", "redo.new"] {
                unlink(path + "/\(name)/" + file)
            }
            rmdir(path + "/" + name)
        }
        for file in ["keys", "lock", CheckpointSigner.fileName] + Self.settings {
            unlink(path + "/" + file)
        }
        rmdir(path)
    }

    /// Puts the journal and events of the draft in the place of those in `directory`, whose lock is held.
    ///
    /// Each is one rename: after a crash there is the old file or the new one, which say the same.
    package func replaceFiles(of directory: String) throws(JournalError) {
        try finishLog()
        for name in ["events", "journal"] {
            let place = directory + "/" + name
            try Directory.rename(path + "/\(name)/data.mdb", to: place + "/data.mdb")
            try Directory.sync(place)
        }
        remove()
    }
}
