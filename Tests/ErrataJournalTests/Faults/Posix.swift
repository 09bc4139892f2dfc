import Foundation
import Glibc

/// The few calls that the sweeps make thousands of times: Foundation's take longer than what is tested.
enum Posix {
    static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 else { throw failure }
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure }
        defer { _ = close(file) }
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw failure }
    }

    static func inode(of path: String) throws -> UInt64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure }
        return UInt64(status.st_ino)
    }

    private static var failure: POSIXError { POSIXError(.init(rawValue: errno) ?? .EIO) }
}
