import Foundation
import LMDB
import Testing

@Suite("Room for new pages")
struct PageRoomTests {
    private static let rowCount = 2_000

    /// Writes rows to an environment and runs `body` on its path and size while it is open.
    private func withRows(
        _ options: Environment.Options, _ body: (String, Environment.Size) throws -> Void
    ) throws {
        try withTemporaryDirectory { path in
            let environment = try Environment(at: path, options: options)
            defer { environment.close() }
            let table = try environment.tables(named: ["things"])[0]
            var changes = Changes()
            for i in 0..<Self.rowCount {
                changes.put(
                    [UInt8](repeating: UInt8(i % 251), count: 300), for: Array("key \(i)".utf8),
                    in: table)
            }
            try environment.commit(changes)
            try environment.flush()
            // The room is as much as the transaction before needed.
            var last = Changes()
            last.put([1], for: Array("last".utf8), in: table)
            try environment.commit(last)
            try environment.flush()
            try body(path, environment.size())
        }
    }

    private func byteCount(of path: String) throws -> Int {
        try #require(
            FileManager.default.attributesOfItem(atPath: path + "/data.mdb")[.size] as? Int)
    }

    @Test("is a hole after the last page")
    func hole() throws {
        let options = Environment.Options(checkpointByteCount: 1 << 14, roomByteCountMin: 0)
        try withRows(options) { path, size in
            let byteCount = try byteCount(of: path)
            #expect(byteCount > size.usedBytes)
            #expect(byteCount <= size.usedBytes * 2 + 256 << 10)
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path + "/data.mdb"))
            defer { try? file.close() }
            try file.seek(toOffset: UInt64(size.usedBytes))
            let rest = try #require(try file.readToEnd())
            #expect(rest.allSatisfy { $0 == 0 })
        }
    }

    @Test("is not made in a small file, nor without a log")
    func small() throws {
        for options in [
            Environment.Options(checkpointByteCount: 1 << 14),
            Environment.Options(roomByteCountMin: 0),
        ] {
            try withRows(options) { path, size in
                let byteCount = try byteCount(of: path)
                #expect(byteCount == size.usedBytes)
            }
        }
    }

    @Test("is no damage, and rows are there when the environment is opened again")
    func reopened() throws {
        try withTemporaryDirectory { path in
            let options = Environment.Options(checkpointByteCount: 1 << 14, roomByteCountMin: 0)
            for round in 0..<3 {
                let environment = try Environment(at: path, options: options)
                defer { environment.close() }
                let table = try environment.tables(named: ["things"])[0]
                for i in 0..<200 {
                    var changes = Changes()
                    let key = Array("key \(round) \(i)".utf8)
                    changes.put([UInt8](repeating: 7, count: 900), for: key, in: table)
                    try environment.commit(changes)
                    if i % 20 == 0 { try environment.flush() }
                }
                let count = try environment.read { try $0.count(of: table) }
                #expect(count == 200 * (round + 1))
                try environment.flush()
                let problems = try environment.checkPages { _, _ in }
                #expect(problems.isEmpty)
            }
        }
    }
}
