import CLMDB

/// A place in a table, in key order.
package struct Cursor: ~Copyable {
    /// One key and its value, copied out.
    package struct Entry: Equatable, Sendable {
        package let key: [UInt8]
        package let value: [UInt8]
    }

    /// What a memtable has of the table.
    struct Layer {
        let view: MemView
        let keys: [[UInt8]]
    }

    private let handle: OpaquePointer
    private let table: Table
    /// What lies over LMDB's rows, newest first; none for most tables most of the time.
    private let layers: [Layer]
    /// The key that was returned last, if there are layers.
    private var place: [UInt8]?
    /// The least of LMDB's keys that come after ``place``, while the cursor moves forward.
    private var ahead: Entry?

    init(handle: OpaquePointer, table: Table, layers: [Layer]) {
        self.handle = handle
        self.table = table
        self.layers = layers
    }

    deinit { mdb_cursor_close(handle) }

    package mutating func first() throws(LMDBError) -> Entry? {
        ahead = nil
        return layers.isEmpty ? try move(MDB_FIRST) : try forward(from: [], orAt: true)
    }

    package mutating func last() throws(LMDBError) -> Entry? {
        layers.isEmpty ? try move(MDB_LAST) : try backward(from: nil, orAt: true)
    }

    /// Moves one key on; on a fresh cursor, to the first.
    package mutating func next() throws(LMDBError) -> Entry? {
        guard !layers.isEmpty else { return try move(MDB_NEXT) }
        guard let place else { return try first() }
        return try forward(from: place, orAt: false)
    }

    /// Moves one key back; on a fresh cursor, to the last.
    package mutating func previous() throws(LMDBError) -> Entry? {
        guard !layers.isEmpty else { return try move(MDB_PREV) }
        guard let place else { return try last() }
        return try backward(from: place, orAt: false)
    }

    /// Moves to the least key that is not below `key`.
    package mutating func seek(atLeast key: [UInt8]) throws(LMDBError) -> Entry? {
        ahead = nil
        return layers.isEmpty ? try move(MDB_SET_RANGE, key) : try forward(from: key, orAt: true)
    }

    /// Moves to the greatest key that is not above `key`.
    package mutating func seek(atMost key: [UInt8]) throws(LMDBError) -> Entry? {
        guard layers.isEmpty else { return try backward(from: key, orAt: true) }
        guard let entry = try seek(atLeast: key) else { return try last() }
        return entry.key == key ? entry : try previous()
    }

    // MARK: Layers

    /// Returns the entry of the least key from `start` on, which counts itself if `orAt` says so.
    private mutating func forward(
        from start: [UInt8], orAt: Bool
    ) throws(LMDBError) -> Entry? {
        var (start, orAt) = (start, orAt)
        while true {
            let stored = try stored(from: start, orAt)
            var least = stored?.key
            for layer in layers {
                var i = layer.keys.firstPlace(notBelow: start)
                if !orAt, i < layer.keys.count, layer.keys[i] == start { i += 1 }
                guard i < layer.keys.count else { continue }
                if let key = least, !layer.keys[i].isBelow(key) { continue }
                least = layer.keys[i]
            }
            guard let key = least else { return nil }
            if let entry = entry(of: key, over: stored) {
                place = key
                return entry
            }
            (start, orAt) = (key, false)
        }
    }

    /// Returns the entry of the greatest key up to `end`, nil for the last, which counts itself if `orAt` says so.
    private mutating func backward(
        from end: [UInt8]?, orAt: Bool
    ) throws(LMDBError) -> Entry? {
        ahead = nil
        var (end, orAt) = (end, orAt)
        while true {
            let stored = try stored(upTo: end, orAt)
            var greatest = stored?.key
            for layer in layers {
                var i = layer.keys.count
                if let end {
                    i = layer.keys.firstPlace(notBelow: end)
                    if orAt, i < layer.keys.count, layer.keys[i] == end { i += 1 }
                }
                guard i > 0 else { continue }
                if let key = greatest, !key.isBelow(layer.keys[i - 1]) { continue }
                greatest = layer.keys[i - 1]
            }
            guard let key = greatest else { return nil }
            if let entry = entry(of: key, over: stored) {
                place = key
                return entry
            }
            (end, orAt) = (key, false)
        }
    }

    /// Returns what is shown of `key`; nil if it was taken away, or is there in later versions only.
    private func entry(of key: [UInt8], over stored: Entry?) -> Entry? {
        for layer in layers {
            if let row = layer.view.value(of: key, in: table) {
                return row.map { Entry(key: key, value: $0) }
            }
        }
        return stored?.key == key ? stored : nil
    }

    /// Returns LMDB's entry of its least key from `start` on.
    private mutating func stored(
        from start: [UInt8], _ orAt: Bool
    ) throws(LMDBError) -> Entry? {
        if let known = ahead {
            if start.isBelow(known.key) || orAt && known.key == start { return known }
            ahead = known.key == start ? try move(MDB_NEXT) : nil
            if known.key == start { return ahead }
        }
        // The least key is not empty: LMDB has no such keys.
        ahead = start.isEmpty ? try move(MDB_FIRST) : try move(MDB_SET_RANGE, start)
        if !orAt, let found = ahead, found.key == start { ahead = try move(MDB_NEXT) }
        return ahead
    }

    /// Returns LMDB's entry of its greatest key up to `end`.
    private mutating func stored(
        upTo end: [UInt8]?, _ orAt: Bool
    ) throws(LMDBError) -> Entry? {
        guard let end, let found = try move(MDB_SET_RANGE, end) else { return try move(MDB_LAST) }
        return orAt && found.key == end ? found : try move(MDB_PREV)
    }

    private mutating func move(
        _ operation: MDB_cursor_op, _ target: [UInt8] = []
    ) throws(LMDBError) -> Entry? {
        TableTrace.note(table)
        var entry: Entry?
        let code = withMDBValue(target) { target in
            var key = target
            var value = MDB_val()
            let code = mdb_cursor_get(handle, &key, &value, operation)
            // An exact match may leave `key` pointing at the target, so it is copied in here.
            if code == MDB_SUCCESS { entry = Entry(key: bytes(key), value: bytes(value)) }
            return code
        }
        if code == MDB_NOTFOUND { return nil }
        try check(code, "walk \(table.name)")
        return entry
    }
}

private func bytes(_ value: MDB_val) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
}
