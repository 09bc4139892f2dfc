import Foundation
import LMDB
import Testing

@Suite("An environment with a redo log")
struct RedoLogTests {
    private static let options = Environment.Options(
        mapBytes: 1 << 20, checkpointByteCount: 1 << 14)

    /// Runs `body` on an environment that writes a log, and on its one table.
    private func withLogged(_ body: (Environment, Table, String) throws -> Void) throws {
        try withTemporaryDirectory { path in
            let environment = try Environment(at: path, options: Self.options)
            defer { environment.close() }
            try body(environment, environment.tables(named: ["things"])[0], path)
        }
    }

    private func put(
        _ range: Range<Int>, _ environment: Environment, _ table: Table
    ) throws {
        for i in range {
            try environment.write {
                try $0.put(Array("value \(i)".utf8), for: Array("key \(i % 500)".utf8), in: table)
            }
        }
    }

    /// Copies the files as they are, as if the process had died now, and runs `body` on the copy.
    private func afterCrash(of path: String, _ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { copy in
            for name in ["data.mdb", "redo", "redo.0", "redo.1"] {
                try FileManager.default.copyItem(
                    atPath: "\(path)/\(name)", toPath: "\(copy)/\(name)")
            }
            try body(copy)
        }
    }

    private func values(in path: String) throws -> [String: String] {
        let environment = try Environment(at: path, options: Self.options)
        defer { environment.close() }
        let table = try environment.tables(named: ["things"])[0]
        return try environment.read { reader in
            try reader.withCursor(over: table) { cursor in
                var values: [String: String] = [:]
                while let entry = try cursor.next() {
                    values[String(decoding: entry.key, as: UTF8.self)] =
                        String(decoding: entry.value, as: UTF8.self)
                }
                return values
            }
        }
    }

    /// Expects what ``put(_:_:_:)`` of 0..<count leaves.
    private func expect(_ count: Int, in path: String) throws {
        let found = try values(in: path)
        #expect(found == Dictionary((0..<count).map { ("key \($0 % 500)", "value \($0)") }) { $1 })
    }

    @Test("has every commit after a crash, whatever the checkpoints were doing")
    func crash() throws {
        try withLogged { environment, table, path in
            var count = 0
            for step in [1, 3, 30, 31, 70, 200, 300, 601] {
                try put(count..<count + step, environment, table)
                count += step
                try afterCrash(of: path) { try expect(count, in: $0) }
            }
        }
    }

    @Test("leaves no log behind when it is closed, and none before the first write")
    func closing() throws {
        try withTemporaryDirectory { path in
            let environment = try Environment(at: path, options: Self.options)
            let table = try environment.tables(named: ["things"])[0]
            #expect(!FileManager.default.fileExists(atPath: path + "/redo"))
            try put(0..<40, environment, table)
            #expect(FileManager.default.fileExists(atPath: path + "/redo"))
            environment.close()
            let left = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            #expect(left == ["data.mdb", "lock.mdb"])
            try expect(40, in: path)
        }
    }

    @Test("does again what was deleted, emptied and made after the last checkpoint")
    func otherChanges() throws {
        try withLogged { environment, table, path in
            try put(0..<20, environment, table)
            try environment.write { try $0.empty(table) }
            try put(20..<23, environment, table)
            try environment.write { _ = try $0.delete(Array("key 21".utf8), in: table) }
            let more = try environment.tables(named: ["more"])[0]
            try environment.write { try $0.put([1], for: [2], in: more) }
            try afterCrash(of: path) { copy in
                let found = try values(in: copy)
                #expect(found == ["key 20": "value 20", "key 22": "value 22"])
                let again = try Environment(at: copy, options: Self.options)
                defer { again.close() }
                let more = try again.tables(named: ["more"])[0]
                let value = try again.read { try $0.value(of: [2], in: more) }
                #expect(value == [1])
            }
        }
    }

