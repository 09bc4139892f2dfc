import CErrataSystem
import ErrataCore
import Glibc
import LMDB

// COPIES. A copy of a store is a data directory that the daemon can open. It is made while others write:
//
//   1. events    first, so that no receipt in the copy names an operation that the copy lacks
//   2. journal   one state: every commit acknowledged before the copy began is in it
//   3. keys      last, up to the journal's "slots": a slot is on disk before a transaction may name it;
//                the key that signs checkpoints with them, if there is one, and which language models the
//                daemon knows
//
// A redaction zeroes slots after its operation is on disk. One that came between 2 and 3 has the copy begun anew.
// Free slots are not copied: two stores must not seal under the same key, so the copy draws its own. All of it
// is written under another name and synced, then takes its name in one step.

/// Copies a store that this process reads, and that others may be writing.
package struct StoreCopy: Sendable {
    /// How long journal and keys are copied anew before redactions have won.
    private static let attemptTimeMax = Duration.seconds(60)

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
            let end = ContinuousClock.now + StoreCopy.attemptTimeMax
            repeat {
                try verifier.catchUp()
                let redactionCount = try redactionCount
                progress("journal", 0)
                try copy(verifier.store.environment, to: directory + "/journal")
                progress("keys", 0)
                try copyKeys(to: directory, count: StoreCopy.slotCount(in: directory + "/journal"))
                try Directory.sync(directory)
                // The operations of all keys that were found erased are to be counted.
                try verifier.catchUp()
                if try self.redactionCount == redactionCount { return }
            } while ContinuousClock.now < end
        } catch { throw JournalError(wrapping: error) }
        throw JournalError(
            .io, "facts were redacted all the while that the store was copied",
            hint: "Try again when the redactions are done.")
    }

    private var redactionCount: Int {
        get throws {
            let store = verifier.store
            return try store.read { try $0.count(of: store.tables.redactions) }
        }
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

    /// Returns how many slots the journal that was copied knows.
    private static func slotCount(in directory: String) throws -> UInt64 {
        let environment = try Environment(at: directory, options: .init(isReadOnly: true))
        defer {
            environment.close()
            unlink(directory + "/lock.mdb")
        }
        let meta = try environment.tables(named: ["meta"])[0]
        let slots = try environment.read { try $0.value(of: JournalFormat.slotsKey, in: meta) }
        return try SlotsRow(decoding: slots).next
    }

    private func copyKeys(to directory: String, count: UInt64) throws {
        let byteCount = KeyFile.headerByteCount + Int(count) * KeyFile.keyByteCount
        let source = try FileDescriptor(opening: source + "/keys", isReadOnly: true)
        let target = try FileDescriptor(opening: directory + "/keys", create: true)
        for start in stride(from: 0, to: byteCount, by: 1 << 20) {
            let length = min(1 << 20, byteCount - start)
            let bytes = try source.read(length, at: start)
            guard bytes.count == length else {
                throw JournalError.corrupt("the key file ends before slot \(count)")
            }
            try target.write(bytes, at: start)
        }
        try target.sync()
        try copySigningKey(to: directory)
        try copySettings(to: directory)
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
