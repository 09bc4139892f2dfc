import ErrataCore
import ErrataJournal
import ErrataTesting
import Foundation
import Testing

/// How often the process is killed: a few times, or many with ERRATA_LONG_TESTS=1.
private let rounds: Int =
    ProcessInfo.processInfo.environment["ERRATA_LONG_TESTS"] == "1" ? 200 : 4

@Suite("A process that is killed", .serialized)
struct CrashTests {
    @Test("loses no acknowledged commit, and the store verifies", arguments: 0..<rounds)
    func killed(round: Int) async throws {
        let store = TemporaryStore()
        await (try store.open()).close()
        let directory = store.directory
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [directory = directory as String, round = round as Int] in
            try await CrashTests.commitUntilKilled(in: directory, round: round)
        }
        let acknowledged = try String(
            contentsOf: URL(filePath: directory + "/acknowledged"), encoding: .utf8
        ).split(separator: "\n").map(String.init)

        let journal = try Journal.open(at: directory)
        let line = try journal.log(from: journal.head(of: "main"), limit: .max).map(\.id.hex)
        #expect(Set(acknowledged).subtracting(line) == [])
        #expect(journal.verify().problems == [])
        try await journal.set([("after", "\(round)")])
        #expect(journal.verify().isClean)
        await journal.close()
    }

    /// Commits from several tasks, notes what was acknowledged, and is killed after some milliseconds.
    @Sendable
    static func commitUntilKilled(in directory: String, round: Int) async throws {
        let notes = open(directory + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let journal = try Journal.open(
            at: directory,
            options: JournalOptions(
                mapBytes: 1 << 16, keyBatchCount: 8, checkpointByteCount: 1 << 15))
        var random = SplitMix64(seed: UInt64(round))
        let microseconds = UInt32(20_000 + random.next(upTo: 300_000))
        let killer = Thread {
            usleep(microseconds)
            kill(getpid(), SIGKILL)
        }
        killer.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for i in 0... {
                        let outcome = try await journal.set([
                            ("w\(writer)", "\(i)"), ("w\(writer)-\(i % 50)", "\(i)"),
                        ])
                        // One write to a file opened for appending is whole or not there.
                        let line = Array((outcome.commit.hex + "\n").utf8)
                        _ = write(notes, line, line.count)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
