import Foundation
import LMDB
import Synchronization
import Testing

/// Set once, seen by all.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

@Suite("An LMDB environment")
struct EnvironmentTests {
    @Test("returns what was put, and nothing for a key that was not")
    func putThenGet() throws {
        try withEnvironment { environment in
            let table = try environment.tables(named: ["a"])[0]
            try environment.write { try $0.put([1, 2], for: [9], in: table) }
            try environment.read { reader in
                try #expect(reader.value(of: [9], in: table) == [1, 2])
                try #expect(reader.value(of: [8], in: table) == nil)
                try #expect(reader.contains([9], in: table))
                try #expect(reader.count(of: table) == 1)
            }
        }
    }

    @Test("a write whose body throws leaves nothing behind")
    func throwingBodyAborts() throws {
        struct Refused: Error {}
        try withEnvironment { environment in
            let table = try environment.tables(named: ["a"])[0]
            #expect(throws: Refused.self) {
                try environment.write { transaction in
                    try transaction.put([1], for: [1], in: table)
                    #expect(try transaction.reader.contains([1], in: table))
                    throw Refused()
                }
            }
            #expect(try environment.read { try $0.count(of: table) } == 0)
        }
    }

    @Test("insert refuses a key that is there, append a key that is not last")
    func insertAndAppendAreStrict() throws {
        try withEnvironment { environment in
            let table = try environment.tables(named: ["a"])[0]
            try environment.write { try $0.append([1], for: [5], in: table) }
            for body in [
                { (w: borrowing WriteTransaction) throws in
                    try w.insert([2], for: [5], in: table)
                },
                { (w: borrowing WriteTransaction) throws in
                    try w.append([2], for: [4], in: table)
                },
            ] {
                let error = #expect(throws: LMDBError.self) { try environment.write(body) }
                #expect(error?.kind == .keyExists)
            }
            #expect(try environment.read { try $0.value(of: [5], in: table) } == [1])
        }
    }

    @Test("delete says whether the key was there")
    func deleteReports() throws {
        try withEnvironment { environment in
            let table = try environment.tables(named: ["a"])[0]
            try environment.write { try $0.put([1], for: [1], in: table) }
            #expect(try environment.write { try $0.delete([1], in: table) })
            #expect(try !environment.write { try $0.delete([1], in: table) })
        }
    }

    @Test("a reader sees one version while a writer commits the next")
    func readersAreIsolated() throws {
        try withEnvironment { environment in
            let table = try environment.tables(named: ["a"])[0]
            try environment.read { reader in
                let writer = Thread {
                    try? environment.write { try $0.put([1], for: [1], in: table) }
                }
                writer.start()
                while !writer.isFinished { Thread.sleep(forTimeInterval: 0.001) }
                try #expect(!reader.contains([1], in: table))
                // Without MDB_NOTLS a second transaction on this thread would be refused.
                #expect(try environment.read { try $0.contains([1], in: table) })
            }
        }
    }

    @Test("a full map grows and the write is done again")
    func fullMapGrows() throws {
        try withEnvironment(mapBytes: 1 << 16) { environment in
            let table = try environment.tables(named: ["a"])[0]
            let value = [UInt8](repeating: 7, count: 1000)
            try environment.write { transaction in
                for i in 0..<200 { try transaction.put(value, for: [UInt8(i)], in: table) }
            }
            #expect(try environment.read { try $0.count(of: table) } == 200)
            #expect(try environment.size().mapBytes > 200_000)
        }
    }

    @Test("the map grows before it is full")
    func mapGrowsAhead() throws {
        try withEnvironment(mapBytes: 1 << 18) { environment in
            let table = try environment.tables(named: ["a"])[0]
            let value = [UInt8](repeating: 7, count: 4000)
            for i in 0..<60 {
                try environment.write { try $0.put(value, for: [UInt8(i)], in: table) }
                let size = try environment.size()
                #expect(size.usedBytes <= size.mapBytes)
            }
            #expect(try environment.size().mapBytes == 1 << 19)
        }
    }

    @Test("growing waits for readers on other threads and loses nothing")
    func growthBesideReaders() async throws {
        try await withEnvironment(mapBytes: 1 << 16) { environment in
            let table = try environment.tables(named: ["a"])[0]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<300 {
                            try environment.read { reader in
                                let count = try reader.count(of: table)
                                let last = UInt8(max(0, count - 1))
                                #expect(try count == 0 || reader.contains([last], in: table))
                            }
                        }
                    }
                }
                group.addTask {
                    let value = [UInt8](repeating: 7, count: 4000)
                    for i in 0..<200 {
                        try environment.write { try $0.put(value, for: [UInt8(i)], in: table) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try environment.read { try $0.count(of: table) } == 200)
        }
    }

    @Test("growing gets its turn among readers that never pause")
    func growthIsNotStarved() throws {
        try withEnvironment(mapBytes: 1 << 16) { environment in
            let table = try environment.tables(named: ["a"])[0]
            let isDone = Flag()
            // Threads, because endless tasks would keep every other one off the shared pool.
            let readers = (0..<4).map { _ in
                Thread {
                    while !isDone.isSet { _ = try? environment.read { try $0.count(of: table) } }
                }
            }
            for reader in readers { reader.start() }
            let value = [UInt8](repeating: 7, count: 4000)
            for i in 0..<64 {
                try environment.write { try $0.put(value, for: [UInt8(i)], in: table) }
            }
            isDone.set()
            while !readers.allSatisfy(\.isFinished) { Thread.sleep(forTimeInterval: 0.001) }
            #expect(try environment.size().mapBytes >= 1 << 18)
        }
    }

    @Test("the same directory cannot be opened twice, by any of its paths")
    func secondOpenIsRefused() throws {
        try withTemporaryDirectory { directory in
            let first = try Environment(at: directory)
            let error = #expect(throws: LMDBError.self) {
                _ = try Environment(
                    at: directory + "/../" + (directory as NSString).lastPathComponent)
            }
            #expect(error?.kind == .alreadyOpen)
            #expect(error?.description.contains("it is already open in this process") == true)
            first.close()
            let second = try Environment(at: directory)
            second.close()
        }
    }

    @Test("a closed environment refuses every transaction")
    func closedRefuses() throws {
        try withTemporaryDirectory { directory in
            let environment = try Environment(at: directory)
            let table = try environment.tables(named: ["a"])[0]
            environment.close()
            environment.close()
            let reading = #expect(throws: LMDBError.self) {
                try environment.read { try $0.count(of: table) }
            }
            let writing = #expect(throws: LMDBError.self) {
                try environment.write { try $0.put([1], for: [1], in: table) }
            }
            #expect(reading?.kind == .closed)
            #expect(writing?.kind == .closed)
        }
    }

    @Test("a missing directory and a file that is no environment are told apart")
    func openingErrors() throws {
        try withTemporaryDirectory { directory in
            let missing = #expect(throws: LMDBError.self) {
                _ = try Environment(at: directory + "/no")
            }
            #expect(
                missing?.description
                    == "cannot open \(directory)/no: No such file or directory (2)")
            try Data(repeating: 0x5a, count: 8192).write(to: URL(filePath: directory + "/data.mdb"))
            let foreign = #expect(throws: LMDBError.self) { _ = try Environment(at: directory) }
            #expect(foreign?.kind == .corrupt)
        }
    }
}

