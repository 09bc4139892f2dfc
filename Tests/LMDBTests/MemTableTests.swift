import ErrataTesting
import Foundation
import LMDB
import Testing

@Suite("Rows in memory over those of LMDB")
struct MemTableTests {
    private static let options = Environment.Options(
        mapBytes: 1 << 20, checkpointByteCount: 1 << 14, flushMilliseconds: 2)

    /// What an environment of two tables must show.
    private struct Model {
        var rows: [[[UInt8]: [UInt8]]] = [[:], [:]]

        func entries(_ table: Int) -> [Entry] {
            rows[table].sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .map { Entry(key: $0.key, value: $0.value) }
        }
    }

    private struct Entry: Equatable {
        let key: [UInt8]
        let value: [UInt8]

        init(key: [UInt8], value: [UInt8]) {
            self.key = key
            self.value = value
        }

        init(_ entry: Cursor.Entry) { self.init(key: entry.key, value: entry.value) }
    }

    /// Few different keys, some of them the beginning of others.
    private static func key(_ random: inout SplitMix64) -> [UInt8] {
        (0...random.next() % 3).map { _ in UInt8(random.next() % 6 * 50) }
    }

    /// Changes some rows, and the model with them.
    private static func changes(
        _ random: inout SplitMix64, _ model: inout Model, _ tables: [Table]
    ) -> Changes {
        var changes = Changes()
        for _ in 0...random.next() % 5 {
            let (table, key) = (Int(random.next() % 2), key(&random))
            if random.next() % 4 == 0 {
                changes.delete(key, in: tables[table])
                model.rows[table][key] = nil
            } else {
                let size = random.next() % 16 == 0 ? 5_000 : 10
                let value = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                changes.put(value, for: key, in: tables[table])
                model.rows[table][key] = value
            }
        }
        return changes
    }

