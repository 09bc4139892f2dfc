import Foundation
import LMDB
import Testing

/// What another process waits for whose files are copied here as they become.
@Suite("Waiting for what a process that writes has in memory")
struct CatchUpTests {
    /// LMDB takes rows over when it is told to, not by itself.
    private static let writing = Environment.Options(
        mapBytes: 1 << 20, checkpointByteCount: 1 << 20, flushMilliseconds: 1 << 30)
    private static let reading = Environment.Options(mapBytes: 1 << 20, isReadOnly: true)

    /// A writer's directory, and a copy of its files that a reader has open.
    private struct Pair {
        let writer: Environment
        let table: Table
        private let source: String
        let target: String

        init(in directory: String) throws {
            (source, target) = (directory + "/source", directory + "/target")
            for path in [source, target] {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true)
            }
            writer = try Environment(at: source, options: CatchUpTests.writing)
            table = try writer.tables(named: ["rows"])[0]
            try commit { [table] in $0.put([0], for: [0], in: table) }
            try writer.flush()
        }

        func commit(_ change: (inout Changes) -> Void) throws {
            var changes = Changes()
            change(&changes)
            try writer.commit(changes)
        }

        /// Brings files of the writer to the reader, in place.
        func copy(_ names: [String]) throws {
            for name in names {
                let bytes = try Data(contentsOf: URL(filePath: source + "/" + name))
                let file = open(target + "/" + name, O_WRONLY | O_CREAT, 0o600)
                try #require(file >= 0)
                let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
                try handle.write(contentsOf: bytes)
            }
        }

        func copyData() throws { try copy(["data.mdb"]) }
        func copyLog() throws { try copy(["redo", "redo.0", "redo.1"]) }
    }

    private static func withPair(_ body: (Pair) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let pair = try Pair(in: directory)
            defer { pair.writer.close() }
            try body(pair)
        }
    }

    /// Opens the reader's files as they are now: the lock file tells only the writer's own readers of later states.
    private static func withReader(of pair: Pair, _ body: (Environment) throws -> Void) throws {
        let reader = try Environment(at: pair.target, options: reading)
        defer { reader.close() }
        _ = try reader.tables(named: ["rows"])
        try body(reader)
    }

    @Test("ends in an error when the rows do not come")
    func timeout() throws {
        try Self.withPair { pair in
            try pair.commit { $0.put([1], for: [1], in: pair.table) }
            try pair.copyData()
            try pair.copyLog()
            try Self.withReader(of: pair) { reader in
                let error = #expect(throws: LMDBError.self) { try reader.catchUp(atMost: .zero) }
                #expect(error?.code == ETIMEDOUT)
            }
            try pair.writer.flush()
            try pair.copyData()
            try Self.withReader(of: pair) { reader in
                try reader.catchUp(atMost: .zero)
                try #expect(reader.read { try $0.value(of: [1], in: pair.table) } == [1])
            }
        }
    }

    @Test("ends where later commits undo what it waits for", arguments: [true, false])
    func undone(isPutFirst: Bool) throws {
        try Self.withPair { pair in
            func commit(isPut: Bool) throws {
                try pair.commit { changes in
                    if isPut {
                        changes.put([1], for: [1], in: pair.table)
                    } else {
                        changes.delete([1], in: pair.table)
                    }
                }
            }
            try commit(isPut: !isPutFirst)
            try pair.writer.flush()
            try commit(isPut: isPutFirst)
            try pair.copyLog()
            try commit(isPut: !isPutFirst)
            try pair.writer.flush()
            try pair.copyData()
            try Self.withReader(of: pair) { reader in
                #expect(throws: LMDBError.self) { try reader.catchUp(atMost: .zero) }
                let log = Thread {
                    do { try pair.copyLog() } catch { Issue.record("\(error)") }
                }
                log.start()
                try reader.catchUp(atMost: .seconds(20))
                let value = try reader.read { try $0.value(of: [1], in: pair.table) }
                #expect(value == (isPutFirst ? nil : [1]))
            }
        }
    }
}
