import LMDB
import Synchronization

extension Journal {
    /// Returns the bytes of the pages in use and of the erasure keys: what the operations cost for good.
    ///
    /// The files are larger: freed pages, and keys drawn ahead, wait in them for the next operations.
    package func usedBytes() throws(JournalError) -> Int {
        do {
            let usage = try store.usage()
            let slotCount = store.position.withLock { $0.slots.next }
            return usage.totalBytes - usage.freeBytes + Int(slotCount) * KeyFile.keyByteCount
        } catch { throw JournalError(wrapping: error) }
    }
}