    /// Expects that `reader` shows the model: rows, counts, and walks that begin anywhere and turn round.
    private static func expect(
        _ model: Model, in reader: borrowing ReadTransaction, _ tables: [Table],
        _ random: inout SplitMix64
    ) throws {
        for table in 0..<2 {
            let entries = model.entries(table)
            try #expect(reader.count(of: tables[table]) == entries.count)
            for _ in 0..<5 {
                let key = key(&random)
                try #expect(reader.value(of: key, in: tables[table]) == model.rows[table][key])
            }
            try reader.withCursor(over: tables[table]) { cursor in
                for entry in entries { try #expect(cursor.next().map(Entry.init) == entry) }
                try #expect(cursor.next().map(Entry.init) == nil)
                try #expect(cursor.first().map(Entry.init) == entries.first)
                try #expect(cursor.last().map(Entry.init) == entries.last)
                for entry in entries.reversed().dropFirst() {
                    try #expect(cursor.previous().map(Entry.init) == entry)
                }
            }
            try reader.withCursor(over: tables[table]) { cursor in
                let key = key(&random)
                var place = entries.firstIndex { !$0.key.lexicographicallyPrecedes(key) }
                try #expect(cursor.seek(atLeast: key).map(Entry.init) == place.map { entries[$0] })
                for _ in 0..<8 {
                    guard let at = place else { break }
                    let isForward = random.next() % 2 == 0
                    let next = at + (isForward ? 1 : -1)
                    let expected = entries.indices.contains(next) ? entries[next] : nil
                    let found = try isForward ? cursor.next() : cursor.previous()
                    #expect(found.map(Entry.init) == expected)
                    if expected == nil { break }
                    place = next
                }
                let last = entries.last { !key.lexicographicallyPrecedes($0.key) }
                try #expect(cursor.seek(atMost: key).map(Entry.init) == last)
            }
        }
    }

    @Test(
        "show what a dictionary would, whatever LMDB has taken over",
        arguments: 0..<12 as Range<UInt64>)
    func model(seed: UInt64) throws {
        try withTemporaryDirectory { path in
            var random = SplitMix64(seed: seed)
            var model = Model()
            var environment = try Environment(at: path, options: Self.options)
            for _ in 0..<4 {
                let tables = try environment.tables(named: ["one", "two"])
                for _ in 0..<60 {
                    let changes = Self.changes(&random, &model, tables)
                    if random.next() % 8 == 0 {
                        try environment.write { try $0.apply(changes) }
                    } else {
                        try environment.commit(changes)
                    }
                    if random.next() % 8 == 0 { try environment.flush() }
                    try environment.read { try Self.expect(model, in: $0, tables, &random) }
                }
                environment.close()
                environment = try Environment(at: path, options: Self.options)
            }
            environment.close()
        }
    }

    @Test("are there after a crash, and a view keeps those that it began with")
    func crash() throws {
        try withTemporaryDirectory { path in
            var random = SplitMix64(seed: 99)
            var model = Model()
            let environment = try Environment(at: path, options: Self.options)
            defer { environment.close() }
            let tables = try environment.tables(named: ["one", "two"])
            for step in 0..<12 {
                for _ in 0..<10 {
                    try environment.commit(Self.changes(&random, &model, tables))
                }
                if step % 3 == 1 { try environment.flush() }
                let before = model
                try environment.read { reader in
                    try environment.commit(Self.changes(&random, &model, tables))
                    try Self.expect(before, in: reader, tables, &random)
                    if step % 2 == 0 { try environment.flush() }
                    try environment.commit(Self.changes(&random, &model, tables))
                    try Self.expect(before, in: reader, tables, &random)
                }
                try withTemporaryDirectory { copy in
                    for name in ["data.mdb", "redo", "redo.0", "redo.1"] {
                        try FileManager.default.copyItem(
                            atPath: "\(path)/\(name)", toPath: "\(copy)/\(name)")
                    }
                    let again = try Environment(at: copy, options: Self.options)
                    defer { again.close() }
                    let tables = try again.tables(named: ["one", "two"])
                    try again.read { try Self.expect(model, in: $0, tables, &random) }
                }
            }
        }
    }

    /// Commits that fill the memory by their bytes or by their number of rows.
    struct Load: CustomTestStringConvertible {
        let rowCount: Int
        let valueByteCount: Int
        /// So many commits are taken over though nobody goes on, and so many make who commits wait.
        let (dueCount, fullCount): (Int, Int)

        static let large = Load(rowCount: 1, valueByteCount: 1 << 20, dueCount: 17, fullCount: 50)
        static let small = Load(rowCount: 2_000, valueByteCount: 8, dueCount: 21, fullCount: 50)

        var testDescription: String { "\(rowCount) of \(valueByteCount) bytes at a time" }

        func key(_ commit: Int, _ row: Int) -> [UInt8] {
            Array(withUnsafeBytes(of: UInt64(commit * rowCount + row).bigEndian) { $0 })
        }

        func value(_ commit: Int) -> [UInt8] {
            [UInt8](repeating: UInt8(commit), count: valueByteCount)
        }

        /// What the rows of so many commits take in the data file at least.
        func byteCount(_ commitCount: Int) -> Int { commitCount * rowCount * (8 + valueByteCount) }
    }

    @Test(
        "reach LMDB before their time when they are many", .timeLimit(.minutes(2)),
        arguments: [Load.large, .small])
    func many(_ load: Load) async throws {
        let directory = try TemporaryDirectory()
        var options = Self.options
        options.flushMilliseconds = 3_600_000
        let environment = try Environment(at: directory.path, options: options)
        defer { environment.close() }
        let table = try environment.tables(named: ["one"])[0]
        func size() throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: directory.file("data.mdb"))
            return try #require(attributes[.size] as? Int)
        }
        func commit(_ numbers: Range<Int>) throws {
            for number in numbers {
                var changes = Changes()
                for row in 0..<load.rowCount {
                    changes.put(load.value(number), for: load.key(number, row), in: table)
                }
                try environment.commit(changes)
            }
        }
        // Nobody commits any more, and they are taken over all the same.
        try commit(0..<load.dueCount)
        while try size() < load.byteCount(load.dueCount - 1) {
            try await Task.sleep(for: .milliseconds(10))
        }
        // Who commits without end waits for LMDB.
        try commit(load.dueCount..<load.fullCount)
        try #expect(size() > load.byteCount(load.fullCount - 33))
        try environment.read { reader in
            for number in 0..<load.fullCount {
                let value = try reader.value(of: load.key(number, 0), in: table)
                #expect(value == load.value(number))
            }
        }
    }

    @Test("are shown to many readers while LMDB takes them over")
    func concurrency() async throws {
        let directory = try TemporaryDirectory()
        let environment = try Environment(at: directory.path, options: Self.options)
        defer { environment.close() }
        let table = try environment.tables(named: ["one"])[0]
        // Each commit moves both rows on; a view that shows them apart is torn.
        func commit(_ number: UInt64) throws {
            let value = withUnsafeBytes(of: number.bigEndian) { Array($0) }
            var changes = Changes()
            changes.put(value, for: [1], in: table)
            changes.put(value, for: [200], in: table)
            changes.put(value, for: value, in: table)
            try environment.commit(changes)
        }
        try commit(0)
        let isDone = Flag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    while !isDone.isSet {
                        try environment.read { reader in
                            let first = try reader.value(of: [1], in: table)
                            try #expect(reader.value(of: [200], in: table) == first)
                            let walk = try reader.withCursor(over: table) { cursor in
                                try (cursor.seek(atLeast: [1]), cursor.last())
                            }
                            #expect(walk.0?.value == first)
                            #expect(walk.1?.value == first)
                        }
                    }
                }
            }
            for number in 1..<1_500 as Range<UInt64> {
                try commit(number)
                if number % 7 == 0 { try environment.flush() }
            }
            isDone.set()
            try await group.waitForAll()
        }
    }
}
