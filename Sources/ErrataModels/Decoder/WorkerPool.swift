import CErrataKernels
import Glibc
import Synchronization

/// Threads that wait for pieces of work too short to start a thread for: parts of one matrix product.
///
/// The caller and its threads take piece after piece as they come to it, so nobody waits for a thread that
/// sleeps or was taken off its processor, but for the one piece that it has begun. Between products the threads
/// look for the next one for a while and then sleep. The pool's owner is whoever holds it: its threads end
/// with it.
package final class WorkerPool: Sendable {
    /// Pieces a thread, if there is enough work: so much less waits for the last one.
    private static let pieceCountPerThread = 8
    private static let pieceCountMax = 4_096

    /// How many threads work, the caller's included.
    package let threads: Int
    private let board: WorkBoard
    private let handles: [pthread_t]
    /// Held by the caller whose work the threads do.
    private let turn = Mutex(())

    package init(threads: Int) {
        let board = WorkBoard()
        var handles: [pthread_t] = []
        for _ in 1..<max(threads, 1) {
            var handle = pthread_t()
            let start = Unmanaged.passRetained(board)
            let code = pthread_create(
                &handle, nil,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<WorkBoard>.fromOpaque(argument).takeRetainedValue().work()
                    return nil
                }, start.toOpaque())
            guard code == 0 else {
                // No thread to be had: there are fewer.
                start.release()
                break
            }
            handles.append(handle)
        }
        self.threads = handles.count + 1
        self.handles = handles
        self.board = board
    }

    deinit {
        board.stop()
        for handle in handles { pthread_join(handle, nil) }
    }

    /// Calls `body` with ranges that make up 0..<count, at the same time, and returns when all calls have.
    ///
    /// What is below `grain` is not worth handing to another thread. While another caller's work runs, this
    /// one does its own alone.
    package func run(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        precondition(grain > 0)
        let pieces = min(
            (count + grain - 1) / grain, threads * Self.pieceCountPerThread, Self.pieceCountMax)
        guard threads > 1, pieces > 1 else { return body(0..<count) }
        let done = turn.withLockIfAvailable { _ in
            board.run(pieces) { piece in
                body(count * piece / pieces..<count * (piece + 1) / pieces)
            }
            return true
        }
        if done == nil { body(0..<count) }
    }
}

extension WorkerPool? {
    /// Products of a weight and a number below which a piece is too short to hand over: some microseconds.
    static let pieceProductCount = 40_000

    /// Calls `body` with ranges of columns that make up 0..<count, each from the start of a panel on; without a pool
    /// or for little work with all at once.
    ///
    /// A column takes so many `products`.
    func shareColumns(_ count: Int, products: Int, _ body: (Range<Int>) -> Void) {
        let panel = Int(ERRATA_PANEL_WIDTH)
        guard let pool = self else { return body(0..<count) }
        let grain = Self.pieceProductCount / max(panel * products, 1) + 1
        pool.run((count + panel - 1) / panel, grain: grain) { panels in
            body(panels.lowerBound * panel..<min(panels.upperBound * panel, count))
        }
    }
}

/// The work in hand: a job, its pieces, and who sleeps.
///
/// One word says which job it is, how many pieces it has and which comes next; whoever raises the last of
/// these has that piece. The job cannot end before the piece is done, so it is there to be called.
// `job` is written by the caller before the word (releasing) and read by those who took a piece of it
// (acquiring); the caller waits for all pieces before it writes again.
private final class WorkBoard: @unchecked Sendable {
    /// How long a thread looks for work before it sleeps: past the gaps inside a pass, and between the tokens
    /// of a text.
    private static let lookNanoseconds = 200_000
    /// Looks between two of the clock, and before the caller lets others run while it waits.
    private static let looksPerRound = 64
    private static let waitRoundsMax = 64

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let word = Atomic<UInt64>(0)
    private let doneCount = Atomic<Int>(0)
    private let sleeperCount = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    private var job: ((Int) -> Void)?

    /// The word's parts: 32 bits of a number that no two jobs in a row share, 16 of pieces, 16 of the next one.
    private struct Word {
        let number: UInt32
        let pieceCount: UInt16
        let next: UInt16

        init(number: UInt32, pieceCount: UInt16) {
            (self.number, self.pieceCount, next) = (number, pieceCount, 0)
        }

        init(_ bits: UInt64) {
            number = UInt32(truncatingIfNeeded: bits >> 32)
            pieceCount = UInt16(truncatingIfNeeded: bits >> 16)
            next = UInt16(truncatingIfNeeded: bits)
        }

        var bits: UInt64 { UInt64(number) << 32 | UInt64(pieceCount) << 16 | UInt64(next) }
        var hasPieces: Bool { next < pieceCount }
    }

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Calls `body` with each piece, on this thread and those that come to it.
    func run(_ pieces: Int, _ body: (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            job = body
            doneCount.store(0, ordering: .relaxed)
            let number = Word(word.load(ordering: .relaxed)).number &+ 1
            // This and the reading of `sleeperCount` have one order for all: a thread that goes to sleep either
            // sees the word or is seen.
            word.store(
                Word(number: number, pieceCount: UInt16(pieces)).bits,
                ordering: .sequentiallyConsistent)
            if sleeperCount.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
            takePieces()
            var rounds = 0
            while doneCount.load(ordering: .acquiring) < pieces {
                rounds += 1
                for _ in 0..<Self.looksPerRound { errata_pause() }
                if rounds > Self.waitRoundsMax { sched_yield() }
            }
            job = nil
        }
    }

    func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        wakeAll()
    }

    private func wakeAll() {
        pthread_mutex_lock(lock)
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }

    /// Does pieces as long as there are any; returns whether there was one.
    @discardableResult
    private func takePieces() -> Bool {
        var found = false
        var bits = word.load(ordering: .acquiring)
        while Word(bits).hasPieces {
            let (taken, now) = word.compareExchange(
                expected: bits, desired: bits + 1, ordering: .acquiringAndReleasing)
            guard taken else {
                bits = now
                continue
            }
            found = true
            job?(Int(Word(bits).next))
            doneCount.add(1, ordering: .releasing)
            bits = word.load(ordering: .acquiring)
        }
        return found
    }

    /// One thread's life.
    func work() {
        var lookedSince = Self.now()
        while !isStopped.load(ordering: .relaxed) {
            if takePieces() {
                lookedSince = Self.now()
                continue
            }
            var looks = 0
            while looks < Self.looksPerRound, !Word(word.load(ordering: .relaxed)).hasPieces {
                errata_pause()
                looks += 1
            }
            guard looks == Self.looksPerRound,
                Self.now() - lookedSince > Self.lookNanoseconds
            else { continue }
            sleep()
            lookedSince = Self.now()
        }
    }

    /// Returns when there is work, or no more to come.
    private func sleep() {
        pthread_mutex_lock(lock)
        sleeperCount.add(1, ordering: .sequentiallyConsistent)
        while !Word(word.load(ordering: .sequentiallyConsistent)).hasPieces,
            !isStopped.load(ordering: .sequentiallyConsistent)
        {
            pthread_cond_wait(changed, lock)
        }
        sleeperCount.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(lock)
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