    @Test("is brought back once, and another crash right after changes nothing")
    func twice() throws {
        try withLogged { environment, table, path in
            try put(0..<100, environment, table)
            try afterCrash(of: path) { copy in
                try Environment.recover(copy)
                #expect(!FileManager.default.fileExists(atPath: copy + "/redo"))
                try expect(100, in: copy)
                try Environment.recover(copy)
                try expect(100, in: copy)
            }
        }
    }

    @Test("writes the header that it goes by again before it goes on, since the disk may lack it")
    func headerAgain() throws {
        try withLogged { environment, table, path in
            try put(0..<100, environment, table)
            try afterCrash(of: path) { copy in
                // The recovery removes the name of the file; under another one it shows what was done to it.
                let kept = copy + "/kept"
                try FileManager.default.linkItem(atPath: copy + "/redo", toPath: kept)
                let before = try Data(contentsOf: URL(filePath: kept))
                let past = Date(timeIntervalSince1970: 1_000_000_000)
                try FileManager.default.setAttributes(
                    [.modificationDate: past], ofItemAtPath: kept)
                try Environment.recover(copy)
                let written = try FileManager.default.attributesOfItem(atPath: kept)[
                    .modificationDate]
                #expect(try #require(written as? Date) > past)
                #expect(try Data(contentsOf: URL(filePath: kept)) == before)
            }
        }
    }

    @Test("refuses a log in which a record is damaged that others follow")
    func damagedRecord() throws {
        try withLogged { environment, table, path in
            try put(0..<10, environment, table)
            for offset in [0, 9, 17, 25, 33, 45, 80] {
                try afterCrash(of: path) { copy in
                    try flipBit(at: 3 * 512 + offset, in: copy + "/redo.0")
                    let error = #expect(throws: LMDBError.self) { try Environment.recover(copy) }
                    #expect(error?.kind == .corrupt)
                    #expect(error?.operation.contains("lacks record 3") == true)
                }
            }
        }
    }

    @Test("takes a damaged last record for one that the crash cut short")
    func damagedEnd() throws {
        try withLogged { environment, table, path in
            try put(0..<10, environment, table)
            try afterCrash(of: path) { copy in
                try flipBit(at: 9 * 512 + 80, in: copy + "/redo.0")
                try expect(9, in: copy)
            }
        }
    }

    @Test("refuses a log without a whole header, and one whose newest header is lost")
    func damagedHeader() throws {
        try withLogged { environment, table, path in
            try put(0..<10, environment, table)
            try afterCrash(of: path) { copy in
                try flipBit(at: 100, in: copy + "/redo")
                #expect(throws: LMDBError.self) { try Environment.recover(copy) }
            }
            // More than two checkpoints, and a record that was written when the last one was done and began none.
            try put(10..<200, environment, table)
            for key in 200..<300 {
                usleep(50_000)
                let before = try generations(in: path)
                try put(key..<key + 1, environment, table)
                usleep(50_000)
                if try generations(in: path) == before { break }
            }
            try afterCrash(of: path) { copy in
                let generations = try generations(in: copy)
                try flipBit(at: generations[0] > generations[1] ? 40 : 4136, in: copy + "/redo")
                let error = #expect(throws: LMDBError.self) { try Environment.recover(copy) }
                #expect(error?.operation.contains("lacks the header of generation") == true)
            }
        }
    }

    @Test("uses pages again that checkpoints let go of")
    func growth() throws {
        try withLogged { environment, table, path in
            try put(0..<1000, environment, table)
            let before = try environment.size().usedBytes
            try put(1000..<6000, environment, table)
            let after = try environment.size().usedBytes
            // 5,000 commits of three pages at least. Pages that a checkpoint under way holds cannot be used again,
            // and on a fast disk many commits are made meanwhile.
            #expect(after < before + 32 << 20)
        }
    }

    /// The generations of the two headers, their lowest bytes.
    private func generations(in directory: String) throws -> [UInt8] {
        let file = try Data(contentsOf: URL(filePath: directory + "/redo"))
        return [0, 4096].map { file[$0 + 16] }
    }

    private func flipBit(at offset: Int, in path: String) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[offset] ^= 4
        try bytes.write(to: URL(filePath: path))
    }
}
