import Glibc
import Synchronization

/// One thread that takes all items that wait and handles them together.
///
/// A thread of its own, because a durable commit blocks for milliseconds and would starve the shared pool.
final class WriterThread<Item: Sendable>: Sendable {
    private struct State: ~Copyable {
        var waiting: [Item] = []
        /// What they weigh together.
        var weight = 0
        var isClosing = false
        var onEnd: [@Sendable () -> Void] = []
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let wake: WakeUp
    private let weight: @Sendable (Item) -> Int
    private let isReady: @Sendable (_ waitingWeight: Int) -> Bool
    private let handle: @Sendable ([Item]) -> Void
    private let atEnd: @Sendable () -> Void

    /// Starts the thread; `handle` runs on it alone, with one or more items in the order they came, and `atEnd` when
    /// the last is handled.
    ///
    /// Items wait until `isReady` says so of what they weigh together; it is asked after each item and each signal of
    /// `wake`.
    init(
        wake: WakeUp = WakeUp(), weight: @escaping @Sendable (Item) -> Int = { _ in 1 },
        isReady: @escaping @Sendable (_ waitingWeight: Int) -> Bool = { _ in true },
        handle: @escaping @Sendable ([Item]) -> Void, atEnd: @escaping @Sendable () -> Void = {}
    ) throws(JournalError) {
        self.wake = wake
        self.weight = weight
        self.isReady = isReady
        self.handle = handle
        self.atEnd = atEnd
        let start = Unmanaged.passRetained(Start { [self] in run() })
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw .system(code, "start the writer thread")
        }
        pthread_detach(thread)
    }

    /// Queues `item`; returns false if the thread is closing and will not take it.
    func submit(_ item: Item) -> Bool {
        let weight = weight(item)
        let (isTaken, mustWake) = state.withLock { state -> (Bool, Bool) in
            guard !state.isClosing else { return (false, false) }
            state.waiting.append(item)
            state.weight += weight
            return (true, isReady(state.weight))
        }
        if mustWake { wake.signal() }
        return isTaken
    }

    /// Lets the thread finish what was submitted, and returns when it has ended.
    func close() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                state.isClosing = true
                if !state.hasEnded { state.onEnd.append { continuation.resume() } }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
            wake.signal()
        }
    }

    /// Lets no more items in; the thread ends when it has handled those before.
    func beginClose() {
        state.withLock { $0.isClosing = true }
        wake.signal()
    }

    private func run() {
        while true {
            wake.wait()
            let (items, isClosing) = state.withLock { state -> ([Item], Bool) in
                guard state.isClosing || isReady(state.weight) else { return ([], false) }
                defer { (state.waiting, state.weight) = ([], 0) }
                return (state.waiting, state.isClosing)
            }
            if !items.isEmpty { handle(items) }
            // Nothing is queued after closing begins, so what was taken above was the last.
            if isClosing { break }
        }
        atEnd()
        let onEnd = state.withLock { state in
            state.hasEnded = true
            return state.onEnd
        }
        for end in onEnd { end() }
    }
}

/// Carries the thread's body through `pthread_create`.
private final class Start: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// A counting semaphore.
final class WakeUp: Sendable {
    // A semaphore must stay at one address, so it lives in memory of its own. It is safe to share by its
    // contract, and it is freed only when nobody refers to this object any more.
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        semaphore.initialize(to: sem_t())
        let code = sem_init(semaphore, 0, 0)
        precondition(code == 0, "sem_init: \(errno)")
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() {
        // EOVERFLOW means two thousand million signals wait: the thread will wake anyway.
        _ = sem_post(semaphore)
    }

    func wait() {
        while sem_wait(semaphore) != 0 && errno == EINTR {}
    }
}
