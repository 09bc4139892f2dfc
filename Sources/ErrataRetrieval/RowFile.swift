import ErrataCore
import FoundationEssentials
import Glibc
import Synchronization

// ROW FILE FORMAT, version 1. Integers are little-endian.
//
//      0   8  magic: "ERRATAVF" (vectors) or "ERRATAVC" (codes)
//      8   4  format version
//     12   4  width: numbers in a vector
//     16  32  identity of the encoder
//     48  16  generation of the row table that the row numbers belong to
//     64  32  SHA-256 of bytes 0 to 63
//   4096      row 0, row 1, ...; each of the same size
//
//   vectors   row n is `width` 32-bit floats
//   codes     row n is a `RowCode`: width int8 numbers, padded to four bytes, then scale, residual
//             and reach as 32-bit floats and the checksum of the row in both files
//
// Rows are written with pwrite and synced before the table of rows counts them; what lies past the
// count is left over from a crash and is written over. Readers map the file and touch only rows that
// were counted, which lie inside the file, so a mapping never faults.

/// What the first page of a row file says.
struct RowFileHeader: Equatable, Sendable {
    enum Content: String, Sendable {
        case vectors = "ERRATAVF"
        case codes = "ERRATAVC"
    }

    static let version: UInt32 = 1
    static let byteCount = 4_096

    let content: Content
    let width: Int
    let encoder: [UInt8]
    let generation: [UInt8]

    var recordByteCount: Int {
        content == .vectors ? width * 4 : RowCode.byteCount(width: width)
    }

    var page: [UInt8] {
        var bytes = Array(content.rawValue.utf8)
        bytes.append(littleEndian: RowFileHeader.version)
        bytes.append(littleEndian: UInt32(width))
        bytes += encoder + generation
        bytes += Digest.sha256(bytes).bytes
        return bytes + [UInt8](repeating: 0, count: RowFileHeader.byteCount - bytes.count)
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian value: UInt32) {
        for shift in [0, 8, 16, 24] as [UInt32] {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

/// A file of records of one size that is written at its end and read through a mapping.
///
/// One thread writes; any number read, each through the ``RowMapping`` it took.
final class RowFile: Sendable {
    private static let growthBytesMin = 1 << 20
    private static let growthBytesMax = 64 << 20

    let header: RowFileHeader
    private let path: String
    private let descriptor: CInt
    private let state: Mutex<RowMapping>

    /// Opens the file at `path`, or makes it anew if it is absent or not the file that `header` describes.
    ///
    /// `problem` says why an existing file was thrown away.
    static func open(
        path: String, header: RowFileHeader
    ) throws -> (file: RowFile, isNew: Bool, problem: String?) {
        let (found, problem) = try existing(path: path, header: header)
        if let descriptor = found {
            return (try RowFile(path, header, descriptor), false, nil)
        }
        unlink(path)
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw RowFile.trouble("cannot create", path) }
        let file = try RowFile(path, header, descriptor)
        try file.write(header.page, atByte: 0)
        try file.sync()
        return (file, true, problem)
    }

    private static func existing(
        path: String, header: RowFileHeader
    ) throws -> (descriptor: CInt?, problem: String?) {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw trouble("cannot open", path) }
            return (nil, nil)
        }
        var page = [UInt8](repeating: 0, count: RowFileHeader.byteCount)
        let count = pread(descriptor, &page, page.count, 0)
        if count == page.count, page == header.page { return (descriptor, nil) }
        close(descriptor)
        return (nil, "\(path) is damaged or belongs to another index or encoder")
    }

    private init(_ path: String, _ header: RowFileHeader, _ descriptor: CInt) throws {
        self.path = path
        self.header = header
        self.descriptor = descriptor
        do {
            let size = max(try RowFile.size(descriptor, path), RowFileHeader.byteCount)
            state = Mutex(try RowMapping(descriptor, path, size, header.recordByteCount))
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// The file as it is now; rows written later need a mapping taken later.
    var mapping: RowMapping { state.withLock { $0 } }

    /// Writes whole records, the first of them row number `row`.
    ///
    /// Not durable before ``sync()``.
    func write(_ records: [UInt8], atRow row: Int) throws {
        precondition(records.count.isMultiple(of: header.recordByteCount))
        let start = RowFileHeader.byteCount + row * header.recordByteCount
        try grow(toHold: start + records.count)
        try write(records, atByte: start)
    }

    func sync() throws {
        guard fdatasync(descriptor) == 0 else { throw RowFile.trouble("cannot sync", path) }
    }

    var byteCount: Int { (try? RowFile.size(descriptor, path)) ?? 0 }

    private func grow(toHold end: Int) throws {
        let size = mapping.byteCount
        guard end > size else { return }
        let step = min(max(size, RowFile.growthBytesMin), RowFile.growthBytesMax)
        let newSize = max(end, size + step)
        guard ftruncate(descriptor, off_t(newSize)) == 0 else {
            throw RowFile.trouble("cannot grow", path)
        }
        let mapping = try RowMapping(descriptor, path, newSize, header.recordByteCount)
        state.withLock { $0 = mapping }
    }

    private func write(_ bytes: [UInt8], atByte start: Int) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(
                    descriptor, buffer.baseAddress.map { $0 + done }, bytes.count - done,
                    off_t(start + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw RowFile.trouble("cannot write", path) }
            done += count
        }
    }

    private static func size(_ descriptor: CInt, _ path: String) throws -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw trouble("cannot stat", path) }
        return Int(status.st_size)
    }

    fileprivate static func trouble(_ operation: String, _ path: String) -> RetrievalError {
        RetrievalError(
            .fileTrouble, "\(operation) \(path): \(String(cString: strerror(errno))) (\(errno))")
    }
}

/// The records of a file as they lie in memory, for as long as somebody holds this object.
//
// Unchecked: the mapping is read-only and lives as long as the object.
final class RowMapping: @unchecked Sendable {
    let byteCount: Int
    /// Whole records inside the file.
    let rowCapacity: Int
    let recordByteCount: Int
    private let base: UnsafeMutableRawPointer

    fileprivate init(
        _ descriptor: CInt, _ path: String, _ byteCount: Int, _ recordByteCount: Int
    ) throws {
        let base = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else { throw RowFile.trouble("cannot map", path) }
        self.base = base
        self.byteCount = byteCount
        self.recordByteCount = recordByteCount
        rowCapacity = (byteCount - RowFileHeader.byteCount) / recordByteCount
    }

    deinit { munmap(base, byteCount) }

    /// Returns where row number `row` starts; valid while this object lives.
    func record(_ row: Int) -> UnsafeRawPointer {
        precondition(row >= 0 && row < rowCapacity)
        return UnsafeRawPointer(base) + RowFileHeader.byteCount + row * recordByteCount
    }
}
