import Glibc
import Synchronization

/// The directories this process has open.
///
/// LMDB forbids opening one twice in a process and does not notice it: closing either file descriptor
/// would drop the fcntl locks of both (lmdb.h, "Caveats").
enum OpenDirectories {
    /// A directory by device and inode, so that two paths to it are one.
    struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    private static let open = Mutex<Set<Identity>>([])

    static func claim(_ directory: String) throws(LMDBError) -> Identity {
        var status = stat()
        guard stat(directory, &status) == 0 else {
            throw LMDBError(code: errno, operation: "open \(directory)")
        }
        let identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        guard open.withLock({ $0.insert(identity).inserted }) else {
            throw LMDBError(kind: .alreadyOpen, operation: "open \(directory)")
        }
        return identity
    }

    static func release(_ identity: Identity) {
        open.withLock { _ = $0.remove(identity) }
    }
}
