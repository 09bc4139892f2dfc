/// What a transaction is to change, in order; the transaction need not have begun.
package struct Changes: Sendable {
    enum Kind {
        case put
        case append
        case insert
        case delete
    }

    struct Change: Sendable {
        let kind: Kind
        let table: Table
        let key: [UInt8]
        let value: [UInt8]
    }

    private(set) var list: [Change] = []
    /// Of all keys and values.
    private(set) var byteCount = 0

    package init() {}

    package var isEmpty: Bool { list.isEmpty }

    private mutating func add(_ kind: Kind, _ key: [UInt8], _ value: [UInt8], _ table: Table) {
        list.append(Change(kind: kind, table: table, key: key, value: value))
        byteCount += key.count + value.count
    }

    /// Stores `value` under `key`, whatever was there.
    package mutating func put(_ value: [UInt8], for key: [UInt8], in table: Table) {
        add(.put, key, value, table)
    }

    /// Stores `value` under a key that must be greater than all others of the table.
    package mutating func append(_ value: [UInt8], for key: [UInt8], in table: Table) {
        add(.append, key, value, table)
    }

    /// Stores `value` under a key that must not be there yet.
    package mutating func insert(_ value: [UInt8], for key: [UInt8], in table: Table) {
        add(.insert, key, value, table)
    }

    /// Removes `key`, if it is there.
    package mutating func delete(_ key: [UInt8], in table: Table) {
        add(.delete, key, [], table)
    }

    /// Adds the changes of `other` after its own.
    package mutating func append(contentsOf other: Changes) {
        list += other.list
        byteCount += other.byteCount
    }
}

extension WriteTransaction {
    /// Makes the changes in their order.
    ///
    /// Throws `keyExists` for a key that is there and must not be, or that must be the greatest and is not. Costs one
    /// descent of its table a change.
    package func apply(_ changes: Changes) throws(LMDBError) {
        for change in changes.list {
            switch change.kind {
            case .put: try put(change.value, for: change.key, in: change.table)
            case .append: try append(change.value, for: change.key, in: change.table)
            case .insert: try insert(change.value, for: change.key, in: change.table)
            case .delete: try delete(change.key, in: change.table)
            }
        }
    }
}

/// The rows that changes will leave, for one who plans what comes after them before they are stored.
///
/// A view over them finds single rows; for a cursor or a count it throws `rowsPending`.
package final class PendingRows {
    /// What 64 commits take.
    private static let capacity = 1_024

    /// Nil stands for a row that is taken away.
    private var rows: [RowName: [UInt8]?] = [:]
    private var before: PendingRows?

    /// Comes after `before`; what that came after is stored by now, and its room is taken over.
    package init(after before: PendingRows? = nil) {
        self.before = before
        if let stored = before?.before {
            before?.before = nil
            swap(&rows, &stored.rows)
            rows.removeAll(keepingCapacity: true)
        } else {
            rows.reserveCapacity(PendingRows.capacity)
        }
    }

    package func add(_ changes: Changes) {
        for change in changes.list {
            let name = RowName(table: change.table.handle, key: change.key)
            rows[name] = .some(change.kind == .delete ? nil : change.value)
        }
    }

    /// Returns nil for a row that no change touches, and `.some(nil)` for one that is taken away.
    func value(of key: [UInt8], in table: Table) -> [UInt8]?? {
        let name = RowName(table: table.handle, key: key)
        return rows[name] ?? before?.rows[name]
    }
}
