import Dispatch
import Glibc
import Synchronization

/// Notices Ctrl-C, so that a long work can save what it has.
final class InterruptWatch {
    private final class Flag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    private let flag = Flag()
    private let source: any DispatchSourceSignal

    init() {
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [flag] in flag.isSet.store(true, ordering: .relaxed) }
        source.resume()
    }

    deinit {
        source.cancel()
        Interrupt.cleanUpOnSIGINT()
    }

    var isInterrupted: Bool { flag.isSet.load(ordering: .relaxed) }
}
