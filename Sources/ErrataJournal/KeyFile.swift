import ErrataCore
import Synchronization

// KEY FILE, version 1. Outside LMDB, because LMDB copies pages and keeps old ones: a key that is zeroed
// here is gone.
//
//   0   magic "ERRATAK1" (8)      28  store secret (32)
//   8   version 1 (4)             60  first 4 bytes of SHA-256 of the 60 before
//   12  store id (16)             64  slot 0 (32), slot 1 (32), …
//
// A slot is a random key, or 32 zeros once its payload was erased. Slots are drawn and synced in batches
// ahead of use. Slots from the journal's "slots" on are free: after a power cut some of them may be zeros or
// cut short, so opening the file draws those again. It never touches a slot that may be in use.

/// The keys that payloads are sealed under.
final class KeyFile: Sendable {
    static let magic = Array("ERRATAK1".utf8)
    static let version: UInt32 = 1
    static let headerByteCount = 64
    static let secretByteCount = 32
    static let keyByteCount = 32
    /// How many free slots are read and written at once when the file is opened.
    private static let pieceSlotCount = 4_096

    let store: StoreID
    /// The key of the store's HMACs, fact ids among them.
    let secret: [UInt8]
    private let file: FileDescriptor
    private let random: Randomness
    private let batch: UInt64
    /// How many slots are on disk.
    private let filled: Mutex<UInt64>
    private let free = Mutex(FreeSlots(from: 0))
    /// Held by who draws keys.
    private let drawing = Mutex(())
    /// The keys that were drawn last, from `first` on: they are needed next.
    private let drawn = Mutex<(first: UInt64, keys: [[UInt8]])>((0, []))

    /// Opens the file in `directory`; makes it if `create` says so and it is missing.
    init(
        in directory: String, create: Bool, batch: UInt64, random: Randomness
    ) throws(JournalError) {
        let path = directory + "/keys"
        if create && !Directory.hasFile(path) {
            try KeyFile.create(path, in: directory, random: random)
        }
        file = try FileDescriptor(opening: path)
        (store, secret) = try KeyFile.header(of: file)
        self.batch = batch
        self.random = random
        filled = Mutex(0)
    }

    /// Opens the file for one who only reads, beside the process that may be filling it.
    init(reading directory: String) throws(JournalError) {
        file = try FileDescriptor(opening: directory + "/keys", isReadOnly: true)
        (store, secret) = try KeyFile.header(of: file)
        batch = 0
        random = .system
        filled = Mutex(0)
    }

    /// Writes the header under another name first, so that a crash leaves a whole file or none.
    private static func create(
        _ path: String, in directory: String, random: Randomness
    ) throws(JournalError) {
        var header = magic
        header.append(bigEndian: version)
        header += random(StoreID.byteCount) + random(secretByteCount)
        header += Digest.sha256(header).bytes.prefix(4)
        precondition(header.count == headerByteCount)
        let draft = path + ".new"
        let file = try FileDescriptor(opening: draft, create: true)
        try file.truncate(to: 0)
        try file.write(header, at: 0)
        try file.sync()
        try Directory.rename(draft, to: path)
        try Directory.sync(directory)
    }

    private static func header(
        of file: borrowing FileDescriptor
    ) throws(JournalError) -> (StoreID, [UInt8]) {
        let header = try file.read(headerByteCount, at: 0)
        guard header.count == headerByteCount else {
            throw .corrupt("the key file has \(header.count) bytes, its header alone has 64")
        }
        guard header.starts(with: magic) else { throw .corrupt("the key file has no magic number") }
        let found = header[8..<12].reduce(0) { $0 << 8 | UInt64($1) }
        guard found == version else { throw .unknownVersion(found, of: "the key file") }
        guard header[60...].elementsEqual(Digest.sha256(Array(header[..<60])).bytes.prefix(4)),
            let store = StoreID(Array(header[12..<28]))
        else { throw .corrupt("the header of the key file is damaged") }
        return (store, Array(header[28..<60]))
    }

    /// Takes up the slots below `used` and makes sure of the free ones after them.
    func open(used: UInt64) throws(JournalError) {
        let count = try slotCount()
        guard count >= used else {
            throw .corrupt("the key file has \(count) slots, the journal uses \(used)")
        }
        try repairFree(from: used, to: count)
        filled.withLock { $0 = count }
        free.withLock { $0 = FreeSlots(from: used) }
        // A full disk must not keep a store from being read; the first commit will say so.
        try? prepareAhead()
    }

