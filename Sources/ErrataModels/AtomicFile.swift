import Glibc

/// A new file on its way to disk.
struct DraftFile: ~Copyable {
    private let descriptor: CInt
    /// What messages call it.
    private let name: String

    /// Makes an empty file at `path`, or empties the one that is there.
    init(_ path: String, name: String) throws(ModelError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        self.name = name
        guard descriptor >= 0 else { throw AtomicFile.unwritable(path, errno) }
    }

    deinit { close(descriptor) }

    /// Writes bytes and returns what went wrong, if anything: closures that lend bytes cannot throw it.
    func failure(writing bytes: UnsafeRawBufferPointer) -> ModelError? {
        var start = 0
        while start < bytes.count {
            let count = Glibc.write(
                descriptor, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            if count > 0 {
                start += count
            } else if count == 0 || errno != EINTR {
                return AtomicFile.unwritable(name, count == 0 ? ENOSPC : errno)
            }
        }
        return nil
    }

    func write(_ bytes: [UInt8]) throws(ModelError) {
        if let failure = bytes.withUnsafeBytes({ failure(writing: $0) }) { throw failure }
    }

    func sync() throws(ModelError) {
        guard fsync(descriptor) == 0 else { throw AtomicFile.unwritable(name, errno) }
    }
}

/// Replaces a file by new bytes, whole or not at all.
package enum AtomicFile {
    /// Throws, leaving what was at `path` and nothing else, if any step fails.
    package static func write(_ bytes: [UInt8], to path: String) throws(ModelError) {
        try write(to: path) { file throws(ModelError) in try file.write(bytes) }
    }

    /// Writes what `body` writes, part by part; throws as the other does.
    static func write(
        to path: String, _ body: (borrowing DraftFile) throws(ModelError) -> Void
    ) throws(ModelError) {
        let draft = path + ".partial"
        do {
            let file = try DraftFile(draft, name: path)
            try body(file)
            try file.sync()
        } catch {
            unlink(draft)
            throw error
        }
        guard rename(draft, path) == 0 else {
            let number = errno
            unlink(draft)
            throw unwritable(path, number)
        }
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { String(path[..<$0]) } ?? "."
        try syncDirectory(directory.isEmpty ? "/" : directory)
    }

    /// Makes new names in a directory durable.
    static func syncDirectory(_ path: String) throws(ModelError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unwritable(path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw unwritable(path, errno) }
    }

    static func unwritable(_ path: String, _ number: CInt) -> ModelError {
        ModelError(.unreadable, "cannot write \(path): \(String(cString: strerror(number)))")
    }
}
