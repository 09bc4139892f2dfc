import CErrataSystem
import Foundation
import Glibc
import Synchronization

/// A program that runs beside this process, tells it something line by line, and ends with it.
///
/// Its standard input is a pipe that nobody writes to: where this process dies, the child reads its end.
final class ChildProcess: Sendable {
    enum Ending: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    private static let lineBytesMax = 1 << 20

    private enum State {
        case running(pid_t)
        case ended(Ending)
    }

    private let state: Mutex<State>
    private let input: CInt
    private let output: CInt

    /// Starts `program`, which must be a path, with nothing of this process's but its environment.
    init(program: String, arguments: [String]) throws(ServiceError) {
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var (input, output): (CInt, CInt) = (-1, -1)
        let pid = errata_spawn(program, words, nil, &input, &output)
        guard pid > 0 else {
            throw ServiceError(
                .io, "cannot start \(program): \(String(cString: strerror(-pid))) (\(-pid))")
        }
        (self.input, self.output) = (input, output)
        state = Mutex(.running(pid))
    }

    deinit {
        kill()
        _ = wait()
        close(input)
        close(output)
    }

    /// Hands out what the child writes, line by line, until it closes its output.
    func lines(_ body: (Data) -> Void) {
        var rest = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while rest.count <= ChildProcess.lineBytesMax {
            let count = Glibc.read(output, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest += buffer.prefix(count)
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                body(rest[..<end])
                rest = Data(rest[rest.index(after: end)...])
            }
        }
    }

    /// Ends the child now; does nothing if it has ended.
    func kill() {
        state.withLock { state in
            // Until it is waited for, nobody else can have its number.
            if case .running(let pid) = state { _ = Glibc.kill(pid, SIGKILL) }
        }
    }

    /// Waits until the child has ended, and says how.
    func wait() -> Ending {
        let pid: pid_t
        switch state.withLock({ $0 }) {
        case .ended(let ending): return ending
        case .running(let running): pid = running
        }
        var info = siginfo_t()
        // It stays a zombie here, so that a kill beside this hits nobody else.
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return state.withLock { state in
            if case .ended(let ending) = state { return ending }
            var status: CInt = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            // The macros of wait.h: the low seven bits are the signal, the byte above is the status.
            let signal = status & 0x7f
            let ending: Ending = signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
            state = .ended(ending)
            return ending
        }
    }
}
