import Glibc

/// The data file of an environment, read beside LMDB and without its map: no damage in it can be a signal.
struct DataFile {
    let file: RawFile

    init(in directory: String, isWritable: Bool = false) throws(LMDBError) {
        file = try RawFile(opening: directory + "/data.mdb", isWritable ? O_RDWR : O_RDONLY)
    }

    func byteCount() throws(LMDBError) -> Int { try file.byteCount() }

    /// Returns `count` bytes from `offset` on, nil if the file ends before.
    func read(_ count: Int, at offset: Int) throws(LMDBError) -> [UInt8]? {
        try file.read(count, at: offset)
    }

    /// Returns both meta pages; nil if the file is too short to have them.
    func metas() throws(LMDBError) -> (MetaPage, MetaPage)? {
        guard let (first, second) = try metaBytes() else { return nil }
        return (MetaPage(first), MetaPage(second))
    }

    /// Returns the bytes of both meta pages; nil if the file is too short to have them.
    func metaBytes() throws(LMDBError) -> ([UInt8], [UInt8])? {
        guard let first = try read(MetaPage.byteCount, at: 0) else { return nil }
        let size = MetaPage(first).pageByteCount
        guard MetaPage.pageByteCounts.contains(size),
            let second = try read(MetaPage.byteCount, at: size)
        else { return nil }
        return (first, second)
    }
}
