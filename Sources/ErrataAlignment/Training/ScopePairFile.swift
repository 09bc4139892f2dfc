import Crypto

/// A file of pairs: JSON Lines, one ``ScopePair`` each.
package enum ScopePairFile {
    /// No line is longer than this.
    static let lineBytesMax = 1 << 16

    /// Calls `body` with every pair in order and returns SHA-256 of the file.
    ///
    /// Throws, naming the line, at the first one that is no pair, whose span is not its answer or that
    /// is too long, and for a file without pairs.
    package static func read(
        _ path: String, _ body: (ScopePair) throws -> Void
    ) throws -> [UInt8] {
        var hash = SHA256()
        try LineFile.read(path, lineBytesMax: lineBytesMax, of: "pairs", hash: &hash) {
            try body(ScopePair(json: $0, place: $1))
        }
        return Array(hash.finalize())
    }
}
