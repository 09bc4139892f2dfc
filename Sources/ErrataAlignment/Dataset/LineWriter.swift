import Crypto
import ErrataCore
import Glibc

/// Writes a file that appears when it is whole: lines to a temporary file beside it, then `fsync` and `rename`.
final class LineWriter {
    private let path: String
    private let partialPath: String
    private var file: UnsafeMutablePointer<FILE>?
    private var hash = SHA256()
    private var lineCount = 0
    private var byteCount = 0

    init(path: String) throws(DatasetError) {
        self.path = path
        partialPath = LineWriter.partialPath(of: path)
        file = fopen(partialPath, "wxe")
        guard file != nil else { throw LineWriter.failure(partialPath) }
    }

    /// Where the bytes are until the file is finished.
    static func partialPath(of path: String) -> String { path + ".part" }

    /// Appends `line` and its end.
    func write(_ line: String) throws(DatasetError) {
        var line = line
        line.append("\n")
        let isWritten = line.withUTF8 { bytes in
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            byteCount += bytes.count
            return file.map { fwrite(bytes.baseAddress, 1, bytes.count, $0) == bytes.count }
                ?? false
        }
        guard isWritten else { throw LineWriter.failure(partialPath) }
        lineCount += 1
    }

    /// Makes the file appear under its name, and says what is in it.
    func finish(name: String) throws(DatasetError) -> DatasetStatistics.File {
        precondition(file != nil)
        guard let file, fflush(file) == 0, fsync(fileno(file)) == 0 else {
            throw LineWriter.failure(partialPath)
        }
        self.file = nil
        guard fclose(file) == 0, rename(partialPath, path) == 0 else {
            let failure = LineWriter.failure(path)
            unlink(partialPath)
            throw failure
        }
        return DatasetStatistics.File(
            name: name, sha256: Hex.encode(Array(hash.finalize())), bytes: byteCount,
            lines: lineCount)
    }

    deinit {
        guard let file else { return }
        fclose(file)
        unlink(partialPath)
    }

    private static func failure(_ path: String) -> DatasetError {
        let code = errno
        let hint: String? =
            switch code {
            case ENOSPC, EDQUOT: "Make room on the disk and run it again: nothing was left behind."
            case EEXIST: "Another run is writing it, or one was killed: then remove the file."
            default: nil
            }
        return DatasetError(
            .unwritable, "cannot write \(path): \(String(cString: strerror(code)))", hint: hint)
    }
}
