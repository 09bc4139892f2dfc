import Crypto
import Glibc

/// A file of JSON Lines.
enum LineFile {
    private static let chunkBytes = 1 << 20

    /// Calls `body` with the bytes of every line in order and its place, and feeds them to `hash`.
    ///
    /// Throws, naming the line, at one that is longer than `lineBytesMax`, and for a file without lines;
    /// `what` says what a line is.
    static func read(
        _ path: String, lineBytesMax: Int, of what: String, hash: inout SHA256,
        _ body: (_ line: [UInt8], _ place: String) throws -> Void
    ) throws {
        guard let file = fopen(path, "rb") else {
            throw DatasetError(
                .unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var rest: [UInt8] = []
        var lineNumber = 0
        func take(_ line: ArraySlice<UInt8>) throws {
            lineNumber += 1
            try body(Array(line), "\(name), line \(lineNumber)")
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
            throw DatasetError(.malformed, "\(name) holds no \(what)")
        }
    }
}
