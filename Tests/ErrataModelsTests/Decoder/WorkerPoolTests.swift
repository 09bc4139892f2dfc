import ErrataModels
import Synchronization
import Testing

@Suite("worker pools")
struct WorkerPoolTests {
    @Test("every number is in one range, whatever the threads and the grain", arguments: 1...5)
    func coverage(threads: Int) {
        let pool = WorkerPool(threads: threads)
        var random = SplitMix(state: UInt64(threads))
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...300, using: &random)
            let grain = Int.random(in: 1...40, using: &random)
            let visits = Mutex([Int](repeating: 0, count: count))
            pool.run(count, grain: grain) { range in
                visits.withLock { visits in
                    for number in range { visits[number] += 1 }
                }
            }
            #expect(visits.withLock { $0.allSatisfy { $0 == 1 } })
        }
    }

    @Test("work is shared after the threads have slept")
    func sleeping() async throws {
        let pool = WorkerPool(threads: 3)
        for _ in 0..<5 {
            try await Task.sleep(for: .milliseconds(5))
            let sum = Atomic(0)
            pool.run(100, grain: 1) { sum.add($0.count, ordering: .relaxed) }
            #expect(sum.load(ordering: .relaxed) == 100)
        }
    }

    @Test("callers at the same time, and inside of one another, get all of their work done")
    func callers() async {
        let pool = WorkerPool(threads: 2)
        let sums = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let sum = Atomic(0)
                    for _ in 0..<500 {
                        pool.run(8, grain: 1) { outer in
                            pool.run(outer.count, grain: 1) { inner in
                                sum.add(inner.count, ordering: .relaxed)
                            }
                        }
                    }
                    return sum.load(ordering: .relaxed)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sums == [Int](repeating: 4_000, count: 4))
    }

    @Test("a pool ends with its owner, whether its threads sleep or look for work")
    func ending() {
        for round in 0..<200 {
            let pool = WorkerPool(threads: 4)
            let sum = Atomic(0)
            if round.isMultiple(of: 2) {
                pool.run(64, grain: 1) { sum.add($0.count, ordering: .relaxed) }
            }
            #expect(sum.load(ordering: .relaxed) == (round.isMultiple(of: 2) ? 64 : 0))
        }
    }
}
