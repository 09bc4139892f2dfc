import Foundation
import LMDB
import Testing

@Suite("The pages of a data file")
struct PageTests {
    /// Writes, replaces and deletes small and large values in two tables, in many transactions.
    private func fill(_ environment: Environment, seed: UInt64) throws {
        var random = Mixer(state: seed)
        let tables = try environment.tables(named: ["a", "b", "empty"])
        for _ in 0..<60 {
            try environment.write { transaction in
                for _ in 0..<10 {
                    let key =
                        [UInt8](repeating: 1, count: 1 + random.below(60)) + [
                            UInt8(random.below(256))
                        ]
                    let table = tables[random.below(2)]
                    if random.below(4) == 0 {
                        try transaction.delete(key, in: table)
                    } else {
                        let count = random.below(20) == 0 ? 9_000 : random.below(300)
                        try transaction.put(
                            [UInt8](repeating: 7, count: count), for: key, in: table)
                    }
                }
            }
        }
    }

    @Test("are all accounted for, however they were written", arguments: UInt64(0)..<8)
    func clean(seed: UInt64) throws {
        try withEnvironment { environment in
            try #expect(environment.checkPages() == [])
            try fill(environment, seed: seed)
            try #expect(environment.checkPages() == [])
        }
    }

    @Test("are checked beside a writer", arguments: UInt64(0)..<4)
    func besideWriter(seed: UInt64) throws {
        try withEnvironment { environment in
            let writer = Thread { try? fill(environment, seed: seed) }
            writer.start()
            while !writer.isFinished { try #expect(environment.checkPages() == []) }
        }
    }

    @Test("tell where a bit flipped in what LMDB believes", arguments: UInt64(0)..<4)
    func flips(seed: UInt64) throws {
        try withTemporaryDirectory { directory in
            let environment = try Environment(at: directory, options: .init(mapBytes: 1 << 20))
            try fill(environment, seed: seed)
            environment.close()
            let file = URL(filePath: directory + "/data.mdb")
            let good = try Data(contentsOf: file)
            // Numbers of the meta pages: both roots of the newer one, and both transactions.
            let newer = good.transaction(0) > good.transaction(1) ? 0 : 4096
            for place in [newer + 40 + 40, newer + 88 + 40, 144, 145, 4096 + 144, newer + 136] {
                for bit in 0..<8 as Range<UInt8> {
                    var bytes = good
                    bytes[place] ^= 1 << bit
                    try bytes.write(to: file)
                    let found: Bool
                    do {
                        let environment = try Environment(
                            at: directory, options: .init(isReadOnly: true))
                        defer { environment.close() }
                        found = try !environment.checkPages().isEmpty
                    } catch { found = true }
                    #expect(found, "bit \(bit) of byte \(place)")
                }
            }
            try good.write(to: file)
        }
    }

    @Test("of a commit that failed at its last step are struck out before the next one")
    func failedMeta() throws {
        try withTemporaryDirectory { directory in
            var environment = try Environment(at: directory, options: .init(mapBytes: 1 << 20))
            try fill(environment, seed: 9)
            environment.close()
            let file = URL(filePath: directory + "/data.mdb")
            var bytes = try Data(contentsOf: file)
            // What LMDB does where the write of a meta page fails: the old number comes back, no more.
            let newer = bytes.transaction(0) > bytes.transaction(1) ? 0 : 1
            let number = bytes.transaction(newer) - 2
            withUnsafeBytes(of: number.littleEndian) {
                bytes.replaceSubrange(newer * 4096 + 144..<newer * 4096 + 152, with: $0)
            }
            try bytes.write(to: file)
            let reader = try Environment(at: directory, options: .init(isReadOnly: true))
            #expect(
                try reader.checkPages().map(\.message) == [
                    "the meta page of transaction \(number) is of transaction \(number + 2)"
                ])
            reader.close()
            environment = try Environment(at: directory)
            defer { environment.close() }
            #expect(try environment.checkPages() == [])
            try fill(environment, seed: 10)
            #expect(try environment.checkPages() == [])
        }
    }

    @Test("are read by an environment that may not write, which sees what another one commits")
    func readOnly() throws {
        try withTemporaryDirectory { directory in
            let environment = try Environment(at: directory, options: .init(mapBytes: 1 << 16))
            let table = try environment.tables(named: ["a"])[0]
            try environment.write { try $0.put([1], for: [1], in: table) }
            environment.close()
            let reader = try Environment(at: directory, options: .init(isReadOnly: true))
            defer { reader.close() }
            let seen = try reader.tables(named: ["a"])[0]
            #expect(try reader.read { try $0.value(of: [1], in: seen) } == [1])
            let missing = #expect(throws: LMDBError.self) { try reader.tables(named: ["b"]) }
            #expect(missing?.kind == .notFound)
            let refused = #expect(throws: LMDBError.self) {
                try reader.write { try $0.put([1], for: [1], in: seen) }
            }
            #expect(refused?.kind == .readOnly)
        }
    }
}

/// A small seeded generator.
private struct Mixer {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}

extension Data {
    fileprivate func transaction(_ page: Int) -> UInt64 {
        self[page * 4096 + 144..<page * 4096 + 152].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
