import Glibc

/// Reads whole files with a limit.
enum DatasetFile {
    private static let chunkBytes = 1 << 20

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

    private static func failure(_ path: String) -> DatasetError {
        DatasetError(.unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
