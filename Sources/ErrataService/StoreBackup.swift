import ErrataJournal
import Foundation

/// What a copy of a store became.
package struct BackupReport: Sendable {
    package let directory: String
    /// Bytes of its files.
    package let byteCount: Int
    /// What the verification of the copy found, nil if it was not asked for.
    package let verified: StoreReport?
}

/// Copies a data directory to another one, in processes of their own, and verifies the copy.
package struct StoreBackup: Sendable {
    package typealias Progress = StoreCheck.Progress

    private let program: String
    private let source: String

    package init(program: String = VerifierProcess.thisProgram, of source: String) {
        self.program = program
        self.source = source
    }

    /// Makes the copy under a draft's name, verifies it if `verifies` says so, and gives it its name.
    ///
    /// Throws, with nothing left behind, where the target is taken, there is no room, the copying process dies or
    /// the copy is not intact. Blocks the thread; cancelling the task ends it.
    package func run(
        to target: String, verifies: Bool, progress: @escaping Progress
    ) async throws -> BackupReport {
        let draft = try StoreDraft(for: target)
        do {
            let report = try await write(draft, verifies: verifies, progress: progress)
            try draft.publish()
            return report
        } catch {
            draft.remove()
            throw error
        }
    }

    /// Puts a compacted copy in the place of the store's own files; the caller holds its lock.
    package func compact(progress: @escaping Progress) async throws -> BackupReport {
        let draft = try StoreDraft(for: source + "/compacted")
        do {
            let report = try await write(draft, verifies: true, progress: progress)
            try draft.replaceFiles(of: source)
            return report
        } catch {
            draft.remove()
            throw error
        }
    }

    /// Makes the tables that follow from the operations anew, in a copy that takes the place of the store's own
    /// files if all of it is intact then; the caller holds the store's lock.
    package func rebuildTables(progress: @escaping Progress) async throws -> BackupReport {
        let draft = try StoreDraft(for: source + "/rebuilt")
        do {
            _ = try await write(draft, verifies: false, progress: progress)
            progress("rebuilding tables", 0)
            try await StoreBackup.rebuildTables(in: draft.path)
            let report = try await verify(draft, progress)
            try draft.replaceFiles(of: source)
            return report
        } catch {
            draft.remove()
            throw error
        }
    }

    private static func rebuildTables(in directory: String) async throws {
        var options = JournalOptions()
        options.rebuildsDerived = true
        do throws(JournalError) {
            await (try Journal.open(at: directory, options: options)).close()
        } catch {
            let isTrouble = [.io, .storageFull, .storageReadOnly, .storeLocked].contains(error.code)
            guard !isTrouble else { throw error }
            throw ServiceError(.corrupt, "the operations lead to no tables: \(error.message)")
        }
    }

    private func write(
        _ draft: StoreDraft, verifies: Bool, progress: @escaping Progress
    ) async throws -> BackupReport {
        let copied = try await VerifierProcess(
            program: program, command: VerifierProcess.copyCommand, directory: source,
            target: draft.path
        ).run { progress("copying \($0)", $1) }
        try StoreBackup.check(copied, "the store cannot be copied")
        guard verifies else {
            return BackupReport(
                directory: draft.target, byteCount: DataDirectory.byteCount(draft.path),
                verified: nil)
        }
        return try await verify(draft, progress)
    }

    private func verify(
        _ draft: StoreDraft, _ progress: @escaping Progress
    ) async throws -> BackupReport {
        let verified = try await VerifierProcess(program: program, directory: draft.path).run {
            progress("checking \($0)", $1)
        }
        try StoreBackup.check(verified, "the copy is not intact")
        return BackupReport(
            directory: draft.target, byteCount: DataDirectory.byteCount(draft.path),
            verified: verified)
    }

    private static func check(_ report: StoreReport, _ what: String) throws(ServiceError) {
        guard let first = report.found.problems.first else { return }
        let more = report.found.problems.count > 1 ? ", and more" : ""
        throw ServiceError(
            .corrupt, "\(what): \(first)\(more)",
            hint: "'errata verify' tells all that is wrong with the store; nothing was changed.")
    }
}

/// The files of a data directory.
package enum DataDirectory {
    /// Returns the bytes of all files under `path`, LMDB's lock files aside.
    package static func byteCount(_ path: String) -> Int {
        sizes(under: path).filter { $0.name != "lock.mdb" }.reduce(0) { $0 + $1.byteCount }
    }

    /// Returns the name and size of each file under `path`, in no order.
    static func sizes(under path: String) -> [(name: String, byteCount: Int)] {
        guard
            let walker = FileManager.default.enumerator(
                at: URL(filePath: path), includingPropertiesForKeys: [.fileSizeKey])
        else { return [] }
        var sizes: [(name: String, byteCount: Int)] = []
        for case let url as URL in walker {
            let values = try? url.resourceValues(forKeys: [.fileSizeKey, .isDirectoryKey])
            guard values?.isDirectory != true else { continue }
            sizes.append((url.lastPathComponent, values?.fileSize ?? 0))
        }
        return sizes
    }
}
