import Glibc

/// Runs a few equal pieces of work at the same time, each on a thread of its own.
///
/// Threads of our own and not Dispatch's: the number of threads is the caller's to choose, and a pool
/// decides that by itself.
package enum Workers {
    /// What one thread is to do.
    private final class Piece: Sendable {
        let index: Int
        let body: @Sendable (Int) -> Void

        init(index: Int, body: @escaping @Sendable (Int) -> Void) {
            self.index = index
            self.body = body
        }
    }

    /// Calls `body` with 0..<count, 0 on the calling thread, and returns when all calls have.
    package static func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
        guard count > 1 else { return (0..<count).forEach(body) }
        withoutActuallyEscaping(body) { body in
            var threads: [pthread_t] = []
            for index in 1..<count {
                var thread = pthread_t()
                let piece = Unmanaged.passRetained(Piece(index: index, body: body))
                let code = pthread_create(
                    &thread, nil,
                    { argument in
                        guard let argument else { return nil }
                        let piece = Unmanaged<Piece>.fromOpaque(argument).takeRetainedValue()
                        piece.body(piece.index)
                        return nil
                    }, piece.toOpaque())
                if code == 0 {
                    threads.append(thread)
                } else {
                    // No thread to be had: the work is done here, later.
                    let piece = piece.takeRetainedValue()
                    piece.body(piece.index)
                }
            }
            body(0)
            for thread in threads { pthread_join(thread, nil) }
        }
    }
}
