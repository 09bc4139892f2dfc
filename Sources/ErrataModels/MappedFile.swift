import Crypto
import Glibc

/// A regular file, mapped read-only, or one that is part of the program.
///
/// The mapping lives as long as the object. Whoever truncates the file meanwhile kills the process
/// (SIGBUS), so readers copy what they need and let go.
// The bytes are never written, and unmapped only when no reference is left.
final class MappedFile: @unchecked Sendable {
    let name: String
    let byteCount: Int
    /// What the file system says of it; nil for a part of the program.
    let stamp: FileStamp?
    private let base: UnsafeRawPointer?
    private let isPartOfProgram: Bool

    /// Takes bytes that live as long as the process.
    init(name: String, programBytes bytes: UnsafeRawBufferPointer) {
        self.name = name
        byteCount = bytes.count
        stamp = nil
        base = bytes.baseAddress
        isPartOfProgram = true
    }

    /// Maps `directory/name`; `byteCountMax` bounds what is mapped.
    init(directory: String, name: String, byteCountMax: Int) throws(ModelError) {
        let path = directory + "/" + name
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ModelError(.unreadable, "\(path) is not a regular file")
        }
        guard status.st_size <= byteCountMax else {
            throw ModelError(
                .limit, "\(path) has \(status.st_size) bytes, more than \(byteCountMax)")
        }
        self.name = name
        isPartOfProgram = false
        byteCount = status.st_size
        stamp = FileStamp(status)
        guard byteCount > 0 else {
            base = nil
            return
        }
        let mapped = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard mapped != MAP_FAILED else { throw Self.unreadable(path) }
        base = UnsafeRawPointer(mapped)
    }

    deinit {
        guard let base, !isPartOfProgram else { return }
        munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
    }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: byteCount)
    }

    /// SHA-256 of the bytes in lower-case hexadecimal.
    var sha256: String { hexadecimal(digest) }

    /// SHA-256 of the bytes.
    var digest: [UInt8] {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return Array(hash.finalize())
    }

    private static func unreadable(_ path: String) -> ModelError {
        ModelError(.unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}

/// A part of a mapped file, which stays mapped as long as this does.
package struct MappedBytes: Sendable {
    private let file: MappedFile
    private let range: Range<Int>

    init(_ file: MappedFile, _ range: Range<Int>) {
        precondition(0 <= range.lowerBound && range.upperBound <= file.byteCount)
        self.file = file
        self.range = range
    }

    var count: Int { range.count }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withExtendedLifetime(file) {
            body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
        }
    }
}

/// Returns bytes in lower-case hexadecimal.
package func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}
