import CErrataSystem
import Glibc

/// An open file, read and written at offsets, beside LMDB and without its map.
///
/// After a sync that failed, the system tells each descriptor once: who must not miss it uses one of their own.
final class RawFile: Sendable {
    private static let pieceByteCount = 1 << 20

    let path: String
    private let raw: CInt

    /// Opens the file at `path`; `flags` are those of open(2).
    init(opening path: String, _ flags: CInt) throws(LMDBError) {
        self.path = path
        raw = open(path, flags | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw LMDBError(code: errno, operation: "open \(path)") }
    }

    deinit { close(raw) }

    func byteCount() throws(LMDBError) -> Int {
        var status = stat()
        guard fstat(raw, &status) == 0 else { throw failure("measure") }
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
            guard got >= 0 else { throw failure("read") }
            if got == 0 { return nil }
            done += got
        }
        return bytes
    }

    /// Writes all of `bytes`, or throws with a part of them written.
    func write(_ bytes: [UInt8], at offset: Int) throws(LMDBError) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { buffer in
                pwrite(
                    raw, buffer.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
            }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else {
                throw put == 0
                    ? LMDBError(code: ENOSPC, operation: "write \(path)") : failure("write")
            }
            done += put
        }
    }

    /// Makes what was written durable, and the size with it.
    func sync() throws(LMDBError) {
        guard fdatasync(raw) == 0 else { throw failure("sync") }
    }

    /// Has the system write what it holds of the file, piece by piece.
    ///
    /// Others who sync on this disk then wait behind one piece at most. It promises nothing: a sync must follow.
    func writeOut() throws(LMDBError) {
        for offset in stride(from: 0, to: try byteCount(), by: RawFile.pieceByteCount) {
            let code = errata_write_out(raw, Int64(offset), Int64(RawFile.pieceByteCount))
            guard code == 0 else { throw LMDBError(code: code, operation: "write out \(path)") }
        }
    }

    /// Makes the file as long as that, with a hole at its end; it must not be longer.
    func lengthen(to byteCount: Int) throws(LMDBError) {
        guard ftruncate(raw, byteCount) == 0 else { throw failure("lengthen") }
    }

    /// Asks the system to have these pages of the file in memory, each by itself.
    func bringIn(_ count: Int, at offset: Int) {
        // Advice: who is refused goes on without.
        _ = posix_fadvise(raw, offset, count, POSIX_FADV_WILLNEED)
    }

    private func failure(_ verb: String) -> LMDBError {
        LMDBError(code: errno, operation: "\(verb) \(path)")
    }
}

/// Makes the names in the directory `path` durable.
func syncDirectory(_ path: String) throws(LMDBError) {
    let raw = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0 else { throw LMDBError(code: errno, operation: "open \(path)") }
    defer { close(raw) }
    guard fsync(raw) == 0 else { throw LMDBError(code: errno, operation: "sync \(path)") }
}
