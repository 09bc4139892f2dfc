import ErrataCore
import ErrataTesting
import Testing

@testable import ErrataJournal

@Suite("The memory of values")
struct ValueMemoryTests {
    private static let fact = fact(1)

    private static func fact(_ number: UInt8) -> FactID {
        var bytes = [UInt8](repeating: 0, count: FactID.byteCount)
        bytes[0] = number
        guard let id = FactID(bytes) else { preconditionFailure("a fact id has 16 bytes") }
        return id
    }

    private static func leaf(_ number: Int) -> Leaf {
        Leaf(.sha256([UInt8](bigEndian: UInt64(bitPattern: Int64(number)))))
    }

    private static func hash(_ number: Int, of fact: FactID = fact) -> FactValueHash {
        FactValueHash(fact, [UInt8](bigEndian: UInt64(bitPattern: Int64(number))))
    }

    private static func found(_ number: Int, before count: UInt64) throws -> FoundValue {
        let sealed = try SealedPayload(
            sealing: [1], name: PayloadKey(fact, leaf(number)), slot: 0,
            slotKey: [UInt8](repeating: 1, count: 32),
            nonce: [UInt8](repeating: 2, count: SealedPayload.nonceByteCount))
        return FoundValue(
            value: .new(leaf(number), sealed), hash: hash(number), operationCount: count)
    }

    @Test("says that a new value came meanwhile, and nothing of what it forgot")
    func meanwhile() throws {
        var memory = ValueMemory(countMax: 4)
        memory.add(Self.hash(0), Self.leaf(0), at: 5)
        #expect(try !memory.holds(Self.found(0, before: 5)))
        #expect(try memory.holds(Self.found(0, before: 6)))
        #expect(try memory.holds(Self.found(1, before: 5)))
        for i in 1...8 { memory.add(Self.hash(i), Self.leaf(i), at: UInt64(5 + i)) }
        // Value 0 went with its generation: what was looked for before that is not known to hold.
        #expect(try !memory.holds(Self.found(0, before: 5)))
        #expect(try !memory.holds(Self.found(99, before: 5)))
        #expect(try memory.holds(Self.found(99, before: 13)))
        memory.addRedaction(at: 14)
        #expect(try !memory.holds(Self.found(99, before: 14)))
        #expect(try memory.holds(Self.found(99, before: 15)))
    }

    @Test("takes no value for new that the store has, however much it forgets", arguments: 0..<50)
    func neverForgetsPart(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var memory = ValueMemory(countMax: 64)
        /// The values of each fact that are stored or planned, with the operation that brought them.
        var values = [[Int: UInt64]](repeating: [:], count: 6)
        var planned: UInt64 = 1
        var stored: UInt64 = 1
        var views: [(fact: Int, count: UInt64, values: [Int])] = []
        var knownCount = 0
        for step in 0..<4_000 {
            let fact = Int.random(in: 0..<values.count, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                memory.add(
                    Self.hash(step, of: Self.fact(UInt8(fact))), Self.leaf(step), at: planned)
                values[fact][step] = planned
                if Bool.random(using: &random) { planned += 1 }
            case 5: stored = UInt64.random(in: stored...planned, using: &random)
            case 6 where Int.random(in: 0..<8, using: &random) == 0:
                // Storing failed: what was planned is void, and its numbers are given again.
                planned = stored
                for i in values.indices { values[i] = values[i].filter { $0.value < stored } }
            case 7:
                let seen = values[fact].filter { $0.value < stored }.map(\.key)
                views.append((fact, stored, seen))
            default:
                guard let i = views.indices.randomElement(using: &random) else { continue }
                let view = views.remove(at: i)
                let fact = Self.fact(UInt8(view.fact))
                memory.remember(
                    fact, view.values.map { (Self.hash($0, of: fact), Self.leaf($0)) },
                    before: view.count)
            }
            for (number, values) in values.enumerated() {
                let fact = Self.fact(UInt8(number))
                guard memory.search(Self.hash(-1, of: fact), of: fact).knowsAll else { continue }
                knownCount += 1
                for value in values.keys {
                    let start = memory.search(Self.hash(value, of: fact), of: fact).leafStart
                    #expect(start == Array(Self.leaf(value).bytes.prefix(3)))
                }
            }
        }
        #expect(knownCount > 100)
    }
}
