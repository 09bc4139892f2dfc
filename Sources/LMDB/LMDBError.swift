import CLMDB
import Glibc

/// What LMDB, or the system under it, refused to do.
package struct LMDBError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong, as far as a caller can act on it.
    package enum Kind: Equatable, Sendable {
        case keyExists
        case notFound
        /// The map is smaller than the data; it can be grown and the write tried again.
        case mapFull
        /// Another process has grown the data beyond this process's map.
        case mapOutgrown
        /// The transaction touches more pages than LMDB can hold in one.
        case transactionTooLarge
        /// Rows that are not stored yet can be looked up one by one only.
        case rowsPending
        case badKeyOrValueSize
        /// The bytes on disk are not a valid environment.
        case corrupt
        /// A write of the meta page failed; the environment must be opened again.
        case mustReopen
        case readersFull
        case noSpace
        case readOnly
        case alreadyOpen
        case closed
        case system
    }

    package let kind: Kind
    /// LMDB's own code, or an errno value.
    package let code: CInt
    /// Completes the sentence "cannot …".
    package let operation: String

    package init(code: CInt, operation: String) {
        self.code = code
        self.operation = operation
        kind = LMDBError.kind(of: code)
    }

    init(kind: Kind, operation: String) {
        self.kind = kind
        self.operation = operation
        code = 0
    }

    private static func kind(of code: CInt) -> Kind {
        switch code {
        case MDB_KEYEXIST: .keyExists
        case MDB_NOTFOUND: .notFound
        case MDB_MAP_FULL: .mapFull
        case MDB_MAP_RESIZED: .mapOutgrown
        case MDB_TXN_FULL: .transactionTooLarge
        case MDB_BAD_VALSIZE: .badKeyOrValueSize
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH: .corrupt
        case MDB_PANIC: .mustReopen
        case MDB_READERS_FULL: .readersFull
        case ENOSPC, EDQUOT, EFBIG: .noSpace
        case EROFS, EACCES, EPERM: .readOnly
        default: .system
        }
    }

    package var description: String {
        switch kind {
        case .alreadyOpen: "cannot \(operation): it is already open in this process"
        case .closed: "cannot \(operation): the environment is closed"
        case .rowsPending: "cannot \(operation): its changes are not stored yet"
        default: "cannot \(operation): \(String(cString: mdb_strerror(code))) (\(code))"
        }
    }
}

/// Throws unless `code` is `MDB_SUCCESS`.
///
/// `operation` completes the sentence "cannot …": "cannot open edits.mdb: Permission denied (13)".
func check(_ code: CInt, _ operation: @autoclosure () -> String) throws(LMDBError) {
    guard code == MDB_SUCCESS else { throw LMDBError(code: code, operation: operation()) }
}
