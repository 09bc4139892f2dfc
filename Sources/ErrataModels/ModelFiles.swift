import Crypto
import Glibc

/// The files of a model that have been read, and the hash over them.
///
/// They lie in a directory, or are part of the program.
struct ModelFiles {
    static let weightsByteCountMax = 1 << 36
    static let textByteCountMax = 256 << 20

    private enum Place {
        case directory(String)
        case program([MappedFile])
    }

    /// The directory's last component, or what a model that is part of the program is called.
    let name: String
    private let place: Place
    private var read: [MappedFile] = []

    init(directory: String) {
        name = directory.split(separator: "/").last.map(String.init) ?? directory
        place = .directory(directory)
    }

    init(name: String, program files: [MappedFile]) {
        self.name = name
        place = .program(files)
    }

    /// Returns the bytes of a small file.
    mutating func bytes(_ name: String) throws(ModelError) -> [UInt8] {
        Array(try open(name, byteCountMax: Self.textByteCountMax).bytes)
    }

    /// Maps a weights file.
    mutating func map(_ name: String) throws(ModelError) -> MappedFile {
        try open(name, byteCountMax: Self.weightsByteCountMax)
    }

    private mutating func open(
        _ name: String, byteCountMax: Int
    ) throws(ModelError) -> MappedFile {
        let file: MappedFile
        switch place {
        case .directory(let directory):
            file = try MappedFile(directory: directory, name: name, byteCountMax: byteCountMax)
        case .program(let files):
            guard let found = files.first(where: { $0.name == name }) else {
                throw ModelError(.unreadable, "'\(self.name)' has no \(name)")
            }
            file = found
        }
        read.append(file)
        return file
    }

    /// Reads `tokenizer.json`, or `vocab.txt` where there is none.
    mutating func tokenizer() throws(ModelError) -> Tokenizer {
        guard contains("tokenizer.json") else {
            return try Tokenizer(
                vocabularyFile: try bytes("vocab.txt"),
                configurationFile: try bytes("tokenizer_config.json"))
        }
        return try Tokenizer(tokenizerFile: try bytes("tokenizer.json"))
    }

    /// What was read so far, each file once.
    var sources: [SourceFile] {
        var names: Set<String> = []
        return read.filter { names.insert($0.name).inserted }.map { file in
            switch place {
            case .directory(let directory): SourceFile(file, in: directory)
            case .program: SourceFile(file)
            }
        }
    }

    /// Whether there is a file of this name.
    func contains(_ name: String) -> Bool {
        switch place {
        case .directory(let directory): access(directory + "/" + name, F_OK) == 0
        case .program(let files): files.contains { $0.name == name }
        }
    }

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
