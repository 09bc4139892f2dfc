import CErrataSystem
import Foundation
import Glibc

// THE WORKER. A query of somebody's may loop, fill memory or meet a defect of the SQL parser: some take
// exponential time to compile, which no hook of the library can stop. It therefore runs in a process of its
// own, the program itself started anew, that holds nothing but a connection for reading and is killed when
// its time is over. The order comes on standard input, the reply goes to standard output, both as JSON; the
// status says which kind of reply it is.

/// The process that one query runs in.
package enum AuditWorker {
    /// What the daemon starts itself with.
    package static let argument = "audit-worker"

    struct Order: Codable, Sendable {
        let database: String
        let sql: String
        let rowCountMax: Int
        let byteCountMax: Int
        /// The newest operation that the tables hold, for the reply.
        let operation: UInt64
    }

    /// Why there is no answer.
    struct Refusal: Codable, Error, Equatable, Sendable {
        enum Kind: String, Codable, Sendable {
            /// The query is at fault.
            case query
            case limit
            /// The file is.
            case damage
            case trouble
        }

        let kind: Kind
        let message: String
    }

    enum Status {
        static let answered: Int32 = 0
        static let refused: Int32 = 3
    }

    private static let orderBytesMax = 1 << 20
    /// A second more than the daemon waits, for the case that it is gone.
    private static let cpuSecondsMax: UInt32 = 6
    /// What the process may allocate beside its code.
    static let memoryBytesMax: UInt64 = 512 << 20

    /// Reads the order on standard input and answers it; returns the process's status.
    package static func run() -> Int32 {
        errata_confine(cpuSecondsMax, memoryBytesMax)
        do {
            let order = try JSONDecoder().decode(Order.self, from: Data(readInput()))
            let database = try ReadOnlyDatabase(order.database)
            write(
                try database.json(
                    order.sql, rowCountMax: order.rowCountMax, byteCountMax: order.byteCountMax,
                    operation: order.operation))
            return Status.answered
        } catch {
            let refusal = error as? Refusal ?? Refusal(kind: .trouble, message: "\(error)")
            write(Array((try? JSONEncoder().encode(refusal)) ?? Data()))
            return Status.refused
        }
    }

    private static func readInput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= orderBytesMax else {
                throw Refusal(
                    kind: .limit, message: "the order has more than \(orderBytesMax) bytes")
            }
        }
    }

    private static func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            // Nobody reads any more.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
