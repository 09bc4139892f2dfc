import Crypto
import Glibc

/// A file of pairs: JSON Lines, one ``ScopePair`` each.
package enum ScopePairFile {
    /// No line is longer than this.
    static let lineBytesMax = 1 << 16
    private static let chunkBytes = 1 << 20

    /// Calls `body` with every pair in order and returns SHA-256 of the file.
    ///
    /// Throws, naming the line, at the first one that is no pair, whose span is not its answer or that
    /// is too long, and for a file without pairs.
    package static func read(
        _ path: String, _ body: (ScopePair) throws -> Void
    ) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else {
            throw DatasetError(
                .unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var hash = SHA256()
        var rest: [UInt8] = []
        var lineNumber = 0
        func take(_ line: ArraySlice<UInt8>) throws {
            lineNumber += 1
            try body(ScopePair(json: Array(line), place: "\(name), line \(lineNumber)"))
        }
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = fread(&chunk, 1, chunkBytes, file)
            guard count > 0 else { break }
            hash.update(data: chunk[..<count])
            rest += chunk[..<count]
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                try take(rest[start..<end])
                start = end + 1
            }
            rest.removeSubrange(..<start)
            guard rest.count <= lineBytesMax else {
                throw DatasetError(
                    .limit,
                    "\(name), line \(lineNumber + 1) is longer than \(lineBytesMax) bytes")
            }
            try Task.checkCancellation()
        }
        guard ferror(file) == 0 else {
            throw DatasetError(
                .unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        if !rest.isEmpty { try take(rest[...]) }
        guard lineNumber > 0 else {
            throw DatasetError(.malformed, "\(name) holds no pairs")
        }
        return Array(hash.finalize())
    }
}
