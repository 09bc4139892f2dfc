import Glibc

/// Writes a file that appears when it is whole: lines to a temporary file beside it, then `fsync` and `rename`.
package final class LineWriter {
    private let path: String
    /// Where the bytes are until the file is finished.
    package let partialPath: String
    private var file: UnsafeMutablePointer<FILE>?

    package init(path: String) throws(DatasetError) {
        self.path = path
        partialPath = path + ".part"
        file = fopen(partialPath, "wxe")
        guard file != nil else { throw LineWriter.failure(partialPath) }
    }

    /// Appends `line` and its end.
    package func write(_ line: String) throws(DatasetError) {
        var line = line
        line.append("\n")
        let isWritten = line.withUTF8 { bytes in
            file.map { fwrite(bytes.baseAddress, 1, bytes.count, $0) == bytes.count } ?? false
        }
        guard isWritten else { throw LineWriter.failure(partialPath) }
    }

    /// Makes the file appear under its name.
    package func finish() throws(DatasetError) {
        guard let file else { return }
        guard fflush(file) == 0, fsync(fileno(file)) == 0 else {
            throw LineWriter.failure(partialPath)
        }
        self.file = nil
        guard fclose(file) == 0 else { throw LineWriter.failure(partialPath) }
        guard rename(partialPath, path) == 0 else { throw LineWriter.failure(path) }
    }

    deinit {
        guard let file else { return }
        fclose(file)
        unlink(partialPath)
    }

    private static func failure(_ path: String) -> DatasetError {
        let code = errno
        let reason = String(cString: strerror(code))
        return DatasetError(
            .unwritable, "cannot write \(path): \(reason)",
            hint: code == ENOSPC
                ? "Make room on the disk and run it again: nothing was left behind."
                : code == EEXIST
                    ? "Another run is writing it, or one was killed: remove the file." : nil)
    }
}

/// Reads lines of a file one at a time, with a limit on each.
enum DatasetFile {
    private static let chunkBytes = 1 << 20

    static func failure(_ path: String) -> DatasetError {
        DatasetError(.unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
    }

    /// Returns the bytes of a file of no more than `limit`.
    static func bytes(_ path: String, limit: Int) throws(DatasetError) -> [UInt8] {
        guard let file = fopen(path, "re") else { throw failure(path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = fread(&chunk, 1, chunkBytes, file)
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw DatasetError(.limit, "\(path) has more than \(limit) bytes")
            }
            if count < chunkBytes {
                guard ferror(file) == 0 else { throw failure(path) }
                return bytes
            }
        }
    }
}
