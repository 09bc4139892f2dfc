import CErrataSystem
import Glibc

/// The place where the daemon listens: locked for as long as this value lives.
///
/// The server library binds over whatever lies at the path and removes the file when it stops, so two
/// daemons on one path would take each other's name. The lock, taken before, keeps them apart.
package final class ServerSocket: Sendable {
    /// `sun_path` holds 108 bytes, the closing zero among them.
    package static let pathBytesMax = 107

    package let path: String
    private let lock: CInt

    /// Locks `path` and clears a socket file that no daemon listens on any more.
    ///
    /// Makes the directory (mode 0700) if it is missing.
    package init(path: String) throws(ServerSocketError) {
        self.path = path
        try ServerSocket.checkLength(path)
        try ServerSocket.prepareDirectory(of: path)
        lock = try ServerSocket.takeLock(path + ".lock")
        // All is set now, so that `deinit` closes the lock if this throws.
        try ServerSocket.removeStale(path)
    }

    // The lock file stays: removing it would let a third daemon lock a new file beside a waiting second.
    deinit { close(lock) }

    /// Gives the bound socket its mode, and its group if there is one.
    ///
    /// The process's umask of 077 bound it for the owner alone; this opens it to those whom the operator named.
    func setAccess(group: UInt32?, mode: UInt32? = nil) throws(ServerSocketError) {
        if let group, chown(path, uid_t.max, group) != 0 {
            throw ServerSocketError(path, "cannot give the socket to group \(group)", errno)
        }
        guard chmod(path, mode ?? (group == nil ? 0o600 : 0o660)) == 0 else {
            throw ServerSocketError(path, "cannot set the socket's mode", errno)
        }
    }

    static func checkLength(_ path: String) throws(ServerSocketError) {
        let count = path.utf8.count
        guard (1...pathBytesMax).contains(count), !path.utf8.contains(0) else {
            throw ServerSocketError(
                message: "the socket path has \(count) bytes, at most \(pathBytesMax) are allowed",
                hint: "Give a shorter one with --socket or ERRATA_SOCKET.")
        }
    }

    private static func prepareDirectory(of path: String) throws(ServerSocketError) {
        let directory = directory(of: path)
        var info = stat()
        if stat(directory, &info) != 0 {
            guard errno == ENOENT else {
                throw ServerSocketError(directory, "cannot look at the socket's directory", errno)
            }
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
                throw ServerSocketError(directory, "cannot make the socket's directory", errno)
            }
            return
        }
        let isOpenToAll = info.st_mode & S_IWOTH != 0 && info.st_mode & S_ISVTX == 0
        guard !isOpenToAll else {
            throw ServerSocketError(
                message: "anyone may replace files in the socket's directory \(directory)",
                hint: "Use a directory of mode 0700.")
        }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func takeLock(_ path: String) throws(ServerSocketError) -> CInt {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw ServerSocketError(path, "cannot open the lock file", errno)
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(file)
            guard code == EWOULDBLOCK else {
                throw ServerSocketError(path, "cannot lock", code)
            }
            throw ServerSocketError(
                message: "another daemon holds \(path)",
                hint: "'errata status' shows it; stop it, or serve another --socket.")
        }
        return file
    }

    private static func removeStale(_ path: String) throws(ServerSocketError) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        guard info.st_mode & S_IFMT == S_IFSOCK else {
            throw ServerSocketError(
                message: "\(path) exists and is not a socket",
                hint: "Move it away, or serve another --socket.")
        }
        let code = errata_connect(path, 2_000)
        if code >= 0 {
            close(code)
            throw ServerSocketError(
                message: "another daemon listens on \(path)",
                hint: "Stop it, or serve another --socket.")
        }
        guard -code == ECONNREFUSED else {
            throw ServerSocketError(path, "cannot tell whether a daemon listens there", -code)
        }
        guard unlink(path) == 0 else {
            throw ServerSocketError(path, "cannot remove the stale socket", errno)
        }
    }
}

/// Why the daemon cannot listen where it was told to.
package struct ServerSocketError: Error, Equatable, Sendable {
    package let message: String
    package let hint: String?

    init(message: String, hint: String?) {
        self.message = message
        self.hint = hint
    }

    init(_ path: String, _ what: String, _ code: CInt) {
        message = "\(what) \(path): \(String(cString: strerror(code))) (\(code))"
        hint = nil
    }
}
