import Crypto
import Glibc
import Synchronization

/// What the file system says of a file: as long as it says the same, the bytes are the same.
///
/// The time of change is set by the kernel at every write and cannot be set back.
struct FileStamp: Hashable, Sendable {
    let byteCount: Int
    private let device: UInt
    private let inode: UInt
    private let times: [Int]

    init(_ status: stat) {
        byteCount = Int(status.st_size)
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        times = [
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
            status.st_ctim.tv_nsec,
        ]
    }
}

/// A file that something was read from.
struct SourceFile: Sendable {
    private enum Place {
        /// The stamp is of when it was read.
        case path(String, FileStamp?)
        case program(MappedFile)
    }

    let name: String
    let byteCount: Int
    private let place: Place

    private static let chunkByteCount = 1 << 20
    private static let keptCountMax = 4096
    private static let kept = Mutex<[FileStamp: [UInt8]]>([:])

    /// Takes a file that was read from `directory`.
    init(_ file: MappedFile, in directory: String) {
        (name, byteCount) = (file.name, file.byteCount)
        place = .path(directory + "/" + file.name, file.stamp)
    }

    /// Takes a part of the program.
    init(_ file: MappedFile) {
        (name, byteCount) = (file.name, file.byteCount)
        place = .program(file)
    }

    /// Returns SHA-256 of the bytes.
    ///
    /// Throws if the file is another than the one that was read.
    func digest(isCancelled: () -> Bool) throws -> [UInt8] {
        switch place {
        case .path(let path, let stamp): try Self.digest(of: path, stamp, isCancelled)
        case .program(let file): file.digest
        }
    }

    private static func digest(
        of path: String, _ stamp: FileStamp?, _ isCancelled: () -> Bool
    ) throws -> [UInt8] {
        if let stamp, let digest = Self.kept.withLock({ $0[stamp] }) { return digest }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path) }
        defer { close(descriptor) }
        try check(descriptor, path, stamp)
        let digest = try Self.digest(descriptor, path, isCancelled)
        // Whoever wrote meanwhile left another time of change.
        try check(descriptor, path, stamp)
        if let stamp {
            Self.kept.withLock { kept in
                if kept.count >= Self.keptCountMax { kept = [:] }
                kept[stamp] = digest
            }
        }
        return digest
    }

    private static func check(
        _ descriptor: CInt, _ path: String, _ stamp: FileStamp?
    ) throws(ModelError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path) }
        guard FileStamp(status) == stamp else {
            throw ModelError(
                .mismatch, "\(path) has changed since it was loaded", hint: "Load the model again.")
        }
    }

    private static func digest(
        _ descriptor: CInt, _ path: String, _ isCancelled: () -> Bool
    ) throws -> [UInt8] {
        var hash = SHA256()
        var chunk = [UInt8](repeating: 0, count: chunkByteCount)
        while true {
            if isCancelled() { throw CancellationError() }
            let count = read(descriptor, &chunk, chunkByteCount)
            if count < 0 {
                guard errno == EINTR else { throw unreadable(path) }
                continue
            }
            guard count > 0 else { return Array(hash.finalize()) }
            chunk.withUnsafeBytes {
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
        }
    }

    private static func unreadable(_ path: String) -> ModelError {
        ModelError(.unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
