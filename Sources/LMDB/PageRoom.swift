import Glibc

// PAGE ROOM. Linux keeps a file's pages in folios, as large as the write or the read that brought them in, and ext4
// goes through all pages of a folio whenever one of them is written or written back. LMDB writes new pages in runs of
// up to 64, and later single pages among them, each at the price of the whole folio. So a large file is made longer in
// advance, and the system asked to bring the new end in, which it does page by page: what LMDB writes there finds
// folios of one page.
//
// The new end is a hole, which takes no room on the disk. No page of LMDB lies there yet.

/// Where the new pages of a data file will go.
///
/// Only who changes LMDB may use it, before the transaction begins.
struct PageRoom {
    /// At least so much of what is in use.
    private static let share = 64
    private static let byteCountMax = 128 << 20
    /// More at a time the system may not bring in (`read_ahead_kb` in sysfs).
    private static let pieceByteCount = 128 << 10

    private let file: RawFile
    /// What was in use before the last transaction.
    private var usedByteCount: Int

    /// Opens the data file in `directory`, of which `usedByteCount` bytes are in use.
    init(in directory: String, usedByteCount: Int) throws(LMDBError) {
        file = try DataFile(in: directory, isWritable: true).file
        self.usedByteCount = usedByteCount
    }

    /// Makes room for a transaction that needs a little more than the last one did.
    mutating func prepare(usedByteCount: Int) throws(LMDBError) {
        let growth = usedByteCount - self.usedByteCount
        self.usedByteCount = usedByteCount
        let share = usedByteCount / PageRoom.share
        let room = min(max(growth + growth / 4, share), PageRoom.byteCountMax)
        let start = max(try file.byteCount(), usedByteCount)
        guard start < usedByteCount + room else { return }
        let pieceCount = (usedByteCount + room - start) / PageRoom.pieceByteCount + 1
        try file.lengthen(to: start + pieceCount * PageRoom.pieceByteCount)
        for i in 0..<pieceCount {
            file.bringIn(PageRoom.pieceByteCount, at: start + i * PageRoom.pieceByteCount)
        }
    }
}
