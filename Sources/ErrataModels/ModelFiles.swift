import Crypto
import Glibc

/// The files of a model directory that have been read, and the hash over them.
struct ModelFiles {
    static let weightsByteCountMax = 1 << 36
    static let textByteCountMax = 256 << 20

    let directory: String
    private var read: [MappedFile] = []

    init(directory: String) {
        self.directory = directory
    }

    /// The directory's last component.
    var name: String {
        directory.split(separator: "/").last.map(String.init) ?? directory
    }

    /// Returns the bytes of a small file.
    mutating func bytes(_ name: String) throws(ModelError) -> [UInt8] {
        let file = try MappedFile(
            directory: directory, name: name, byteCountMax: Self.textByteCountMax)
        read.append(file)
        return Array(file.bytes)
    }

    /// Maps a weights file.
    mutating func map(_ name: String) throws(ModelError) -> MappedFile {
        let file = try MappedFile(
            directory: directory, name: name, byteCountMax: Self.weightsByteCountMax)
        read.append(file)
        return file
    }

    /// Reads `tokenizer.json`, or `vocab.txt` where there is none.
    mutating func tokenizer() throws -> WordPieceTokenizer {
        guard contains("tokenizer.json") else {
            return try WordPieceTokenizer(
                vocabularyFile: try bytes("vocab.txt"),
                configurationFile: try bytes("tokenizer_config.json"))
        }
        return try WordPieceTokenizer(tokenizerFile: try bytes("tokenizer.json"))
    }

    /// Whether the directory has a file of this name.
    func contains(_ name: String) -> Bool { access(directory + "/" + name, F_OK) == 0 }

    /// Returns SHA-256 over a domain line and then, sorted by name, each file that was read: its name
    /// and length as 8-byte big-endian lengths and bytes.
    ///
    /// The number in the domain line rises when our arithmetic gives other bits for the same files.
    func identity() -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Array("errata sentence encoder 1\n".utf8))
        for file in read.sorted(by: { $0.name < $1.name }) {
            hash.update(data: Self.bigEndian(file.name.utf8.count))
            hash.update(data: Array(file.name.utf8))
            hash.update(data: Self.bigEndian(file.byteCount))
            hash.update(bufferPointer: file.bytes)
        }
        return Array(hash.finalize())
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(number).bigEndian, Array.init)
    }
}
