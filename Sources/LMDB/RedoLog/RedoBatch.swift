// A batch holds the changes of one transaction, one after the other:
//
//   0 kind (1)   1 name size (1)   2 key size (2)   4 value size (4)   8 table name, key, value

/// One change of a transaction.
struct RedoChange: Equatable {
    enum Kind: UInt8 {
        /// The table is made if it is missing.
        case create
        case put
        case delete
        /// Every key of the table goes.
        case empty
    }

    let kind: Kind
    let table: String
    let key: [UInt8]
    let value: [UInt8]
}

/// The changes of one transaction in the order in which they were made, as the log keeps them.
final class RedoBatch {
    private static let headerByteCount = 8

    /// What a few commits take.
    private static let capacity = 1 << 16

    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(RedoBatch.capacity) }

    init(_ changes: Changes) {
        // A large transaction has some thousand changes: none is copied, and the bytes are this function's alone.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(changes.byteCount + 32 * changes.list.count)
        changes.list.withUnsafeBufferPointer { list in
            for i in list.indices {
                RedoBatch.add(
                    list[i].kind == .delete ? .delete : .put, list[i].table.name, list[i].key,
                    list[i].value, to: &bytes)
            }
        }
        self.bytes = bytes
    }

    func add(_ kind: RedoChange.Kind, _ table: String, key: [UInt8] = [], value: [UInt8] = []) {
        RedoBatch.add(kind, table, key, value, to: &bytes)
    }

    private static func add(
        _ kind: RedoChange.Kind, _ table: String, _ key: [UInt8], _ value: [UInt8],
        to bytes: inout [UInt8]
    ) {
        precondition(table.utf8.count < 1 << 8 && key.count < 1 << 16 && value.count < 1 << 32)
        bytes.append(kind.rawValue)
        bytes.append(UInt8(table.utf8.count))
        bytes.append(littleEndian: UInt16(key.count))
        bytes.append(littleEndian: UInt32(value.count))
        bytes += table.utf8
        bytes += key
        bytes += value
    }

    /// Returns the changes in `bytes`; nil if they are not what a batch holds.
    static func changes(in bytes: [UInt8]) -> [RedoChange]? {
        var changes: [RedoChange] = []
        var offset = 0
        while offset < bytes.count {
            guard bytes.count - offset >= headerByteCount,
                let kind = RedoChange.Kind(rawValue: bytes[offset])
            else { return nil }
            let sizes = [
                Int(bytes[offset + 1]), Int(bytes.number(UInt16.self, at: offset + 2)),
                Int(bytes.number(UInt32.self, at: offset + 4)),
            ]
            offset += headerByteCount
            guard sizes.reduce(0, +) <= bytes.count - offset else { return nil }
            let parts = sizes.map { size in
                defer { offset += size }
                return bytes[offset..<offset + size]
            }
            changes.append(
                RedoChange(
                    kind: kind, table: String(decoding: parts[0], as: UTF8.self),
                    key: Array(parts[1]), value: Array(parts[2])))
        }
        return changes
    }
}

extension [UInt8] {
    mutating func append(littleEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