    /// Writes the free slots again, drawing those that a power cut left as zeros, and syncs them.
    ///
    /// After a sync that failed, the kernel may hold keys that the disk lacks and call them clean: only
    /// writing them again makes the next sync a promise.
    private func repairFree(from used: UInt64, to count: UInt64) throws(JournalError) {
        for first in stride(from: used, to: count, by: KeyFile.pieceSlotCount) {
            let slotCount = min(KeyFile.pieceSlotCount, Int(count - first))
            var keys = try keys(slotCount, from: first)
            for start in stride(from: 0, to: keys.count, by: KeyFile.keyByteCount)
            where KeyFile.isErased(keys[start..<start + KeyFile.keyByteCount]) {
                keys.replaceSubrange(
                    start..<start + KeyFile.keyByteCount, with: random(KeyFile.keyByteCount))
            }
            try file.write(keys, at: KeyFile.offset(of: first))
        }
        try file.sync()
    }

    /// How many whole slots the file holds.
    func slotCount() throws(JournalError) -> UInt64 {
        UInt64(max(0, try file.byteCount() - KeyFile.headerByteCount) / KeyFile.keyByteCount)
    }

    /// Draws the next batch before it is needed, so that no commit waits for it.
    func prepareAhead() throws(JournalError) { try prepare(next: batch / 4) }

    /// Makes sure that so many slots that were never taken are on disk; draws a batch more if not.
    private func prepare(next count: UInt64) throws(JournalError) {
        try drawing.withLock { _ throws(JournalError) in
            let end = free.withLock { $0.next } + count
            guard filled.withLock({ $0 }) < end else { return }
            try fill(upTo: end + batch)
        }
    }

    /// Takes a slot that no payload uses; draws and syncs more if there is none.
    func take() throws(JournalError) -> UInt64 {
        while true {
            if let taken = takeIfReady(1) { return taken[0] }
            try prepare(next: 1)
        }
    }

    /// Takes slots that no payload uses and that are on disk; nil if there are not so many.
    func takeIfReady(_ count: Int) -> [UInt64]? {
        let end = filled.withLock { $0 }
        return free.withLock { $0.take(count, below: end) }
    }

    /// Takes back slots that no payload uses.
    func giveBack(_ slots: [UInt64]) { free.withLock { $0.giveBack(slots) } }

    private func fill(upTo count: UInt64) throws(JournalError) {
        let first = filled.withLock { $0 }
        let keys = random(Int(count - first) * KeyFile.keyByteCount)
        try file.write(keys, at: KeyFile.offset(of: first))
        try file.sync()
        filled.withLock { $0 = count }
        drawn.withLock { drawn in
            let size = KeyFile.keyByteCount
            let fresh = stride(from: 0, to: keys.count, by: size).map {
                Array(keys[$0..<$0 + size])
            }
            // Those of the batch before are in use, or are next.
            let isNext = drawn.first + UInt64(drawn.keys.count) == first
            let before = isNext ? Array(drawn.keys.suffix(Int(batch))) : []
            drawn = (first - UInt64(before.count), before + fresh)
        }
    }

    /// Returns the key of a slot that no payload uses yet.
    func freshKey(_ slot: UInt64) throws(JournalError) -> [UInt8]? {
        let known = drawn.withLock { drawn in
            slot >= drawn.first && slot - drawn.first < UInt64(drawn.keys.count)
                ? drawn.keys[Int(slot - drawn.first)] : nil
        }
        if let known { return known }
        return try key(slot)
    }

    /// Returns the key of a slot, or nil if it was erased.
    func key(_ slot: UInt64) throws(JournalError) -> [UInt8]? {
        let key = try keys(1, from: slot)
        return KeyFile.isErased(key[...]) ? nil : key
    }

    /// Returns the keys of slots that follow each other, as they lie in the file.
    private func keys(_ count: Int, from slot: UInt64) throws(JournalError) -> [UInt8] {
        guard slot < UInt64(Int32.max) else { throw .corrupt("slot \(slot) is out of range") }
        let byteCount = count * KeyFile.keyByteCount
        let keys = try file.read(byteCount, at: KeyFile.offset(of: slot))
        guard keys.count == byteCount else {
            let end = slot + UInt64(keys.count / KeyFile.keyByteCount)
            throw .corrupt("the key file ends before slot \(end)")
        }
        return keys
    }

    /// Overwrites the keys of these slots with zeros; durable when it returns.
    func erase(_ slots: [UInt64]) throws(JournalError) {
        // Zeros that are there already are written, too: after a sync that failed, the disk may lack them.
        for slot in slots {
            try file.write(
                [UInt8](repeating: 0, count: KeyFile.keyByteCount), at: KeyFile.offset(of: slot))
        }
        try file.sync()
    }

    static func offset(of slot: UInt64) -> Int { headerByteCount + Int(slot) * keyByteCount }

    /// Whether one of these keys, as they follow each other in the file, is erased.
    static func hasErased(in keys: [UInt8]) -> Bool {
        stride(from: 0, to: keys.count, by: keyByteCount).contains { start in
            isErased(keys[start..<min(start + keyByteCount, keys.count)])
        }
    }

    private static func isErased(_ key: ArraySlice<UInt8>) -> Bool { key.allSatisfy { $0 == 0 } }
}
