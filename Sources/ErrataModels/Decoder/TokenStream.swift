/// A generation as an asynchronous sequence of its tokens.
///
/// Nothing runs ahead: each token is computed when it is asked for, on the executor of whoever asks.
/// A cancelled task gets `CancellationError` before the next token.
package struct TokenStream: AsyncSequence, Sendable {
    package typealias Element = Generation.Step

    private let generation: Generation

    package init(_ generation: Generation) {
        self.generation = generation
    }

    package func makeAsyncIterator() -> Iterator { Iterator(generation: generation) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate var generation: Generation
        private var ready: ArraySlice<Generation.Step> = []

        fileprivate init(generation: Generation) {
            self.generation = generation
        }

        package mutating func next() async throws -> Generation.Step? {
            if let step = ready.popFirst() { return step }
            guard !generation.isFinished else { return nil }
            try Task.checkCancellation()
            // Other tasks of this executor get their turn between tokens.
            await Task.yield()
            ready = try generation.step(isCancelled: { Task.isCancelled })[...]
            return ready.popFirst()
        }
    }
}
