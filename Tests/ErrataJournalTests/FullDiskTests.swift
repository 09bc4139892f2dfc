import ErrataCore
import ErrataJournal
import Foundation
import Testing

/// Whether this process may mount a file system of its own.
private let mayMount: Bool = {
    guard getuid() == 0, let disk = try? SmallDisk(kilobytes: 64) else { return false }
    return FileManager.default.fileExists(atPath: disk.path)
}()

/// A file system in memory that is soon full.
private final class SmallDisk {
    let path = NSTemporaryDirectory() + "/errata-disk-" + UUID().uuidString

    init(kilobytes: Int) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k") == 0 else {
            try FileManager.default.removeItem(atPath: path)
            throw POSIXError(.init(rawValue: errno) ?? .EPERM)
        }
    }

    deinit {
        umount2(path, CInt(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Fills the disk but for `rest` bytes with a file, whatever else is written meanwhile.
    ///
    /// - Returns: the file.
    func fill(leaving rest: Int) throws -> URL {
        let ballast = URL(filePath: path + "/ballast")
        try Data().write(to: ballast)
        let file = try FileHandle(forWritingTo: ballast)
        let page = Data(repeating: 1, count: 4096)
        while (try? file.write(contentsOf: page)) != nil {}
        let end = try file.seekToEnd()
        try file.truncate(atOffset: end - UInt64(rest))
        try file.close()
        return ballast
    }

    /// Waits for descriptors that a child of another test, or a thread at its end, still holds.
    func remount(readOnly: Bool) throws {
        let flags = UInt(MS_REMOUNT) | (readOnly ? UInt(MS_RDONLY) : 0)
        for _ in 0..<500 {
            if mount("tmpfs", path, "tmpfs", flags, nil) == 0 { return }
            guard errno == EBUSY else { break }
            usleep(10_000)
        }
        throw POSIXError(.init(rawValue: errno) ?? .EPERM)
    }
}

@Suite(
    "A disk in trouble", .enabled(if: mayMount, "needs root, to mount a small file system"))
struct FullDiskTests {
    @Test("that fills up fails the commits that do not fit, loses none, and serves on after")
    func fullDisk() async throws {
        let disk = try SmallDisk(kilobytes: 2048)
        let options = TemporaryStore().options
        let directory = disk.path + "/store"
        let journal = try Journal.open(at: directory, options: options)
        let ballast = URL(filePath: disk.path + "/ballast")
        try Data(repeating: 1, count: 800_000).write(to: ballast)

        var acknowledged: [CommitID] = []
        var failure: JournalError?
        for i in 0..<2000 where failure == nil {
            do {
                let value = String(repeating: "\(i % 10)", count: 4000)
                acknowledged.append(try await journal.set([("k\(i)", value)]).commit)
            } catch let error as JournalError { failure = error }
        }
        #expect(failure?.code == .storageFull)
        #expect(failure?.message.contains("No space left on device (28)") == true)
        #expect(failure?.hint == "Free space on the disk, then try again: nothing was written.")
        #expect(!acknowledged.isEmpty)
        #expect(try journal.head(of: "main") == acknowledged.last)
        #expect(journal.verify().isClean)

        try FileManager.default.removeItem(at: ballast)
        let next = try await journal.set([("after", "1")])
        #expect(try journal.commitRecord(next.commit).commit.parents.first == acknowledged.last)
        #expect(journal.verify().isClean)
        await journal.close()

        let again = try Journal.open(at: directory, options: options)
        #expect(try again.head(of: "main") == next.commit)
        await again.close()
    }

    @Test("that fills up under many clients fails what does not fit, and no more")
    func fullDiskOfMany() async throws {
        let disk = try SmallDisk(kilobytes: 4096)
        let options = TemporaryStore().options
        let directory = disk.path + "/store"
        let journal = try Journal.open(at: directory, options: options)
        let ballast = URL(filePath: disk.path + "/ballast")

        var acknowledged: Set<CommitID> = []
        for round in 0..<6 {
            // What is free is soon gone, and comes back after.
            let data = Data(repeating: 1, count: 1_000_000)
            _ = FileManager.default.createFile(atPath: ballast.path, contents: data)
            let results = try await withThrowingTaskGroup(
                of: [Result<CommitID, JournalError>].self
            ) { group in
                for client in 0..<32 {
                    group.addTask { try await fill(journal, "\(round)-\(client)") }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            for result in results {
                switch result {
                case .success(let commit): acknowledged.insert(commit)
                case .failure(let error): #expect(error.code == .storageFull)
                }
            }
            try? FileManager.default.removeItem(at: ballast)
        }
        let head = try await journal.set([("after", "1")]).commit
        let line = try journal.log(from: head, limit: .max).map(\.id)
        #expect(acknowledged.isSubset(of: line))
        // No commit that was said to have failed came about.
        #expect(line.count == acknowledged.count + 2)
        #expect(journal.verify().isClean)
        await journal.close()
    }

    /// Commits the same few facts again and again, until a commit fails or there were enough.
    private func fill(
        _ journal: Journal, _ name: String
    ) async throws -> [Result<CommitID, JournalError>] {
        var results: [Result<CommitID, JournalError>] = []
        for i in 0..<12 {
            let value = String(repeating: "\(i % 10)", count: 700)
            do {
                results.append(.success(try await journal.set([("k\(i)", name + value)]).commit))
            } catch let error as JournalError {
                return results + [.failure(error)]
            }
        }
        return results
    }

    @Test("that is full when keys run out refuses the commit and serves on after")
    func fullDiskForKeys() async throws {
        let disk = try SmallDisk(kilobytes: 1024)
        var options = TemporaryStore().options
        options.keyBatchCount = 16
        let journal = try Journal.open(at: disk.path + "/store", options: options)
        let ballast = try disk.fill(leaving: 4096)
        let error = await #expect(throws: JournalError.self) {
            try await journal.set((0..<600).map { ("k\($0)", "1") })
        }
        #expect(error?.code == .storageFull)
        try FileManager.default.removeItem(at: ballast)
        try await journal.set((0..<600).map { ("k\($0)", "1") })
        #expect(journal.verify().isClean)
        await journal.close()
    }

    private func makeStore(at directory: String, _ options: JournalOptions) async throws {
        let journal = try Journal.open(at: directory, options: options)
        try await journal.set([("a", "1")])
        await journal.close()
    }

    @Test("that turns read-only is refused as such at the next open")
    func readOnlyDisk() async throws {
        let disk = try SmallDisk(kilobytes: 2048)
        let directory = disk.path + "/store"
        let options = TemporaryStore().options
        try await makeStore(at: directory, options)
        try disk.remount(readOnly: true)
        let error = #expect(throws: JournalError.self) {
            try Journal.open(at: directory, options: options)
        }
        #expect(error?.code == .storageReadOnly)
        #expect(error?.message == "cannot open \(directory)/lock: Read-only file system (30)")
        try disk.remount(readOnly: false)
        let again = try Journal.open(at: directory, options: options)
        #expect(try again.values(at: again.head(of: "main")) == ["a": "1"])
        await again.close()
    }
}
