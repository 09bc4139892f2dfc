import Glibc

/// An open file that closes with its owner.
struct FileDescriptor: ~Copyable, Sendable {
    let raw: CInt
    let path: String

    /// Opens `path`; with `create` the file is made, for its owner only, if it is missing.
    init(
        opening path: String, create: Bool = false, isReadOnly: Bool = false
    ) throws(JournalError) {
        let access = isReadOnly ? O_RDONLY : O_RDWR
        raw = open(path, access | O_CLOEXEC | (create ? O_CREAT : 0), 0o600)
        self.path = path
        guard raw >= 0 else { throw .system(errno, "open \(path)") }
    }

    deinit { _ = Glibc.close(raw) }

    func byteCount() throws(JournalError) -> Int {
        var status = stat()
        guard fstat(raw, &status) == 0 else { throw .system(errno, "measure \(path)") }
        return status.st_size
    }

    /// Returns `count` bytes from `offset` on, fewer if the file ends before.
    func read(_ count: Int, at offset: Int) throws(JournalError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(raw, buffer.baseAddress?.advanced(by: done), count - done, offset + done)
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw .system(errno, "read \(path)") }
            if got == 0 { break }
            done += got
        }
        return Array(bytes.prefix(done))
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(JournalError) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { buffer in
                pwrite(
                    raw, buffer.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
            }
            if put < 0 && errno == EINTR { continue }
            guard put >= 0 else { throw .system(errno, "write \(path)") }
            done += put
        }
    }

    func truncate(to byteCount: Int) throws(JournalError) {
        guard ftruncate(raw, byteCount) == 0 else { throw .system(errno, "truncate \(path)") }
    }

    /// Waits until the file, its length included, is on disk.
    func sync() throws(JournalError) {
        guard fsync(raw) == 0 else { throw .system(errno, "sync \(path)") }
    }
}

/// What the store needs of directories.
enum Directory {
    /// Makes `path` for its owner only, if it is missing, and syncs its name; its parent must exist.
    static func create(_ path: String) throws(JournalError) {
        let isNew = mkdir(path, 0o700) == 0
        guard isNew || errno == EEXIST else { throw .system(errno, "create \(path)") }
        // Whoever made an old one may have been killed before its name was on disk.
        do { try sync(parent(of: path)) } catch {
            // The parent of an old one may be closed to us.
            guard !isNew && error.code == .storageReadOnly else { throw error }
        }
    }

    /// The directory that `path` lies in.
    static func parent(of path: String) -> String {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return parent.isEmpty ? "/" : parent
    }

    /// Takes the name `path` away from a file, if there is one.
    static func removeFile(_ path: String) throws(JournalError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(errno, "remove \(path)") }
    }

    /// Returns the names in `path`, nil if it is no directory that can be read.
    static func names(in path: String) -> [String]? {
        guard let directory = opendir(path) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Waits until the names in `path` are on disk: a new file is safe only after that.
    static func sync(_ path: String) throws(JournalError) {
        let raw = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw .system(errno, "open \(path)") }
        defer { _ = Glibc.close(raw) }
        guard fsync(raw) == 0 else { throw .system(errno, "sync \(path)") }
    }

    /// Gives the file `path` the name `target`, in one step.
    static func rename(_ path: String, to target: String) throws(JournalError) {
        guard Glibc.rename(path, target) == 0 else { throw .system(errno, "rename \(path)") }
    }

    /// Returns false only if there is surely no such file.
    static func hasFile(_ path: String) -> Bool { access(path, F_OK) == 0 || errno != ENOENT }
}

extension JournalError {
    /// Says what the system refused; `operation` completes the sentence "cannot …".
    static func system(_ code: CInt, _ operation: String) -> JournalError {
        let message = "cannot \(operation): \(String(cString: strerror(code))) (\(code))"
        return switch code {
        case ENOSPC, EDQUOT, EFBIG:
            JournalError(
                .storageFull, message,
                hint: "Free space on the disk, then try again: nothing was written.")
        case EROFS, EACCES, EPERM:
            JournalError(.storageReadOnly, message, hint: "Make the data directory writable.")
        default: JournalError(.io, message)
        }
    }
}