@Suite("A cursor")
struct CursorTests {
    @Test("walks keys in the order of their bytes, both ways")
    func walks() throws {
        try withEnvironment { environment in
            let table = try environment.tables(named: ["a"])[0]
            let keys: [[UInt8]] = [[1], [1, 0], [2], [200, 1]]
            try environment.write { transaction in
                for key in keys.reversed() { try transaction.put(key + [9], for: key, in: table) }
            }
            try environment.read { reader in
                try reader.withCursor(over: table) { cursor in
                    var forth: [[UInt8]] = []
                    while let entry = try cursor.next() {
                        #expect(entry.value == entry.key + [9])
                        forth.append(entry.key)
                    }
                    #expect(forth == keys)
                }
                try reader.withCursor(over: table) { cursor in
                    var back: [[UInt8]] = []
                    while let entry = try cursor.previous() { back.append(entry.key) }
                    #expect(back == keys.reversed())
                    try #expect(cursor.first()?.key == [1])
                    try #expect(cursor.last()?.key == [200, 1])
                }
            }
        }
    }

    @Test("finds the nearest key on either side", arguments: [0, 1, 5, 6, 10, 11] as [UInt8])
    func seeks(target: UInt8) throws {
        try withEnvironment { environment in
            let table = try environment.tables(named: ["a"])[0]
            let keys: [UInt8] = [1, 5, 10]
            try environment.write { transaction in
                for key in keys { try transaction.put([], for: [key], in: table) }
            }
            try environment.read { reader in
                try reader.withCursor(over: table) { cursor in
                    try #expect(
                        cursor.seek(atLeast: [target])?.key.first == keys.first { $0 >= target })
                    try #expect(
                        cursor.seek(atMost: [target])?.key.first == keys.last { $0 <= target })
                }
            }
        }
    }

    @Test("of an empty table finds nothing")
    func emptyTable() throws {
        try withEnvironment { environment in
            let table = try environment.tables(named: ["a"])[0]
            try environment.read { reader in
                try reader.withCursor(over: table) { cursor in
                    try #expect(cursor.first() == nil)
                    try #expect(cursor.last() == nil)
                    try #expect(cursor.seek(atMost: [1]) == nil)
                    try #expect(cursor.next() == nil)
                }
            }
        }
    }
}
