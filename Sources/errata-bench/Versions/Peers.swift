import Foundation
import LMDB

/// What people would use instead, on the same disk in the same run.
struct Peers {
    let lmdb: BareLMDB
    let sqlite: SQLitePeer

    init(in directory: String, factCount: Int) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        lmdb = try BareLMDB(in: directory)
        sqlite = try SQLitePeer(path: directory + "/facts.sqlite", factCount: factCount)
    }
}

/// An LMDB environment of one table: the least that a durable commit costs.
final class BareLMDB {
    private static let value = [UInt8](repeating: 7, count: 200)

    private let environment: Environment
    private let table: Table
    private var count: UInt64 = 0

    init(in directory: String) throws {
        environment = try Environment(at: directory, options: .init(mapBytes: 1 << 30))
        table = try environment.tables(named: ["rows"])[0]
    }

    deinit { environment.close() }

    /// Puts one row.
    func commit() throws {
        count += 1
        let key = (0..<8).map { UInt8(truncatingIfNeeded: count >> UInt64(56 - 8 * $0)) }
        try environment.write { try $0.put(BareLMDB.value, for: key, in: table) }
    }
}
