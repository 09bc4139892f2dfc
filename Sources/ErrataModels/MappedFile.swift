import Crypto
import Glibc

/// A regular file, mapped read-only.
///
/// The mapping lives as long as the object. Whoever truncates the file meanwhile kills the process
/// (SIGBUS), so readers copy what they need and let go.
final class MappedFile {
    let name: String
    let byteCount: Int
    private let base: UnsafeMutableRawPointer?

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
        byteCount = status.st_size
        guard byteCount > 0 else {
            base = nil
            return
        }
        let mapped = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard mapped != MAP_FAILED else { throw Self.unreadable(path) }
        base = mapped
    }

    deinit {
        if let base { munmap(base, byteCount) }
    }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(base), count: byteCount)
    }

    /// SHA-256 of the bytes in lower-case hexadecimal.
    var sha256: String {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    private static func unreadable(_ path: String) -> ModelError {
        ModelError(.unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
