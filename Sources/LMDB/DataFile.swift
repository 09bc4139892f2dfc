import Glibc

/// The data file of an environment, read beside LMDB and without its map: no damage in it can be a signal.
struct DataFile: ~Copyable {
    private let raw: CInt
    private let path: String

    init(in directory: String) throws(LMDBError) {
        path = directory + "/data.mdb"
        raw = open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { throw LMDBError(code: errno, operation: "open \(path)") }
    }

    deinit { close(raw) }

    func byteCount() throws(LMDBError) -> Int {
        var status = stat()
        guard fstat(raw, &status) == 0 else {
            throw LMDBError(code: errno, operation: "measure \(path)")
        }
        return Int(status.st_size)
    }

    /// Returns `count` bytes from `offset` on, nil if the file ends before.
    func read(_ count: Int, at offset: Int) throws(LMDBError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(raw, buffer.baseAddress?.advanced(by: done), count - done, offset + done)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw LMDBError(code: errno, operation: "read \(path)") }
            if got == 0 { return nil }
            done += got
        }
        return bytes
    }

    /// Returns both meta pages; nil if the file is too short to have them.
    func metas() throws(LMDBError) -> (MetaPage, MetaPage)? {
        guard let first = try read(MetaPage.byteCount, at: 0).map(MetaPage.init) else { return nil }
        guard (256...65_536).contains(first.pageByteCount),
            let second = try read(MetaPage.byteCount, at: first.pageByteCount).map(MetaPage.init)
        else { return nil }
        return (first, second)
    }
}
